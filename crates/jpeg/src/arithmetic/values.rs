//! Decodes the coefficients of a block from binary decisions (ITU-T T.81 §§ F.1.4, F.2.4 and G.1.3).
//!
//! Each table has contexts, which are numbered as tables F.4 and F.5 number them. Why indices stay in range: a magnitude
//! takes at most 14 steps from X1 to its category, and its bits have contexts 14 behind those of the categories. So the
//! last DC context is 20 + 13 + 14 = 47 of 64, and the last AC context 217 + 13 + 14 = 244 of 256. The masks tell the
//! compiler, and change nothing.

use super::coder::{ArithmeticCoder, Context, EVEN};
use crate::band::CoefficientBlock;

/// The contexts of a DC table and of an AC table.
pub(super) type DcContexts = [Context; 64];
pub(super) type AcContexts = [Context; 256];

/// What a component's DC differences are decoded by.
#[derive(Clone, Copy, Default)]
pub(super) struct DcState {
    /// The DC coefficient of the component's block before.
    predictor: i32,
    /// The first context of the next difference: 0, 4, 8, 12 or 16, by the difference before (§ F.1.4.4.1.2).
    first: usize,
}

/// Decodes a DC difference and returns the coefficient (figures F.19 and F.21 to F.24); `None` where its magnitude has
/// more than 15 bits. `bounds` are L and U.
pub(super) fn dc_value(
    coder: &mut ArithmeticCoder<'_>,
    contexts: &mut DcContexts,
    state: &mut DcState,
    (lower, upper): (u8, u8),
) -> Option<i32> {
    let mut decide = |context: usize| coder.decide(&mut contexts[context & 63]);
    let first = std::mem::take(&mut state.first);
    if !decide(first) {
        return Some(state.predictor);
    }
    let is_negative = decide(first + 1);
    let context = first + 2 + usize::from(is_negative);
    let top = i32::from(decide(context));
    let category = if top > 0 { category_from(top, DC_X1, &mut decide)? } else { Category { top, context } };
    let is_large = category.top > (1 << upper) >> 1;
    let by_size = 4 * (1 + usize::from(is_negative) + 2 * usize::from(is_large));
    state.first = if category.top < (1 << lower) >> 1 { 0 } else { by_size };
    let value = magnitude(category, decide);
    state.predictor = state.predictor.wrapping_add(if is_negative { -value } else { value });
    Some(state.predictor)
}

/// Decodes the coefficients from the zigzag index `k` to `last` of a sequential block, or of a first scan of a band
/// without its lowest `bit` bits (figure F.20); `None` for a coefficient beyond. `kx` ends the low frequencies.
pub(super) fn ac_values(
    coder: &mut ArithmeticCoder<'_>,
    contexts: &mut AcContexts,
    kx: u8,
    (mut k, last): (usize, usize),
    bit: u8,
    CoefficientBlock { values, nonzero }: CoefficientBlock<'_>,
) -> Option<()> {
    while k <= last && !coder.decide(&mut contexts[of_index(k)]) {
        while !coder.decide(&mut contexts[of_index(k) + 1]) {
            k += 1;
            if k > last {
                return None;
            }
        }
        let is_negative = coder.decide(&mut { EVEN });
        let mut decide = |context: usize| coder.decide(&mut contexts[context & 255]);
        let (context, x1) = (of_index(k) + 2, if k <= usize::from(kx) { AC_X1_LOW } else { AC_X1_HIGH });
        let top = i32::from(decide(context));
        let category =
            if top > 0 && decide(context) { category_from(2, x1, &mut decide)? } else { Category { top, context } };
        let value = magnitude(category, decide);
        let value = low_bits(if is_negative { -value } else { value } << bit);
        values[k & 63] = value;
        // A value that wraps to zero counts as one, as in libjpeg.
        *nonzero |= u64::from(value != 0) << (k & 63);
        k += 1;
    }
    Some(())
}

/// Decodes one more bit of a band (§ G.1.3.3, figures G.10 and G.11); `None` for a coefficient beyond it.
///
/// An end of block can only come behind the last coefficient that is not zero yet.
pub(super) fn refined_values(
    coder: &mut ArithmeticCoder<'_>,
    contexts: &mut AcContexts,
    (mut k, last): (usize, usize),
    bit: u8,
    CoefficientBlock { values, nonzero }: CoefficientBlock<'_>,
) -> Option<()> {
    let one = 1i16 << bit;
    let known = *nonzero & (u64::MAX >> (63 - last));
    let last_known = 63usize.saturating_sub(known.leading_zeros() as usize);
    while k <= last {
        if k > last_known && coder.decide(&mut contexts[of_index(k)]) {
            break;
        }
        loop {
            let value = &mut values[k & 63];
            if *value != 0 {
                if coder.decide(&mut contexts[of_index(k) + 2]) {
                    *value = value.wrapping_add(if *value < 0 { -one } else { one });
                }
                break;
            }
            if coder.decide(&mut contexts[of_index(k) + 1]) {
                *value = if coder.decide(&mut { EVEN }) { -one } else { one };
                *nonzero |= 1 << (k & 63);
                break;
            }
            k += 1;
            if k > last {
                return None;
            }
        }
        k += 1;
    }
    Some(())
}

/// Magnitudes from `top` + 1 to twice `top`, or the magnitude 1 with a `top` of 0.
struct Category {
    top: i32,
    /// The context of the decision that the magnitude is not beyond.
    context: usize,
}

/// Decodes which category a magnitude is of: the one of `top`, whose decision has the context `context`, or a later one
/// (figure F.23); `None` for more than 15 bits.
#[inline(always)]
fn category_from(mut top: i32, mut context: usize, mut decide: impl FnMut(usize) -> bool) -> Option<Category> {
    while decide(context) {
        (top, context) = (top << 1, context + 1);
        if top == 1 << 15 {
            return None;
        }
    }
    Some(Category { top, context })
}

/// Decodes a magnitude of a category: the bits below `top`, and 1 (figure F.24).
#[inline(always)]
fn magnitude(Category { top, context }: Category, mut decide: impl FnMut(usize) -> bool) -> i32 {
    let (mut value, mut bit) = (top, top >> 1);
    while bit > 0 {
        value |= if decide(context + 14) { bit } else { 0 };
        bit >>= 1;
    }
    value + 1
}

/// The first context of the zigzag index `k`, 1–63 (table F.5): at most 186.
#[inline(always)]
fn of_index(k: usize) -> usize {
    3 * ((k & 63).max(1) - 1)
}

/// The low 16 bits: coefficients beyond wrap, as in libjpeg.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "wraps")]
pub(super) fn low_bits(value: i32) -> i16 {
    value as i16
}

/// The first context of DC categories (table F.4), and those of AC categories (table F.5).
const DC_X1: usize = 20;
const AC_X1_LOW: usize = 189;
const AC_X1_HIGH: usize = 217;
