//! Decides from a header and a profile alone what is decoded, at which scale, and how it is reduced and converted.

pub(crate) mod cost;
pub(crate) mod profile;
pub(crate) mod rendition;
pub(crate) mod size;

use image_ingest_color::{Conversion, conversion};
use image_ingest_jpeg::DctScale;
use image_ingest_resize::ChromaGrid;
use image_ingest_samples::{CpuTimer, Matrix, Rect, Size, chroma_size};

use crate::error::Result;
use crate::header::{Coding, Header, Orientation};
use crate::plan::profile::{Geometry, Profile};
use crate::plan::size::{canonical_size, covering};

/// What is to be done with one upload.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// The part of the stored picture that is kept, in stored axes and at full scale.
    pub(crate) crop: Rect,
    /// The size that this part is reduced to, in stored axes.
    pub(crate) target: Size,
    /// The turn after the reduction.
    pub(crate) orientation: Orientation,
    /// The scale at which a JPEG is decoded. Other codecs ignore it and give the full size.
    pub(crate) scale: DctScale,
    /// The scale of the chroma planes of a JPEG: as `scale`, or smaller. It counts only where planes are decoded.
    pub(crate) chroma_scale: DctScale,
    /// Whether HEVC's in-loop filters run. They are left out where the reduction hides what they smooth.
    pub(crate) in_loop_filters: bool,
    /// The way to sRGB.
    pub(crate) conversion: Conversion,
    /// The colour under transparent pixels.
    pub(crate) matte: [u8; 3],
}

impl Plan {
    /// The canonical size, upright.
    pub(crate) fn size(&self) -> Size {
        if self.orientation.swaps_axes() { self.target.transposed() } else { self.target }
    }

    /// The grid that chroma is reduced to.
    ///
    /// Planes go to the encoder as they are when they are 8-bit BT.601, need no colour conversion, and no axis of odd
    /// length is mirrored: a mirror would move the last chroma sample of such an axis, which has one luma sample only,
    /// to the front. Everything else becomes RGB and gets one chroma sample per luma sample.
    pub(crate) fn chroma_grid(&self, bit_depth: u8, matrix: Matrix) -> ChromaGrid {
        let (_, mirror_x, mirror_y) = self.orientation.parts();
        let Size { width, height } = self.size();
        let out_of_phase = (mirror_x && width % 2 == 1) || (mirror_y && height % 2 == 1);
        let encodable = bit_depth == 8 && matrix == Matrix::Bt601 && self.conversion.is_identity();
        if encodable && !out_of_phase { ChromaGrid::Half } else { ChromaGrid::Full }
    }
}

/// Plans the work on an upload with `header` for `profile`.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`: a profile's colours are looked at.
pub(crate) fn plan(header: &Header, profile: &Profile, timer: &CpuTimer<'_>) -> Result<Plan> {
    let displayed = header.size();
    let (shown, size) = match profile.geometry {
        Geometry::Fit { max_edge } => (Rect::whole(displayed), canonical_size(displayed, max_edge)),
        Geometry::Cover { width, height } => covering(displayed, Size::new(width, height)),
    };
    let inner = header.orientation.stored_rect(shown, displayed);
    let crop = Rect { left: header.crop.left + inner.left, top: header.crop.top + inner.top, size: inner.size };
    let target = if header.orientation.swaps_axes() { size.transposed() } else { size };
    let scale = dct_scale(header, crop, target);
    let mut plan = Plan {
        crop,
        target,
        orientation: header.orientation,
        scale,
        chroma_scale: scale,
        in_loop_filters: !hides_block_edges(crop.size, target),
        conversion: conversion(&header.color, header.channels.model(), timer)?,
        matte: profile.matte,
    };
    plan.chroma_scale = chroma_dct_scale(header, &plan).map_or(scale, |s| s.max(scale));
    Ok(plan)
}

/// The smallest DCT scale of a JPEG that gives the target exactly, or still gives at least twice the target on both
/// sides.
fn dct_scale(header: &Header, crop: Rect, target: Size) -> DctScale {
    match header.coding {
        Coding::JpegSequential { .. } | Coding::JpegProgressive { .. } => smallest_scale(header, crop, (1, 1), target),
        _ => DctScale::Full,
    }
}

/// The same for the chroma planes of a JPEG. Chroma of 4:4:4 and 4:2:2 has further to go to 4:2:0 than luma has to the
/// target, so it can be decoded at a smaller scale.
///
/// libjpeg has no such scale: it enlarges subsampled chroma where it scales down. Planes are wanted as they are stored,
/// or smaller.
fn chroma_dct_scale(header: &Header, plan: &Plan) -> Option<DctScale> {
    let (Coding::JpegSequential { sampling, .. } | Coding::JpegProgressive { sampling, .. }) = &header.coding else {
        return None;
    };
    let &[(h, v), (cb_h, cb_v), _] = &sampling[..] else { return None };
    let factors = (h.checked_div(cb_h)?, v.checked_div(cb_v)?);
    let grid = plan.chroma_grid(header.bit_depth, Matrix::Bt601).factor();
    Some(smallest_scale(header, plan.crop, factors, chroma_size(plan.target, (grid, grid))))
}

/// The smallest scale at which a plane subsampled by `factors` has the size `target`, or at least twice that on both
/// sides.
fn smallest_scale(header: &Header, crop: Rect, factors: (u8, u8), target: Size) -> DctScale {
    if crop != Rect::whole(header.coded_size) {
        return DctScale::Full;
    }
    let Size { width, height } = header.coded_size;
    let sides = [(width, factors.0, target.width), (height, factors.1, target.height)];
    let gives = |scale: DctScale| {
        let exact = |&(side, factor, to): &(u32, u8, u32)| side == to * u32::from(factor) * scale.divisor();
        let ample = |&(side, factor, to): &(u32, u8, u32)| {
            u64::from(side) >= 2 * u64::from(factor) * u64::from(scale.divisor()) * u64::from(to)
        };
        sides.iter().all(exact) || sides.iter().all(ample)
    };
    [DctScale::Eighth, DctScale::Quarter, DctScale::Half].into_iter().find(|&s| gives(s)).unwrap_or(DctScale::Full)
}

/// Whether a reduction hides the block edges that HEVC's in-loop filters smooth: it does from two thirds on, on both
/// sides.
///
/// Intra prediction uses samples from before those filters, so no error spreads when they are left out.
fn hides_block_edges(from: Size, to: Size) -> bool {
    let hides = |from: u32, to: u32| u64::from(to) * 3 <= u64::from(from) * 2;
    hides(from.width, to.width) && hides(from.height, to.height)
}
