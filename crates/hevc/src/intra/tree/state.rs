//! What is known of a picture while its slices are decoded.

use image_ingest_samples::zeroed;

use crate::intra::cabac::Cabac;
use crate::intra::format::IntraFormat;
use crate::intra::plane::{DecodedBlocks, Plane, PlaneSample};
use crate::intra::slice_header::SliceHeader;
use crate::intra::transform::TransformBlock;
use crate::result::Result;

/// A picture while its slices are decoded.
///
/// Sizes are multiples of the smallest coding block, so every map below covers the picture without a remainder. A
/// position inside the picture is an index inside each map.
pub(crate) struct PictureDecoder<'p, T> {
    pub(super) format: &'p IntraFormat,
    pub(super) planes: Vec<Plane<T>>,
    pub(super) blocks: DecodedBlocks,
    /// A state for each smallest coding block, rows tight.
    pub(super) units: Vec<UnitState>,
    pub(super) units_across: usize,
    /// The luma mode of each block of 4 × 4, rows tight.
    pub(super) modes: Vec<u8>,
    pub(super) modes_across: usize,
    /// The coefficients of the current block, all zero between two blocks.
    pub(super) coefficients: Box<TransformBlock>,
    /// The slice of each coding tree, rows tight; 0 is none yet.
    pub(super) trees: Vec<u8>,
    /// Coding trees that are decoded. They come in raster order, so this is also the address of the next.
    pub(super) count: usize,
    /// Slices that were begun, which is also the number of the current one.
    pub(super) slices: u8,
    /// The quantiser of the current coding unit, from `-IntraFormat::qp_offset` to 51.
    pub(super) qp: i32,
    /// The quantiser of the coding unit before.
    pub(super) last_qp: i32,
    /// The quantiser that the current group starts from.
    pub(super) predicted_qp: i32,
    /// Whether the current group has its quantiser coded already.
    pub(super) qp_coded: bool,
    /// The quantisers of luma, Cb and Cr, offset to start at 0: 0 to 75.
    pub(super) scaled_qp: [u32; 3],
}

/// What neighbours need to know of a coding unit.
#[derive(Clone, Copy, Default)]
pub(super) struct UnitState {
    /// The slice that holds it; 0 is none yet.
    pub(super) slice: u8,
    /// How often the coding tree is split down to it.
    pub(super) depth: u8,
    /// Its quantiser, -24 to 51.
    pub(super) qp: i8,
}

/// The slice that is decoded.
pub(super) struct SliceState<'s, 'c> {
    pub(super) header: &'s SliceHeader,
    /// Its number, from 1 on.
    pub(super) id: u8,
    pub(super) cabac: Cabac<'c>,
    /// The mode of both chroma planes in the current coding unit.
    pub(super) chroma_mode: u8,
    /// Whether the current coding unit has four luma modes (`PART_NxN`).
    pub(super) quartered: bool,
}

impl<'p, T: PlaneSample> PictureDecoder<'p, T> {
    /// Begins a picture.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(format: &'p IntraFormat) -> Result<Self> {
        let (width, height) = (format.width, format.height);
        let shifts: &[(u32, u32)] = match format.chroma_format {
            0 => &[(0, 0)],
            1 => &[(0, 0), (1, 1), (1, 1)],
            _ => &[(0, 0), (1, 0), (1, 0)],
        };
        let planes = shifts.iter().map(|&shift| {
            let (width, height) = (width >> shift.0, height >> shift.1);
            Ok(Plane { samples: zeroed(width * height)?, width, height, shift })
        });
        let unit = 1 << format.min_coding_log2;
        Ok(Self {
            format,
            planes: planes.collect::<Result<_>>()?,
            blocks: DecodedBlocks::new(width, height)?,
            units: zeroed((width / unit) * (height / unit))?,
            units_across: width / unit,
            modes: zeroed((width / 4) * (height / 4))?,
            modes_across: width / 4,
            coefficients: Box::new(TransformBlock::zeroed()),
            trees: zeroed(format.trees())?,
            count: 0,
            slices: 0,
            qp: 0,
            last_qp: 0,
            predicted_qp: 0,
            qp_coded: false,
            scaled_qp: [0; 3],
        })
    }

    /// The planes, if every coding tree is in them.
    pub(crate) fn finish(self) -> Option<Vec<Plane<T>>> {
        (self.count == self.format.trees()).then_some(self.planes)
    }

    /// The index of the smallest coding block at luma position `(x, y)`.
    pub(super) fn unit(&self, x: usize, y: usize) -> usize {
        let log2 = self.format.min_coding_log2;
        (y >> log2) * self.units_across + (x >> log2)
    }

    /// The coding units to the left of `(x, y)` and above, as far as they are of slice `id`.
    pub(super) fn neighbours(&self, id: u8, x: usize, y: usize) -> [Option<UnitState>; 2] {
        let of_slice = |at: usize| Some(self.units[at]).filter(|unit| unit.slice == id);
        let left = if x > 0 { of_slice(self.unit(x - 1, y)) } else { None };
        let above = if y > 0 { of_slice(self.unit(x, y - 1)) } else { None };
        [left, above]
    }
}
