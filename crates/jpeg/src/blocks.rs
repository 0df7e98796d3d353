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

/// The blocks of all components that wait for their inverse DCT.
///
/// The first component has a pair of its own, and so have the others of each DCT scale: chroma is often flat where luma
/// is not, and a pair takes the short way only where both of its blocks are flat.
pub(crate) struct PendingPairs {
    pairs: [PendingBlocks; 4],
    /// The index of its pair by the index of a component.
    pair_of: [usize; 4],
}

impl PendingPairs {
    /// Pairs for components whose decoded blocks have `sides` samples per side.
    pub(crate) fn new(sides: [usize; 4]) -> Self {
        let same = |index: usize| (1..index).find(|&other| sides[other] == sides[index]).unwrap_or(index);
        Self { pairs: sides.map(PendingBlocks::new), pair_of: std::array::from_fn(same) }
    }

    /// The pair of the component `index`, at most 3.
    #[inline(always)]
    pub(crate) fn of(&mut self, index: usize) -> &mut PendingBlocks {
        &mut self.pairs[self.pair_of[index & 3] & 3]
    }

    /// Transforms every block that waits and writes its samples.
    #[inline(always)]
    pub(crate) fn flush<'t>(
        &mut self,
        mcu_rows: &mut [McuRow],
        table: impl Fn(usize) -> &'t [i16; 64] + Copy,
        inverse: &impl Fn(&BlockPair, BlockTables<'_>, usize, &mut BlockSamples),
    ) {
        self.pairs.iter_mut().filter(|pair| pair.filled > 0).for_each(|pair| pair.flush(mcu_rows, table, inverse));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_of_one_scale_share_a_pair_but_for_the_first() {
        assert_eq!(PendingPairs::new([8, 8, 8, 8]).pair_of, [0, 1, 1, 1]);
        assert_eq!(PendingPairs::new([4, 8, 4, 8]).pair_of, [0, 1, 2, 1]);
        assert_eq!(PendingPairs::new([8, 4, 2, 1]).pair_of, [0, 1, 2, 3]);
    }
}
