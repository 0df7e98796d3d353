//! Decodes coded pictures straight into the planes of the whole: one picture, or the tiles of a grid in turn.

use std::sync::{Mutex, PoisonError};

use super::alpha::{self, Alpha};
use super::boxes::{malformed, truncated, unsupported};
use super::canvas::{Canvas, Tile};
use super::ffi::{Decoded, Decoder, Fault};
use super::hevc::{NAL_VPS, is_base_layer, nal_type};
use super::image::{Leaf, Mosaic, Picture};
use super::intra;
use super::strips::Strips;
use crate::error::{Error, Result};
use crate::format::Format;
use crate::limits::Limits;
use crate::pixels::{Matrix, Pixels};
use crate::plan::Plan;
use crate::watch::Meter;
use crate::workers::Workers;

/// Decodes a picture that is one coded picture or a grid of them: planes, or RGBA where it has alpha.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `out_of_memory`, `deadline`, `cancelled`.
pub(super) fn decode(picture: &Picture<'_>, matrix: Matrix, plan: &Plan, workers: Workers<'_>) -> Result<Pixels> {
    let Picture { whole, alpha, .. } = picture;
    if alpha.is_none() && whole.leaves.len() > 1 && plan.crop.size != plan.target {
        return decode_strips(picture, matrix, plan, workers);
    }
    let planes = decode_whole(picture, whole, plan.in_loop_filters, workers)?.into_planes(picture, matrix)?;
    let Some(alpha) = alpha else { return Ok(Pixels::Ycbcr(planes)) };
    let (samples, bit_depth) = decode_whole(picture, alpha, plan.in_loop_filters, workers)?.into_luma();
    let alpha = Alpha { samples, bit_depth, size: alpha.size };
    let raster = alpha::join(planes, alpha, picture.items.premultiplied, workers)?;
    Ok(Pixels::Interleaved(raster))
}

/// Decodes the picture or the alpha plane into planes.
fn decode_whole(
    picture: &Picture<'_>,
    mosaic: &Mosaic<'_>,
    in_loop_filters: bool,
    workers: Workers<'_>,
) -> Result<Canvas> {
    let columns = mosaic.columns();
    let canvas = Mutex::new(None);
    workers.each(&mosaic.leaves, |index, leaf, meter| {
        let index = u32::try_from(index).map_err(|_| Error::internal("more tiles than were counted"))?;
        let origin = (index % columns * leaf.size.width, index / columns * leaf.size.height);
        decode_leaf(picture, leaf, in_loop_filters, meter, |tile| {
            // Pasting takes a fiftieth of decoding, so threads hardly meet here.
            let mut canvas = canvas.lock().unwrap_or_else(PoisonError::into_inner);
            let empty = || Canvas::new(mosaic.size, mosaic.subsampling(), mosaic.bit_depth());
            match (canvas.as_mut(), Canvas::whole(tile, mosaic)) {
                (_, Ok(whole)) => *canvas = Some(whole),
                (Some(canvas), Err(tile)) => canvas.paste(&tile, leaf.size, origin)?,
                (None, Err(tile)) => canvas.insert(empty()?).paste(&tile, leaf.size, origin)?,
            }
            Ok(())
        })
    })?;
    let canvas = canvas.into_inner().unwrap_or_else(PoisonError::into_inner);
    canvas.ok_or_else(|| Error::internal("a picture without tiles"))
}

/// Reduces a grid while its tiles are decoded.
fn decode_strips(picture: &Picture<'_>, matrix: Matrix, plan: &Plan, workers: Workers<'_>) -> Result<Pixels> {
    let strips = Mutex::new(Strips::new(picture, matrix, plan)?);
    workers.each(&picture.whole.leaves, |index, leaf, meter| {
        decode_leaf(picture, leaf, plan.in_loop_filters, meter, |tile| {
            strips.lock().unwrap_or_else(PoisonError::into_inner).paste(&tile, index)
        })
    })?;
    let strips = strips.into_inner().unwrap_or_else(PoisonError::into_inner);
    strips.finish(picture, matrix, plan).map(Pixels::ReducedYcbcr)
}

/// Decodes every coded picture of the item and its alpha, and throws the samples away: libheif would not say that one is
/// damaged.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `out_of_memory`, `deadline`, `cancelled`.
pub(super) fn verify(picture: &Picture<'_>, meter: &Meter<'_>) -> Result<()> {
    picture.leaves().try_for_each(|leaf| {
        // libheif takes every length to have four bytes, and would find other NAL units than those checked here.
        if leaf.config.length_bytes != 4 {
            return Err(unsupported("short NAL unit lengths in a composed picture"));
        }
        decode_leaf(picture, leaf, true, meter, |_| Ok(()))
    })
}

fn decode_leaf(
    picture: &Picture<'_>,
    leaf: &Leaf<'_>,
    in_loop_filters: bool,
    meter: &Meter<'_>,
    then: impl FnOnce(Tile<'_>) -> Result<()>,
) -> Result<()> {
    let sets = leaf.config.parameter_sets()?;
    let extents = picture.items.data(leaf.item)?;
    let gathered;
    let data = if let [whole] = *extents {
        whole
    } else {
        gathered = gather(&extents)?;
        &gathered
    };
    let nals = checked_nals(data, leaf.config.length_bytes, &sets)?;
    let ours = if leaf.is_shifted() { None } else { intra::decode(&sets, &nals, meter)? };
    let libde265 = Libde265 { picture, leaf, meter, nals: sets.iter().chain(&nals).copied().collect() };
    match ours {
        Some(decoded) if !in_loop_filters => then(Tile::Ours(decoded)),
        Some(_) => libde265.decode(true, then),
        None if !in_loop_filters => libde265.decode(false, then),
        None => {
            // Blocks that were never decoded are filtered all the same, by parameters that were never read: then they are
            // no longer zero, and what they are is left over from earlier pictures.
            libde265.decode(false, |_| Ok(()))?;
            libde265.decode(true, then)
        }
    }
}

/// A coded picture for libde265.
struct Libde265<'p, 'a> {
    picture: &'p Picture<'a>,
    leaf: &'p Leaf<'a>,
    meter: &'p Meter<'p>,
    nals: Vec<&'p [u8]>,
}

impl Libde265<'_, '_> {
    fn decode(&self, in_loop_filters: bool, then: impl FnOnce(Tile<'_>) -> Result<()>) -> Result<()> {
        let Self { picture, leaf, meter, nals } = self;
        let mut decoder = Decoder::new(leaf.coded_size(), in_loop_filters).ok_or(Error::OutOfMemory { bytes: 0 })?;
        nals.iter().try_for_each(|nal| decoder.push(nal)).map_err(refused)?;
        // Many slices that each cover the whole picture fit into few bytes.
        let decoded = decoder
            .finish(|| meter.check().is_ok())
            .map_err(|fault| meter.check().err().unwrap_or_else(|| refused(fault)))?;
        let decoded = decoded.ok_or_else(|| malformed("an item without a coded picture"))?;
        check_layout(&decoded, leaf)?;
        if picture.signal.matrix != MATRIX_RGB && has_gap(&decoded) {
            return Err(malformed("a coded picture with blocks missing"));
        }
        then(Tile::Libde265(decoded))
    }
}

/// The NAL units of one picture, as far as a decoder may see them.
pub(super) fn checked_nals<'d>(data: &'d [u8], length_bytes: u8, sets: &[&[u8]]) -> Result<Vec<&'d [u8]>> {
    let mut checked = Vec::new();
    let (mut pictures, mut slices, mut supplements) = (0, 0, 0);
    for nal in nal_units(data, length_bytes) {
        let nal = nal?;
        let Some(kind) = nal_type(nal) else { continue };
        // Parameter sets of an `hvc1` item are those of `hvcC`, whose size was checked (ISO/IEC 14496-15 § 8.4.1);
        // libheif would heed others.
        if (NAL_VPS..=NAL_VPS + 2).contains(&kind) {
            if sets.contains(&nal) {
                continue;
            }
            return Err(unsupported("parameter sets beside those of hvcC"));
        }
        // The decoder keeps every NAL unit until the picture is done, 300 bytes at least, and of these uses the checksum.
        supplements += u64::from(NAL_SEI.contains(&kind));
        let is_supplement = NAL_SEI.contains(&kind) && supplements <= MAX_SUPPLEMENTS;
        if !is_base_layer(nal) || (kind > NAL_VPS && !is_supplement) {
            continue;
        }
        if kind < NAL_VPS {
            // The decoder makes up every other picture that a slice refers to: memory for sixteen instead of one.
            if !NAL_IDR.contains(&kind) {
                return Err(unsupported("a coded picture that may refer to others"));
            }
            pictures += u32::from(starts_picture(nal));
            slices += 1;
            Limits::check("slices", slices, MAX_SLICES)?;
        }
        if pictures > 1 {
            return Err(unsupported("several coded pictures in one item"));
        }
        checked.push(nal);
    }
    Ok(checked)
}

/// `nal_unit_type` of supplemental enhancement information, before and after slices (ITU-T H.265 § 7.4.2.2).
const NAL_SEI: [u8; 2] = [39, 40];

/// Far more than the one checksum, and the few descriptions, that encoders write.
const MAX_SUPPLEMENTS: u64 = 64;

/// Slice segments of a picture at the highest level (ITU-T H.265, table A.8).
const MAX_SLICES: u64 = 600;

/// `nal_unit_type` of instantaneous decoding refresh pictures, which have no reference picture set (ITU-T H.265 § 7.3.6.1).
const NAL_IDR: [u8; 2] = [19, 20];

/// `first_slice_segment_in_pic_flag` (ITU-T H.265 § 7.3.6.1).
fn starts_picture(nal: &[u8]) -> bool {
    nal.get(2).is_some_and(|b| b >> 7 == 1)
}

fn gather(extents: &[&[u8]]) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    let len = extents.iter().map(|e| e.len()).sum();
    data.try_reserve_exact(len).map_err(|_| Error::OutOfMemory { bytes: len as u64 })?;
    extents.iter().for_each(|e| data.extend_from_slice(e));
    Ok(data)
}

/// NAL units, each after its length (ISO/IEC 14496-15 § 4.3.3).
fn nal_units(data: &[u8], length_bytes: u8) -> impl Iterator<Item = Result<&[u8]>> {
    let mut rest = data;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some((nal, after)) = split_nal(rest, usize::from(length_bytes)) else {
            rest = &[];
            return Some(Err(truncated("a NAL unit ends beyond its item")));
        };
        rest = after;
        Some(Ok(nal))
    })
}

fn split_nal(data: &[u8], length_bytes: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = data.split_at_checked(length_bytes)?;
    let length = length.iter().fold(0u64, |value, &b| value << 8 | u64::from(b));
    rest.split_at_checked(usize::try_from(length).ok()?)
}

fn check_layout(decoded: &Decoded<'_>, leaf: &Leaf<'_>) -> Result<()> {
    let luma = decoded.plane(0).ok_or_else(|| malformed("a coded picture without luma"))?;
    let (width, height) = (u32::try_from(luma.width), u32::try_from(luma.height));
    let same_size = width == Ok(leaf.size.width) && height == Ok(leaf.size.height);
    let same_format = decoded.chroma_format() == i32::from(leaf.config.chroma_format);
    if same_size && same_format && luma.bit_depth == leaf.config.bit_depth {
        Ok(())
    } else {
        Err(malformed("a coded picture other than its configuration says"))
    }
}

/// Whether a block was never decoded, which the decoder does not tell when a slice ends too early.
///
/// It starts from zeroed planes, and zero in luma and in both chroma planes is no colour: red and blue would be far below
/// black. A coding tree block has at least 16 × 16 samples (ITU-T H.265 § 7.4.3.2.1), so one sample of each is enough.
fn has_gap(decoded: &Decoded<'_>) -> bool {
    let (Some(luma), Some(cb), Some(cr)) = (decoded.plane(0), decoded.plane(1), decoded.plane(2)) else {
        return false;
    };
    let (h, v) = (luma.width.div_ceil(cb.width.max(1)), luma.height.div_ceil(cb.height.max(1)));
    // In the middle of 8 × 8 samples, which deblocking does not reach.
    let middles = |side: usize| (0..side).step_by(16).map(move |start| (start + 4).min(side.saturating_sub(1)));
    middles(luma.height).any(|y| {
        middles(luma.width).any(|x| luma.is_zero(x, y) && cb.is_zero(x / h, y / v) && cr.is_zero(x / h, y / v))
    })
}

fn refused(fault: Fault) -> Error {
    if fault.is_out_of_memory() {
        Error::OutOfMemory { bytes: 0 }
    } else {
        Error::malformed_by(Format::Heic, "damaged HEVC data", fault)
    }
}

/// H.273 matrix coefficients of planes that carry green, blue and red, where all zero is black.
const MATRIX_RGB: u16 = 0;
