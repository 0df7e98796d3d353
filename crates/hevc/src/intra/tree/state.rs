//! What is known of a picture while its slices are decoded.

use image_ingest_samples::{Avx2, CpuTimer, zeroed};

use crate::intra::cabac::Cabac;
use crate::intra::contexts::EntropyState;
use crate::intra::filters::maps::FilterMaps;
use crate::intra::format::IntraFormat;
use crate::intra::plane::{DecodedBlocks, Plane, PlaneSample};
use crate::intra::predict::PredictedRows;
use crate::intra::slice_header::SliceHeader;
use crate::intra::transform::block::TransformBlock;
use crate::intra::units::{CodingUnits, UnitState};
use crate::result::Result;

/// A picture while its slices are decoded.
///
/// Sizes are multiples of the smallest coding block, so every map below covers the picture without a remainder. A
/// position inside the picture is an index inside each map.
pub(crate) struct PictureDecoder<'p, T> {
    pub(super) format: &'p IntraFormat,
    pub(super) avx2: Option<Avx2>,
    pub(super) planes: Vec<Plane<T>>,
    pub(super) blocks: DecodedBlocks,
    pub(super) units: CodingUnits,
    /// The luma mode of each block of 4 × 4, rows tight.
    pub(super) modes: Vec<u8>,
    pub(super) modes_across: usize,
    /// The prediction of the current block.
    pub(super) predicted: Box<PredictedRows>,
    /// The coefficients of the current block, all zero between two blocks.
    pub(super) coefficients: Box<TransformBlock>,
    /// Residuals, where they need more than the plain transforms.
    pub(super) residuals: Option<Box<Residuals>>,
    /// What the in-loop filters need to know; `None` where they are left out.
    pub(super) maps: Option<FilterMaps>,
    /// The region of each coding tree, by address; 0 is none yet. See [`DecodedBlocks`].
    pub(super) trees: Vec<u16>,
    /// Coding trees that are decoded.
    pub(super) count: usize,
    /// Regions that were begun, which is also the number of the current one.
    pub(super) regions: u16,
    /// Slices that were begun.
    pub(super) slices: u16,
    /// Whether the current slice began with the first coding tree of a row of its tile.
    pub(super) slice_starts_row: bool,
    /// The state after the last slice segment.
    pub(super) segment_state: Option<EntropyState>,
    /// The state after the second coding tree of the last row of a tile, with wavefronts.
    pub(super) row_state: Option<EntropyState>,
    /// The quantiser of the current coding unit, from `-IntraFormat::qp_offset` to 51.
    pub(super) qp: i32,
    /// The quantiser of the coding unit before.
    pub(super) last_qp: i32,
    /// The quantiser that the current group starts from.
    pub(super) predicted_qp: i32,
    /// Whether the current group has its quantiser coded already.
    pub(super) qp_coded: bool,
    /// What coding units add to the quantisers of Cb and Cr, -12 to 12.
    pub(super) unit_chroma_qp: [i32; 2],
    /// Whether the current group has these coded already.
    pub(super) unit_chroma_qp_coded: bool,
    /// The quantisers of luma, Cb and Cr, offset to start at 0: 0 to 99.
    pub(super) scaled_qp: [u32; 3],
    /// Chooses and writes what the next slice segment holds.
    #[cfg(feature = "recorder")]
    pub(crate) recorder: Option<Box<crate::intra::bin_recorder::BinRecorder>>,
}

/// The residuals of a transform unit, rows tight, each with the side of its block as stride.
pub(super) struct Residuals {
    /// That of the current block.
    pub(super) current: [i32; 1024],
    /// That of luma, from which chroma may be predicted.
    pub(super) luma: [i32; 1024],
}

/// The slice segment that is decoded, and the coding unit in it.
pub(super) struct SliceState<'s, 'c> {
    pub(super) header: &'s SliceHeader,
    /// The number of the current region.
    pub(super) region: u16,
    pub(super) cabac: Cabac<'c>,
    pub(super) unit: UnitModes,
}

/// How the current coding unit is predicted and transformed.
#[derive(Default)]
pub(super) struct UnitModes {
    /// Whether it has four luma modes (`PART_NxN`).
    pub(super) quartered: bool,
    /// The logarithm of its side less 1.
    pub(super) half_log2: u32,
    /// The mode of both chroma planes. In 4:4:4 a quartered unit has one for each quarter, and the first otherwise.
    pub(super) chroma: [u8; 4],
    /// Whether the mode of chroma was coded as that of luma.
    pub(super) chroma_is_luma: [bool; 4],
    /// Whether levels are the residual itself (`cu_transquant_bypass_flag`).
    pub(super) bypass: bool,
    /// `ResScaleVal`: the eighths of the residual of luma that are added to that of the current chroma block.
    pub(super) cross_scale: i32,
}

/// A picture whose coding trees are decoded.
pub(crate) struct DecodedTrees<T> {
    pub(crate) planes: Vec<Plane<T>>,
    pub(crate) units: CodingUnits,
    /// What the in-loop filters need to know, if they were asked for.
    pub(crate) maps: Option<FilterMaps>,
}

impl<'p, T: PlaneSample> PictureDecoder<'p, T> {
    /// Begins a picture. With `filtered` the notes for the in-loop filters are taken. `kept` is the memory of the planes of
    /// another picture, whose samples are never looked at: a sample is used when it is decoded. `avx2` is `None` where code
    /// for any CPU is to run.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, and when `timer` ends the work.
    pub(crate) fn new(
        format: &'p IntraFormat,
        filtered: bool,
        kept: Vec<Vec<T>>,
        avx2: Option<Avx2>,
        timer: &CpuTimer<'_>,
    ) -> Result<Self> {
        let (width, height) = (format.width, format.height);
        let mut kept = kept.into_iter();
        let planes = format.shifts().iter().map(|&shift| {
            let (width, height) = (width >> shift.0, height >> shift.1);
            Ok(Plane { samples: memory(kept.next(), width * height)?, width, height, shift })
        });
        let residuals = || Box::new(Residuals { current: [0; 1024], luma: [0; 1024] });
        Ok(Self {
            format,
            avx2,
            planes: planes.collect::<Result<_>>()?,
            blocks: DecodedBlocks::new(width, height)?,
            units: CodingUnits::new(format, timer)?,
            modes: zeroed((width / 4) * (height / 4))?,
            modes_across: width / 4,
            predicted: Box::new([[0; 32]; 32]),
            coefficients: Box::new(TransformBlock::zeroed()),
            residuals: format.extends_residuals.then(residuals),
            maps: if filtered { Some(FilterMaps::new(format, timer)?) } else { None },
            trees: zeroed(format.trees())?,
            count: 0,
            regions: 0,
            slices: 0,
            slice_starts_row: false,
            segment_state: None,
            row_state: None,
            qp: 0,
            last_qp: 0,
            predicted_qp: 0,
            qp_coded: false,
            unit_chroma_qp: [0; 2],
            unit_chroma_qp_coded: false,
            scaled_qp: [0; 3],
            #[cfg(feature = "recorder")]
            recorder: None,
        })
    }

    /// Where the next coding tree lies; `None` behind the last.
    #[cfg(feature = "recorder")]
    pub(crate) fn next_place(&self) -> Option<crate::intra::tiles::TreePlace> {
        self.format.tiles.place(self.count)
    }

    /// The picture, if every coding tree is in it.
    pub(crate) fn finish(self) -> Option<DecodedTrees<T>> {
        let Self { planes, units, maps, .. } = self;
        (self.count == self.format.trees()).then_some(DecodedTrees { planes, units, maps })
    }

    /// The coding units to the left of `(x, y)` and above, as far as they are of region `region`.
    pub(super) fn neighbours(&self, region: u16, x: usize, y: usize) -> [Option<UnitState>; 2] {
        let of_region = |x: usize, y: usize| Some(self.units.at(x, y)).filter(|unit| unit.region == region);
        let left = if x > 0 { of_region(x - 1, y) } else { None };
        let above = if y > 0 { of_region(x, y - 1) } else { None };
        [left, above]
    }
}

/// `len` samples of any value, in the memory that was kept if that is large enough.
fn memory<T: PlaneSample>(kept: Option<Vec<T>>, len: usize) -> Result<Vec<T>> {
    match kept.filter(|kept| kept.capacity() >= len) {
        Some(mut samples) => {
            samples.resize(len, T::default());
            Ok(samples)
        }
        None => Ok(zeroed(len)?),
    }
}
