//! Reads the coefficients of a macroblock: in which order its blocks come, and what each must know of its neighbours
//! (RFC 6386 § 13.3, § 14.3).

use super::bools::BoolDecoder;
use super::probabilities::{CHROMA, LUMA, LUMA_AFTER_SECOND, Positions, SECOND};
use super::quant::BlockFactors;
use super::tokens::{BlockRow, read_block};

/// Which of the blocks beside the next macroblock have coefficients, 1 or 0 each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BlockContext {
    luma: [u8; 4],
    /// U, then V.
    chroma: [[u8; 2]; 2],
    /// The block of luma's first coefficients, of the last macroblock that had one.
    second: u8,
}

impl BlockContext {
    /// What a macroblock without tokens leaves. One with subblock modes has no second-order block to speak of.
    #[inline(always)]
    pub(crate) fn skip(&mut self, has_second: bool) {
        *self = Self { second: if has_second { 0 } else { self.second }, ..Self::default() };
    }
}

/// What four blocks beside each other have. The order is that of more work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RowContent {
    /// No coefficient that is not 0.
    Nothing,
    /// First coefficients alone.
    First,
    /// Other coefficients, too.
    All,
}

/// The contexts and the tables for one macroblock.
pub(crate) struct MacroblockTokens<'t, 'a> {
    /// The partition.
    pub(crate) bools: &'t mut BoolDecoder<'a>,
    /// The probabilities by type of block.
    pub(crate) probabilities: &'t [Positions; 4],
    /// The factors of its segment.
    pub(crate) factors: BlockFactors,
    /// What the macroblock above had, and now this one.
    pub(crate) above: &'t mut BlockContext,
    /// What the macroblock to the left had, and now this one.
    pub(crate) left: &'t mut BlockContext,
}

impl MacroblockTokens<'_, '_> {
    /// Reads the block of luma's first coefficients and puts what it gives into the rows of luma.
    #[inline(always)]
    pub(crate) fn read_second(&mut self, rows: &mut [BlockRow; 4]) {
        let mut block = [0; 64];
        let context = usize::from(self.above.second + self.left.second);
        let end = read_block(self.bools, &self.probabilities[SECOND], context, 0, &mut block, 0);
        (self.above.second, self.left.second) = (u8::from(end > 0), u8::from(end > 0));
        let [first, others] = self.factors.second;
        if end > 1 {
            let mut coefficients = [[0; 4]; 4];
            for (to, from) in coefficients.iter_mut().zip(block.as_chunks::<16>().0) {
                *to = [from[0], from[1], from[2], from[3]].map(|value| value.wrapping_mul(others));
            }
            coefficients[0][0] = block[0].wrapping_mul(first);
            let values = inverse_walsh_hadamard(&coefficients);
            for (row, values) in rows.iter_mut().zip(&values) {
                for (block, value) in values.iter().enumerate() {
                    row[4 * block] = *value;
                }
            }
        } else if end == 1 {
            // All values are the same.
            let value = low_bits((i32::from(block[0].wrapping_mul(first)) + 3) >> 3);
            for row in rows {
                for block in 0..4 {
                    row[4 * block] = value;
                }
            }
        }
    }

    /// Reads a row of blocks of luma. Their first coefficients are in place already where `after_second` is set.
    #[inline(always)]
    pub(crate) fn read_luma(&mut self, row: usize, after_second: bool, out: &mut BlockRow) -> RowContent {
        let first = usize::from(after_second);
        let positions = &self.probabilities[if after_second { LUMA_AFTER_SECOND } else { LUMA }];
        let factor = if after_second { 1 } else { self.factors.luma[0] };
        let mut left = self.left.luma[row & 3];
        let mut content = RowContent::Nothing;
        for (block, above) in self.above.luma.iter_mut().enumerate() {
            let end = read_block(self.bools, positions, usize::from(left + *above), first, out, block);
            left = u8::from(end > first);
            *above = left;
            content = content.max(content_of(end, out[4 * block], factor));
        }
        self.left.luma[row & 3] = left;
        clear_if_nothing(content, out);
        content
    }

    /// Reads all blocks of chroma: two rows of two blocks of U and two of V. In the bitstream U comes before V.
    #[inline(always)]
    pub(crate) fn read_chroma(&mut self, rows: &mut [BlockRow; 2]) -> [RowContent; 2] {
        let mut content = [RowContent::Nothing; 2];
        for plane in 0..2 {
            for (row, out) in rows.iter_mut().enumerate() {
                let mut left = self.left.chroma[plane][row];
                for (column, above) in self.above.chroma[plane].iter_mut().enumerate() {
                    let (block, context) = (2 * plane + column, usize::from(left + *above));
                    let end = read_block(self.bools, &self.probabilities[CHROMA], context, 0, out, block);
                    left = u8::from(end > 0);
                    *above = left;
                    content[row] = content[row].max(content_of(end, out[4 * block], self.factors.chroma[0]));
                }
                self.left.chroma[plane][row] = left;
            }
        }
        for (content, out) in content.iter().zip(rows) {
            clear_if_nothing(*content, out);
        }
        content
    }
}

/// Coefficients are cleared where they are used. A first one that wraps to 0 is not used.
#[inline(always)]
fn clear_if_nothing(content: RowContent, row: &mut BlockRow) {
    if content == RowContent::Nothing {
        row[..16].fill(0);
    }
}

/// What a block has that ends before position `end`. As in libwebp, a first coefficient counts once it is multiplied.
#[inline(always)]
fn content_of(end: usize, first: i16, factor: i16) -> RowContent {
    if end > 1 {
        RowContent::All
    } else if first.wrapping_mul(factor) != 0 {
        RowContent::First
    } else {
        RowContent::Nothing
    }
}

/// § 14.3: the first coefficients of the sixteen blocks of luma, row by row. Sums of four products wrap at 16 bits only
/// where products did, which no encoder writes.
fn inverse_walsh_hadamard(coefficients: &[[i16; 4]; 4]) -> [[i16; 4]; 4] {
    let wide = coefficients.map(|row| row.map(i32::from));
    let [r0, r1, r2, r3] = wide;
    let mut columns = [[0; 4]; 4];
    for x in 0..4 {
        let (a, b, c, d) = (r0[x] + r3[x], r1[x] + r2[x], r1[x] - r2[x], r0[x] - r3[x]);
        for (row, value) in columns.iter_mut().zip([a + b, d + c, a - b, d - c]) {
            row[x] = value;
        }
    }
    columns.map(|[t0, t1, t2, t3]| {
        let (a, b, c, d) = (t0 + 3 + t3, t1 + t2, t1 - t2, t0 + 3 - t3);
        [a + b, d + c, a - b, d - c].map(|value| low_bits(value >> 3))
    })
}

/// The lowest 16 bits.
#[expect(clippy::cast_possible_truncation, reason = "the higher bits are to go")]
const fn low_bits(value: i32) -> i16 {
    value as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_coefficient_of_the_second_order_is_spread_evenly() {
        let mut coefficients = [[0; 4]; 4];
        coefficients[0][0] = 85;
        assert_eq!(inverse_walsh_hadamard(&coefficients), [[11; 4]; 4]);
    }

    #[test]
    fn the_second_order_transform_has_the_signs_of_a_hadamard_matrix() {
        // Frequencies in the order of § 14.3.
        let sign = [[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, -1, 1], [1, -1, 1, -1]];
        for (v, u) in (0..16).map(|i| (i / 4, i % 4)) {
            let mut coefficients = [[0; 4]; 4];
            coefficients[v][u] = 800;
            let values = inverse_walsh_hadamard(&coefficients);
            for (y, x) in (0..16).map(|i| (i / 4, i % 4)) {
                assert_eq!(values[y][x], 100 * sign[v][y] * sign[u][x], "{u}, {v} at {x}, {y}");
            }
        }
    }

    #[test]
    fn a_skipped_macroblock_keeps_the_second_order_context_of_another() {
        let full = BlockContext { luma: [1; 4], chroma: [[1; 2]; 2], second: 1 };
        let mut context = full;
        context.skip(false);
        assert_eq!(context, BlockContext { second: 1, ..BlockContext::default() });
        context.skip(true);
        assert_eq!(context, BlockContext::default());
    }

    #[test]
    fn a_first_coefficient_that_wraps_to_0_is_none() {
        assert_eq!(content_of(1, 2048, 32), RowContent::Nothing);
        assert_eq!(content_of(1, 2048, 31), RowContent::First);
        assert_eq!(content_of(2, 0, 31), RowContent::All);
        // After a block of second order a first coefficient is there without tokens.
        assert_eq!(content_of(1, -1, 1), RowContent::First);
    }
}
