//! What is known of each coding unit of a picture.

use image_ingest_samples::{CpuTimer, defaults_within};

use crate::intra::format::IntraFormat;
use crate::result::Result;

/// What neighbours and in-loop filters need to know of a coding unit.
#[derive(Clone, Copy, Default)]
pub(crate) struct UnitState {
    /// The region that holds it, see [`DecodedBlocks`](crate::intra::plane::DecodedBlocks); 0 is none yet.
    pub(crate) region: u16,
    /// How often the coding tree is split down to it.
    pub(crate) depth: u8,
    /// Its quantiser, -48 to 51.
    pub(crate) qp: i8,
    /// Whether no in-loop filter may change its samples.
    pub(crate) is_exact: bool,
}

/// The coding units of a picture: a state for each smallest coding block, rows tight.
///
/// Sizes are multiples of the smallest coding block, so each position inside the picture has a state.
pub(crate) struct CodingUnits {
    states: Vec<UnitState>,
    across: usize,
    /// The logarithm of the side of the smallest coding block.
    log2: u32,
}

impl CodingUnits {
    /// The units of a picture of which nothing is decoded.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, and when `timer` ends the work.
    pub(crate) fn new(format: &IntraFormat, timer: &CpuTimer<'_>) -> Result<Self> {
        let log2 = format.min_coding_log2;
        let (across, down) = (format.width >> log2, format.height >> log2);
        Ok(Self { states: defaults_within(across * down, timer)?, across, log2 })
    }

    /// The unit at luma position `(x, y)` of the picture.
    #[inline]
    pub(crate) fn at(&self, x: usize, y: usize) -> UnitState {
        self.states[(y >> self.log2) * self.across + (x >> self.log2)]
    }

    /// Changes the states of a unit of side `1 << log2` at `(x, y)`.
    pub(crate) fn fill(&mut self, (x, y): (usize, usize), log2: u32, with: impl Fn(&mut UnitState)) {
        let (column, side) = (x >> self.log2, 1 << (log2 - self.log2));
        for row in self.states.chunks_mut(self.across).skip(y >> self.log2).take(side) {
            row[column..column + side].iter_mut().for_each(&with);
        }
    }
}
