//! Reads the coefficients of one transform block (ITU-T H.265 § 7.3.8.11) and scales them.
//!
//! A block is read in sub-blocks of 4 × 4 coefficients, from the last one with a coefficient to the first. Of each
//! sub-block the bitstream holds, in this order: whether it has coefficients, which of them are not 0, whether the
//! first eight of these are greater than 1, whether the first of those is greater than 2, the signs, and what remains
//! of the sizes. Each context depends on what was read before, so no two coefficients can be read at once, and the time
//! of a picture goes into these loops.
//!
//! Positions inside a sub-block are indices 0 to 15 of the scan order. A set of them is a number with a bit for each.

mod levels;
mod significance;
pub(crate) mod syntax;

use crate::intra::cabac::{BinReader, Cabac};
use crate::intra::contexts::{CODED_SUB_BLOCK, LAST_X, LAST_Y, SIGNIFICANT_SKIPPED, TRANSFORM_SKIP};
use crate::intra::dequantise::{Dequantiser, Quantiser};
use crate::intra::residual::levels::{LevelRules, levels};
use crate::intra::residual::significance::{significant, significant_of};
use crate::intra::residual::syntax::ResidualSyntax;
use crate::intra::transform::block::TransformBlock;
use crate::scan::ORDERS;

/// Reads a block into `to`, which is all zero. Tells whether its transform is skipped; `None` for codes that no block
/// has.
///
/// Without `EXTENDED` the extension in `syntax` is ignored: pictures of version 1 are read by code without its branches.
pub(crate) fn read<const EXTENDED: bool>(
    cabac: &mut Cabac<'_>,
    syntax: ResidualSyntax,
    quantiser: Quantiser<'_>,
    to: &mut TransformBlock,
) -> Option<bool> {
    read_bins::<EXTENDED>(cabac, syntax, quantiser, to)
}

/// [`read`] without the extension, with the bit instructions that come with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
pub(crate) fn read_avx2(
    cabac: &mut Cabac<'_>,
    syntax: ResidualSyntax,
    quantiser: Quantiser<'_>,
    to: &mut TransformBlock,
) -> Option<bool> {
    read_bins::<false>(cabac, syntax, quantiser, to)
}

#[inline(always)]
fn read_bins<const EXTENDED: bool>(
    cabac: &mut Cabac<'_>,
    syntax: ResidualSyntax,
    quantiser: Quantiser<'_>,
    to: &mut TransformBlock,
) -> Option<bool> {
    let ResidualSyntax { log2, is_luma, scan, extension, .. } = syntax;
    let mut bins = cabac.reader();
    let bypass = EXTENDED && extension.bypass;
    let may_skip = syntax.may_skip && !bypass && log2 <= if EXTENDED { extension.max_skip_log2 } else { 2 };
    let skip = may_skip && bins.bin(TRANSFORM_SKIP + usize::from(!is_luma)) == 1;
    let is_plain = bypass || skip;
    let (last_x, last_y) = last_position(&mut bins, syntax)?;
    let (blocks, inner) = (&ORDERS[scan][log2 as usize - 2], &ORDERS[scan][2]);
    let last_block = usize::from(blocks.index[last_y >> 2 << 3 | last_x >> 2]);
    let last_inner = usize::from(inner.index[(last_y & 3) << 3 | last_x & 3]);
    // Scaling lists are of frequencies, which larger blocks without a transform do not have (§ 8.6.4.2).
    let factors = quantiser.factors.filter(|_| !(EXTENDED && skip && log2 > 2));
    let dequantiser = Dequantiser::new(Quantiser { factors, ..quantiser }, log2);
    let rules = LevelRules {
        is_luma,
        hides_signs: syntax.hides_signs && !(EXTENDED && (bypass || skip && extension.implicit_differences)),
        statistics: (EXTENDED && extension.persistent_rice).then_some(usize::from(is_luma) * 2 + usize::from(is_plain)),
    };
    let one_context = EXTENDED && extension.skip_context && is_plain;
    (to.columns, to.rows) = (0, 0);
    to.is_flat = (last_x, last_y) == (0, 0);
    // The positions of the sub-blocks that are coded: 8 a row.
    let mut coded = 0u64;
    let mut greater_context = 1;
    for i in (0..=last_block).rev() {
        let position = usize::from(blocks.positions[i] & 63);
        let (block_x, block_y) = (position & 7, position >> 3);
        // No sub-block of the first column is to the right of another.
        let right = (coded & 0xFEFE_FEFE_FEFE_FEFE) >> 1 >> position & 1 == 1;
        let below = coded >> 8 >> position & 1 == 1;
        let mut infer_first = false;
        if i < last_block && i > 0 {
            let context = CODED_SUB_BLOCK + usize::from(right || below) + if is_luma { 0 } else { 2 };
            if bins.bin(context) == 0 {
                continue;
            }
            infer_first = true;
        }
        coded |= 1 << position;
        let pattern = usize::from(right) | usize::from(below) << 1;
        let last = (i == last_block).then_some(last_inner);
        let found = if one_context {
            let context = SIGNIFICANT_SKIPPED + usize::from(!is_luma);
            significant_of(&mut bins, context, &[0; 16], context, last, infer_first)
        } else {
            significant(&mut bins, syntax, position, pattern, last, infer_first)
        };
        if found == 0 {
            continue;
        }
        let set = if i == 0 || !is_luma { 0 } else { 2 };
        let set = set + usize::from(i != last_block && greater_context == 0);
        greater_context = levels::<EXTENDED>(&mut bins, rules, found, set, |n, level| {
            let p = usize::from(inner.positions[n]);
            let at = (block_y << 2 | p >> 3) << log2 | block_x << 2 | p & 3;
            to.coefficients[at & 1023] =
                if bypass { level.clamp(-32_768, 32_767) as i16 } else { dequantiser.scaled(level, at) };
        })?;
        to.columns = to.columns.max(block_x * 4 + 4);
        to.rows = to.rows.max(block_y * 4 + 4);
    }
    bins.finish();
    Some(skip)
}

/// Reads the position of the last coefficient, as (x, y) inside the block (§ 7.4.9.11, § 9.3.4.2.3).
///
/// A prefix of up to 3 is the coordinate. A longer one tells its two highest bits, and a suffix of up to 3 bits the
/// others. The longest codes stand for `side - 1`, so the position is inside the block. The vertical order swaps the
/// coordinates.
#[inline(always)]
fn last_position(bins: &mut BinReader<'_, '_>, syntax: ResidualSyntax) -> Option<(usize, usize)> {
    let ResidualSyntax { log2, is_luma, scan, .. } = syntax;
    let (offset, shift) = if is_luma { (3 * (log2 - 2) + ((log2 - 1) >> 2), (log2 + 1) >> 2) } else { (15, log2 - 2) };
    let most = 2 * log2 - 1;
    let mut prefix = |from: usize| {
        let mut n = 0;
        while n < most && bins.bin(from + (offset + (n >> shift)) as usize) == 1 {
            n += 1;
        }
        n
    };
    let (x, y) = (prefix(LAST_X), prefix(LAST_Y));
    let mut whole = |prefix: u32| {
        if prefix < 4 {
            return prefix;
        }
        let bits = (prefix >> 1) - 1;
        ((2 + (prefix & 1)) << bits) + bins.bypasses(bits)
    };
    let (x, y) = (whole(x) as usize, whole(y) as usize);
    let side = 1usize << log2;
    (x < side && y < side).then_some(if scan == 2 { (y, x) } else { (x, y) })
}

#[cfg(test)]
mod tests;
