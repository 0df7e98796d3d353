//! Reads the coefficients of one transform block (ITU-T H.265 § 7.3.8.11) and scales them.
//!
//! A block is read in sub-blocks of 4 × 4 coefficients, from the last one with a coefficient to the first. Of each
//! sub-block the bitstream holds, in this order: whether it has coefficients, which of them are not 0, whether the
//! first eight of these are greater than 1, whether the first of those is greater than 2, the signs, and what remains
//! of the sizes. Each context depends on what was read before, so no two coefficients can be read at once, and the time
//! of a picture goes into these loops.
//!
//! Positions inside a sub-block are indices 0 to 15 of the scan order. A loop that finds coefficients looks at each
//! position once, so it has found at most 15 before the last. Every index into the arrays of 16 stays inside.

use crate::intra::cabac::Cabac;
use crate::intra::contexts::{
    CODED_SUB_BLOCK, GREATER_1, GREATER_2, LAST_X, LAST_Y, SIGNIFICANT, SIGNIFICANT_SKIPPED, TRANSFORM_SKIP,
};
use crate::intra::dequantise::{Dequantiser, Quantiser};
use crate::intra::transform::TransformBlock;
use crate::scan::ORDERS;

/// What is known of a block before its coefficients.
#[derive(Clone, Copy)]
pub(crate) struct ResidualSyntax {
    /// The logarithm of the side, 2 to 5.
    pub(crate) log2: u32,
    /// Whether the block is of luma.
    pub(crate) is_luma: bool,
    /// `scanIdx`: 0 is diagonal, 1 is horizontal, 2 is vertical.
    pub(crate) scan: usize,
    /// `transform_skip_enabled_flag`.
    pub(crate) may_skip: bool,
    /// `sign_data_hiding_enabled_flag`.
    pub(crate) hides_signs: bool,
    /// What else decides how it is read, where [`read`] is `EXTENDED`.
    pub(crate) extension: ResidualExtension,
}

/// What is known of a block of a picture that uses more than the tools of version 1, or bypasses the transform.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ResidualExtension {
    /// `cu_transquant_bypass_flag`: levels are the residual itself.
    pub(crate) bypass: bool,
    /// `Log2MaxTransformSkipSize`.
    pub(crate) max_skip_log2: u32,
    /// `transform_skip_context_enabled_flag`.
    pub(crate) skip_context: bool,
    /// `persistent_rice_adaptation_enabled_flag`.
    pub(crate) persistent_rice: bool,
    /// Whether the block consists of differences if its transform is skipped, so that no sign is hidden: implicit RDPCM
    /// along the direction of prediction.
    pub(crate) implicit_differences: bool,
}

/// What decides how the levels of a block are read.
#[derive(Clone, Copy)]
struct LevelRules {
    is_luma: bool,
    /// Whether the sign of the last level may be hidden.
    hides_signs: bool,
    /// Which statistics give the first Rice parameter, with persistent adaptation.
    statistics: Option<usize>,
}

/// The coefficients of one sub-block that are not 0, from the last to the first.
struct SubBlock {
    /// Their indices in the scan order.
    found: [u8; 16],
    /// How many there are, at most 16.
    count: usize,
}

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
    let ResidualSyntax { log2, is_luma, scan, extension, .. } = syntax;
    let bypass = EXTENDED && extension.bypass;
    let may_skip = syntax.may_skip && !bypass && log2 <= if EXTENDED { extension.max_skip_log2 } else { 2 };
    let skip = may_skip && cabac.bin(TRANSFORM_SKIP + usize::from(!is_luma)) == 1;
    let is_plain = bypass || skip;
    let (last_x, last_y) = last_position(cabac, syntax)?;
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
    // A bit for each coded sub-block, by row, with a margin of zeros to the right and below.
    let mut coded = [0u16; 9];
    let mut greater_context = 1;
    for i in (0..=last_block).rev() {
        let position = usize::from(blocks.positions[i]);
        let (block_x, block_y) = (position & 7, position >> 3);
        let right = coded[block_y] >> (block_x + 1) & 1;
        let below = coded[block_y + 1] >> block_x & 1;
        let mut infer_first = false;
        if i < last_block && i > 0 {
            let context = CODED_SUB_BLOCK + usize::from(right | below) + if is_luma { 0 } else { 2 };
            if cabac.bin(context) == 0 {
                continue;
            }
            infer_first = true;
        }
        coded[block_y] |= 1 << block_x;
        let pattern = usize::from(right | below << 1);
        let last = (i == last_block).then_some(last_inner);
        let sub_block = if one_context {
            let context = SIGNIFICANT_SKIPPED + usize::from(!is_luma);
            significant_of(cabac, context, &[0; 16], context, last, infer_first)
        } else {
            significant(cabac, syntax, position, pattern, last, infer_first)
        };
        if sub_block.count == 0 {
            continue;
        }
        let set = if i == 0 || !is_luma { 0 } else { 2 };
        let set = set + usize::from(i != last_block && greater_context == 0);
        greater_context = levels(cabac, rules, &sub_block, set, |n, level| {
            let p = usize::from(inner.positions[usize::from(n)]);
            let at = (block_y << 2 | p >> 3) << log2 | block_x << 2 | p & 3;
            to.coefficients[at] =
                if bypass { level.clamp(-32_768, 32_767) as i16 } else { dequantiser.scaled(level, at) };
        })?;
        to.columns = to.columns.max(block_x * 4 + 4);
        to.rows = to.rows.max(block_y * 4 + 4);
    }
    Some(skip)
}

/// Reads which coefficients of a sub-block are not 0 (§ 9.3.4.2.5).
///
/// `position` is that of the sub-block, `pattern` tells whether the ones to its right (1) and below (2) are coded.
/// `last` is the last coefficient of the block, where it lies in this sub-block: it is not 0, and what follows is. With
/// `infer_first` the sub-block has a coefficient, so the first one is not 0 where no other is.
#[inline(always)]
fn significant(
    cabac: &mut Cabac<'_>,
    syntax: ResidualSyntax,
    position: usize,
    pattern: usize,
    last: Option<usize>,
    infer_first: bool,
) -> SubBlock {
    let ResidualSyntax { log2, is_luma, scan, .. } = syntax;
    let base = SIGNIFICANT + if is_luma { 0 } else { 27 };
    let contexts = &SIGNIFICANT_CONTEXTS[scan][if log2 == 2 { 4 } else { pattern }];
    let offset = base
        + match (log2, is_luma) {
            (2, _) => 0,
            (3, true) => usize::from(position > 0) * 3 + if scan == 0 { 9 } else { 15 },
            (_, true) => usize::from(position > 0) * 3 + 21,
            (3, false) => 9,
            _ => 12,
        };
    // The first coefficient of the block has a context of its own.
    let first = if position == 0 { base } else { offset + usize::from(contexts[0]) };
    significant_of(cabac, offset, contexts, first, last, infer_first)
}

/// [`significant`], where coefficient `n` has context `offset + contexts[n]`, and the first has context `first`.
#[inline(always)]
fn significant_of(
    cabac: &mut Cabac<'_>,
    offset: usize,
    contexts: &[u8; 16],
    first: usize,
    last: Option<usize>,
    infer_first: bool,
) -> SubBlock {
    let (mut found, mut count, mut start) = ([0u8; 16], 0, 16);
    if let Some(last) = last {
        found[0] = last as u8;
        count = 1;
        start = last;
    }
    // Every index is written, and kept where the bin is 1: that needs no branch. `count` is at most 15 here.
    for n in (1..start).rev() {
        let significant = cabac.bin(offset + usize::from(contexts[n]));
        found[count & 15] = n as u8;
        count += significant as usize;
    }
    if start > 0 {
        let inferred = infer_first && count == 0;
        if inferred || cabac.bin(first) == 1 {
            found[count] = 0;
            count += 1;
        }
    }
    SubBlock { found, count }
}

/// Reads the levels of a sub-block with at least one coefficient, and hands each with its index to `put`.
///
/// `set` is `ctxSet` (§ 9.3.4.2.6). Gives `greater1Ctx` after the last flag, from which the next sub-block chooses its
/// set; `None` for a level that no encoder writes.
///
/// A level is at most 3 + 2²³ and a sum of 16 of them below 2²⁸.
#[inline(always)]
fn levels(
    cabac: &mut Cabac<'_>,
    rules: LevelRules,
    sub_block: &SubBlock,
    set: usize,
    mut put: impl FnMut(u8, i32),
) -> Option<usize> {
    let is_luma = rules.is_luma;
    let (found, count) = (&sub_block.found, sub_block.count);
    let mut greater_context = 1;
    let mut levels = [1i32; 16];
    let mut first_greater = usize::MAX;
    let flags = count.min(8);
    let greater = GREATER_1 + if is_luma { 0 } else { 16 } + set * 4;
    for (n, level) in levels.iter_mut().enumerate().take(flags) {
        if cabac.bin(greater + greater_context) == 1 {
            *level = 2;
            greater_context = 0;
            first_greater = first_greater.min(n);
        } else if greater_context > 0 {
            greater_context = (greater_context + 1).min(3);
        }
    }
    if let Some(level) = levels.get_mut(first_greater) {
        *level += cabac.bin(GREATER_2 + if is_luma { 0 } else { 4 } + set) as i32;
    }
    // The sign of the last level that is read, which is the first in scan order, may be hidden: then the sum of all
    // sizes is odd where it is negative (§ 7.4.9.11). There are at least two levels then, so `signs` is 1 to 16.
    let hidden = rules.hides_signs && found[0] - found[count - 1] > 3;
    let signs = count - usize::from(hidden);
    let mut negative = cabac.bypasses(signs as u32) << (32 - signs);
    let mut statistics = rules.statistics;
    let (mut rice, most_rice) = match statistics {
        Some(at) => (u32::from(cabac.rice[at] / 4), u32::MAX),
        None => (0, 4),
    };
    let mut sum = 0;
    for n in 0..count {
        // What the flags can say at most. A level that reaches it goes on.
        let most = match n {
            8.. => 1,
            _ if n == first_greater => 3,
            _ => 2,
        };
        let mut level = levels[n];
        if level == most {
            let rest = remaining(cabac, rice)?;
            if let Some(at) = statistics.take() {
                cabac.rice[at] = adapted(cabac.rice[at], rest.min(1 << 16));
            }
            level += rest;
            // No encoder writes it, and Rice parameters stay below 16 without it.
            if rules.statistics.is_some() && level > 32_768 {
                return None;
            }
            if level > 3 << rice {
                rice = (rice + 1).min(most_rice);
            }
        }
        sum += level;
        if negative >> 31 == 1 {
            level = -level;
        }
        negative <<= 1;
        if hidden && n == count - 1 && sum & 1 == 1 {
            level = -level;
        }
        put(found[n], level);
    }
    Some(greater_context)
}

/// Reads the position of the last coefficient, as (x, y) inside the block (§ 7.4.9.11, § 9.3.4.2.3).
///
/// A prefix of up to 3 is the coordinate. A longer one tells its two highest bits, and a suffix of up to 3 bits the
/// others. The longest codes stand for `side - 1`, so the position is inside the block. The vertical order swaps the
/// coordinates.
fn last_position(cabac: &mut Cabac<'_>, syntax: ResidualSyntax) -> Option<(usize, usize)> {
    let ResidualSyntax { log2, is_luma, scan, .. } = syntax;
    let (offset, shift) = if is_luma { (3 * (log2 - 2) + ((log2 - 1) >> 2), (log2 + 1) >> 2) } else { (15, log2 - 2) };
    let most = 2 * log2 - 1;
    let mut prefix = |from: usize| {
        let mut n = 0;
        while n < most && cabac.bin(from + (offset + (n >> shift)) as usize) == 1 {
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
        ((2 + (prefix & 1)) << bits) + cabac.bypasses(bits)
    };
    let (x, y) = (whole(x) as usize, whole(y) as usize);
    let side = 1usize << log2;
    (x < side && y < side).then_some(if scan == 2 { (y, x) } else { (x, y) })
}

/// Statistics of Rice parameters after the first `rest` of a sub-block (§ 9.3.4.2.7): they count how often it was large
/// less how often it was small. `rest` has at most 16 bits, so they stay below 60.
fn adapted(statistics: u8, rest: i32) -> u8 {
    let rice = statistics / 4;
    if rest >= 3 << rice {
        statistics + 1
    } else if 2 * rest < 1 << rice {
        statistics.saturating_sub(1)
    } else {
        statistics
    }
}

/// Reads `coeff_abs_level_remaining` (§ 9.3.3.11) with a Rice parameter of 0 to 15.
///
/// A prefix of up to 3 ones and `rice` bits are a Rice code. A longer prefix lengthens the suffix by one bit for each
/// one. At most 20 ones, or 24 less the parameter, are read, since the sizes of 16 bits that an encoder writes have
/// fewer: the suffix has up to 21 bits, and the value is below 2²³.
fn remaining(cabac: &mut Cabac<'_>, rice: u32) -> Option<i32> {
    let mut prefix = 0;
    while cabac.bypass() == 1 {
        prefix += 1;
        if prefix > 20 || prefix + rice > 24 {
            return None;
        }
    }
    let value = if prefix <= 3 {
        (prefix << rice) + cabac.bypasses(rice)
    } else {
        (((1 << (prefix - 3)) + 2) << rice) + cabac.bypasses(prefix - 3 + rice)
    };
    i32::try_from(value).ok()
}

/// `sigCtx` less its offset, of each coefficient of a sub-block in scan order: by `scanIdx`, then by the pattern of
/// coded neighbours. The fifth pattern is that of 4 × 4 blocks.
static SIGNIFICANT_CONTEXTS: [[[u8; 16]; 5]; 3] = significant_contexts();

const fn significant_contexts() -> [[[u8; 16]; 5]; 3] {
    let mut contexts = [[[0; 16]; 5]; 3];
    let mut i = 0;
    while i < 3 * 5 * 16 {
        let (scan, pattern, n) = (i / 80, i / 16 % 5, i % 16);
        let p = ORDERS[scan][2].positions[n] as usize;
        let place = p >> 3 << 2 | p & 3;
        contexts[scan][pattern][n] = if pattern == 4 { SMALL[place] } else { PATTERNS[pattern][place] };
        i += 1;
    }
    contexts
}

/// `ctxIdxMap` of 4 × 4 blocks, by row (§ 9.3.4.2.5).
const SMALL: [u8; 16] = [0, 1, 4, 5, 2, 3, 4, 5, 6, 6, 8, 8, 7, 7, 8, 8];

/// The contexts of larger blocks by whether the sub-blocks to the right (1) and below (2) are coded, by row (§
/// 9.3.4.2.5).
const PATTERNS: [[u8; 16]; 4] = [
    [2, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
    [2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    [2, 1, 0, 0, 2, 1, 0, 0, 2, 1, 0, 0, 2, 1, 0, 0],
    [2; 16],
];

#[cfg(test)]
mod tests;
