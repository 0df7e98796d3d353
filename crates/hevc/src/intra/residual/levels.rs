//! Reads the levels of the coefficients of a sub-block that are not 0 (ITU-T H.265 § 7.3.8.11, § 9.3.4.2.6).

use crate::intra::cabac::BinReader;
use crate::intra::contexts::{GREATER_1, GREATER_2};

/// What decides how the levels of a block are read.
#[derive(Clone, Copy)]
pub(super) struct LevelRules {
    pub(super) is_luma: bool,
    /// Whether the sign of the last level may be hidden.
    pub(super) hides_signs: bool,
    /// Which statistics give the first Rice parameter, with persistent adaptation.
    pub(super) statistics: Option<usize>,
}

/// Reads the levels of the coefficients `found` of a sub-block, at least one, and hands each with its index to `put`.
///
/// `set` is `ctxSet` (§ 9.3.4.2.6). Gives `greater1Ctx` after the last flag, from which the next sub-block chooses its
/// set; `None` for a level that no encoder writes.
///
/// The levels are read from the last of the scan order to the first, and numbered so. A level is at most 3 + 2²³ and a sum
/// of 16 of them below 2²⁸. No step but the last branches on a bin that is near random.
#[inline(always)]
pub(super) fn levels<const EXTENDED: bool>(
    bins: &mut BinReader<'_, '_>,
    rules: LevelRules,
    found: u32,
    set: usize,
    mut put: impl FnMut(usize, i32),
) -> Option<usize> {
    let (is_luma, count) = (rules.is_luma, found.count_ones());
    let contexts = GREATER_1 + if is_luma { 0 } else { 16 } + set * 4;
    // The levels that are greater than 1, of the first eight.
    let (mut greater, mut context) = (0u32, 1u32);
    for n in 0..count.min(8) {
        let bin = bins.bin(contexts + context as usize);
        greater |= bin << n;
        // 0 after a greater level. Else from 1 to 2, from 2 on to 3, and 0 stays.
        context = 0x3320 >> (4 * context) & 3 & bin.wrapping_sub(1);
    }
    let mut levels: [i32; 16] = std::array::from_fn(|n| 1 + (greater >> n & 1) as i32);
    // The levels that may be greater than what the flags say.
    let mut open = greater | (((1 << count) - 1) & !0xFF);
    if greater != 0 {
        let first = greater.trailing_zeros();
        let bin = bins.bin(GREATER_2 + if is_luma { 0 } else { 4 } + set);
        levels[first as usize & 15] += bin as i32;
        open &= !((bin ^ 1) << first);
    }
    // The sign of the last level that is read, which is the first in scan order, may be hidden: then the sum of all
    // sizes is odd where it is negative (§ 7.4.9.11). There are at least two levels then, so `signs` is 1 to 16.
    let hidden = rules.hides_signs && found.ilog2() - found.trailing_zeros() > 3;
    let signs = count - u32::from(hidden);
    let mut negative = bins.few_bypasses(signs) << (32 - signs);
    remaining_levels::<EXTENDED>(bins, rules, open, &mut levels)?;
    let odd = levels[..count as usize & 31].iter().fold(0, |sum, level| sum ^ *level as u32) & 1;
    negative |= (odd & u32::from(hidden)) << (32 - count);
    let mut rest = found;
    for level in &levels[..count as usize & 31] {
        let n = rest.ilog2();
        rest ^= 1 << n;
        let sign = negative as i32 >> 31;
        negative <<= 1;
        put(n as usize & 15, (*level ^ sign) - sign);
    }
    Some(context as usize)
}

/// Adds to each of the levels in `open` what remains of it.
#[inline(always)]
fn remaining_levels<const EXTENDED: bool>(
    bins: &mut BinReader<'_, '_>,
    rules: LevelRules,
    mut open: u32,
    levels: &mut [i32; 16],
) -> Option<()> {
    let mut statistics = rules.statistics.filter(|_| EXTENDED);
    let (mut rice, most_rice) = match statistics {
        Some(at) => (u32::from(bins.rice[at] / 4), u32::MAX),
        None => (0, 4),
    };
    while open != 0 {
        let level = &mut levels[open.trailing_zeros() as usize & 15];
        open &= open - 1;
        let rest = bins.remaining(rice)?;
        *level += rest;
        if EXTENDED {
            if let Some(at) = statistics.take() {
                bins.rice[at] = adapted(bins.rice[at], rest.min(1 << 16));
            }
            // No encoder writes it, and Rice parameters stay below 16 without it.
            if rules.statistics.is_some() && *level > 32_768 {
                return None;
            }
        }
        rice = (rice + u32::from(*level > 3 << rice)).min(most_rice);
    }
    Some(())
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
