//! Blocks on their way from coefficients to samples, two at a time.

use crate::idct::{BlockPair, BlockSamples, BlockTables, flat};

/// One row of MCUs of a component.
pub(crate) struct McuRow {
    pub(crate) stride: usize,
    pub(crate) samples: Vec<u8>,
}

/// Two blocks of one scale wait for their inverse DCT together.
pub(crate) struct PendingBlocks {
    /// BlockSamples per side of a decoded block.
    pub(crate) side: usize,
    pub(crate) pair: BlockPair,
    pub(crate) filled: usize,
    places: [BlockPlace; 2],
}

/// Where a block goes.
#[derive(Clone, Copy, Default)]
struct BlockPlace {
    component: usize,
    offset: usize,
    /// Whether every coefficient but the first is zero.
    flat: bool,
}

impl PendingBlocks {
    pub(crate) fn new(side: usize) -> Self {
        Self { side, pair: [0; 256], filled: 0, places: [BlockPlace::default(); 2] }
    }

    /// Counts the block that was just written: the one at `(x, y)` in its mcu_row.
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

    /// Transforms what waits, and puts it in its place.
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

#[inline(always)]
fn put<const SIDE: usize>(mcu_row: &mut McuRow, offset: usize, block: usize, samples: &BlockSamples) {
    let stride = mcu_row.stride;
    let area = &mut mcu_row.samples[offset..offset + (SIDE - 1) * stride + SIDE];
    for y in 0..SIDE {
        let from = (y * 2 + block) * SIDE;
        area[y * stride..y * stride + SIDE].copy_from_slice(&samples[from..from + SIDE]);
    }
}
