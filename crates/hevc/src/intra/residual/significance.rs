//! Reads which coefficients of a sub-block are not 0 (ITU-T H.265 § 7.3.8.11, § 9.3.4.2.5).

use crate::intra::cabac::BinReader;
use crate::intra::contexts::SIGNIFICANT;
use crate::intra::residual::syntax::ResidualSyntax;
use crate::scan::ORDERS;

/// Reads which coefficients of a sub-block are not 0 (§ 9.3.4.2.5): bit `n` is that of index `n` of the scan order.
///
/// `position` is that of the sub-block, `pattern` tells whether the ones to its right (1) and below (2) are coded.
/// `last` is the last coefficient of the block, where it lies in this sub-block: it is not 0, and what follows is. With
/// `infer_first` the sub-block has a coefficient, so the first one is not 0 where no other is.
#[inline(always)]
pub(super) fn significant(
    bins: &mut BinReader<'_, '_>,
    syntax: ResidualSyntax,
    position: usize,
    pattern: usize,
    last: Option<usize>,
    infer_first: bool,
) -> u32 {
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
    significant_of(bins, offset, contexts, first, last, infer_first)
}

/// [`significant`], where coefficient `n` has context `offset + contexts[n]`, and the first has context `first`.
#[inline(always)]
pub(super) fn significant_of(
    bins: &mut BinReader<'_, '_>,
    offset: usize,
    contexts: &[u8; 16],
    first: usize,
    last: Option<usize>,
    infer_first: bool,
) -> u32 {
    let start = last.unwrap_or(16);
    let mut found = u32::from(last.is_some());
    for &context in contexts[..start].iter().skip(1).rev() {
        found = found << 1 | bins.bin(offset + usize::from(context));
    }
    if start > 0 {
        let inferred = infer_first && found == 0;
        found = found << 1 | if inferred { 1 } else { bins.bin(first) };
    }
    found
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
