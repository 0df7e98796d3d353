//! Collects two blocks of coefficients, transforms them together, and writes their samples.
//!
//! The inverse DCT works on two blocks, since a row of eight 16-bit coefficients of each fills a register of AVX2.

use crate::idct::{BlockPair, BlockSamples, BlockTables, flat};

/// The samples of one row of MCUs of a component.
pub(crate) struct McuRow {
    /// Samples between the starts of rows: those of whole MCUs, which can be more than the picture has.
    pub(crate) stride: usize,
    /// `stride` × the rows of an MCU.
    pub(crate) samples: Vec<u8>,
}

/// Up to two blocks of one DCT scale that wait for their inverse DCT.
///
/// Invariant: `filled` is 0 or 1 between calls, and the half of `pair` that is not filled is zero. A reader writes only
/// the coefficients that are not zero, then calls [`Self::add`].
pub(crate) struct PendingBlocks {
    /// Samples per side of a decoded block: 8, 4, 2 or 1.
    pub(crate) side: usize,
    pub(crate) pair: BlockPair,
    /// The number of blocks in `pair`.
    pub(crate) filled: usize,
    places: [BlockPlace; 2],
}

/// Where the samples of a block go.
#[derive(Clone, Copy, Default)]
struct BlockPlace {
    component: usize,
    /// The index of the block's first sample in its [`McuRow`].
    offset: usize,
    /// Whether every coefficient but the first is zero.
    flat: bool,
}

impl PendingBlocks {
    pub(crate) fn new(side: usize) -> Self {
        Self { side, pair: [0; 256], filled: 0, places: [BlockPlace::default(); 2] }
    }

    /// Adds the block whose coefficients were just written: the one at `(x, y)` of its component's row of MCUs, in
    /// blocks. The second block is the reason to transform both.
    #[inline(always)]
    pub(crate) fn add<'t>(
        &mut self,
        component: usize,
        (x, y): (usize, usize),
        flat: bool,
        mcu_rows: &mut [McuRow],
        table: impl Fn(usize) -> &'t [i16; 64],
        inverse: &impl Fn(&BlockPair, BlockTables<'_>, usize, &mut BlockSamples),
    ) {
        let offset = y * self.side * mcu_rows[component].stride + x * self.side;
        self.places[self.filled] = BlockPlace { component, offset, flat };
        self.filled += 1;
        if self.filled == 2 {
            self.flush(mcu_rows, table, inverse);
        }
    }

    /// Transforms the blocks that wait and writes their samples.
    ///
    /// Without a second block, the second half is zero, and what comes of it is not written.
    #[inline(always)]
    pub(crate) fn flush<'t>(
        &mut self,
        mcu_rows: &mut [McuRow],
        table: impl Fn(usize) -> &'t [i16; 64],
        inverse: &impl Fn(&BlockPair, BlockTables<'_>, usize, &mut BlockSamples),
    ) {
        let mut samples = [0; 128];
        let tables = [table(self.places[0].component), table(self.places[1].component)];
        if self.side == 1 || self.places.iter().take(self.filled).all(|place| place.flat) {
            flat(&self.pair, tables, self.side, &mut samples);
        } else {
            inverse(&self.pair, tables, self.side, &mut samples);
        }
        for (block, place) in self.places.iter().take(self.filled).enumerate() {
            let mcu_row = &mut mcu_rows[place.component];
            match self.side {
                8 => put::<8>(mcu_row, place.offset, block, &samples),
                4 => put::<4>(mcu_row, place.offset, block, &samples),
                2 => put::<2>(mcu_row, place.offset, block, &samples),
                _ => put::<1>(mcu_row, place.offset, block, &samples),
            }
        }
        self.pair[..128].fill(0);
        self.filled = 0;
    }
}

/// Writes the samples of one of two blocks. The one slice for the whole block keeps bounds checks out of the loop.
#[inline(always)]
fn put<const SIDE: usize>(mcu_row: &mut McuRow, offset: usize, block: usize, samples: &BlockSamples) {
    let stride = mcu_row.stride;
    let area = &mut mcu_row.samples[offset..offset + (SIDE - 1) * stride + SIDE];
    for y in 0..SIDE {
        let from = (y * 2 + block) * SIDE;
        area[y * stride..y * stride + SIDE].copy_from_slice(&samples[from..from + SIDE]);
    }
}
