//! How much each target sample takes from which source samples: Catmull-Rom, widened by the scale, in fixed point.
//!
//! **The filter.** Target sample `i` lies at `(i + ½) × scale` in the source. The Catmull-Rom kernel (Keys' cubic with
//! a = −½) has a radius of 2; where the picture becomes smaller it is stretched by the scale, so that every source
//! sample counts (antialiasing). Weights are divided by their sum. At an edge the samples that are missing are left
//! out.
//!
//! **The numbers are those of fast_image_resize**, operation by operation, so that rows reduced one at a time give what
//! it gives for whole frames. It chooses the precision once for all target samples of a call, from the largest weight.
//! That is why it cannot be called for a few rows at a time, and why weights are made here for a whole axis.
//!
//! **The same on every machine**: the kernel is a polynomial, and only the basic operations of IEEE 754 are used.

use image_ingest_samples::reserve;

use crate::axis::{Extent, StoredAxis};
use crate::result::Result;

/// How the weights for samples of one depth are stored.
pub(crate) trait FixedPoint: Sized {
    /// The weights of two taps; an odd last tap is paired with 0.
    type Weight: Copy + std::fmt::Debug;
    /// What a sum of products begins with.
    type Start: Copy + std::fmt::Debug;
    /// Bits of a weight's magnitude: the largest weight stays below `2^WEIGHT_BITS`.
    const WEIGHT_BITS: u32;
    /// The most fraction bits of a weight with which a sum fits its register.
    const MOST_PRECISION: u32;

    /// Appends weights with `precision` fraction bits, each rounded to nearest, and returns the start of their sum:
    /// half a unit, so that the shift to a sample, which rounds down, rounds to nearest.
    fn fix(weights: &[f64], precision: u32, to: &mut Vec<Self::Weight>) -> Self::Start;
}

/// The weights of every target sample along one axis, `values` of all spans one behind the other.
#[derive(Debug, Clone)]
pub(crate) struct Weights<T: FixedPoint> {
    spans: Vec<Span>,
    starts: Vec<T::Start>,
    values: Vec<T::Weight>,
    /// Fraction bits of the weights.
    precision: u32,
}

/// What one target sample takes from its source samples.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taps<'a, T: FixedPoint> {
    /// The weights, from the first source sample on.
    pub(crate) pairs: &'a [T::Weight],
    /// What the sum begins with.
    pub(crate) start: T::Start,
    /// Fraction bits of the weights: the sum is shifted right by it.
    pub(crate) precision: u32,
}

/// The source samples `first..end` of one target sample, counted from the start of the extent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) first: usize,
    pub(crate) end: usize,
    /// The first source sample of this target sample or of any later one.
    ///
    /// It can lie before `first`: weights of zero at the ends are left out, so a span can begin before its predecessor.
    /// The vertical pass may drop the rows before it, and no others.
    pub(crate) needed_from: usize,
    /// The number of the target sample.
    target: usize,
    weights_at: usize,
    weights_end: usize,
}

impl<T: FixedPoint> Weights<T> {
    /// The weights that bring an axis to its target; `None` where that changes nothing.
    ///
    /// They are computed twice, first for the precision and then to be stored, so that no `f64` is kept for each.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(axis: &StoredAxis) -> Result<Option<Self>> {
        Self::aligned(axis, 1)
    }

    /// The same weights; every span begins at an even source sample, if need be with a weight of 0.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn paired(axis: &StoredAxis) -> Result<Option<Self>> {
        Self::aligned(axis, 2)
    }

    fn aligned(axis: &StoredAxis, alignment: usize) -> Result<Option<Self>> {
        let StoredAxis { ref extent, target, .. } = *axis;
        if extent.is_identity(target) {
            return Ok(None);
        }
        let (mut weights, mut largest) = (Vec::new(), 0.0_f64);
        for i in 0..target {
            catmull_rom(extent, target, i, &mut weights)?;
            largest = weights.iter().copied().fold(largest, f64::max);
        }
        let precision = precision::<T>(largest);
        let (mut spans, mut starts, mut values) = (Vec::<Span>::new(), Vec::new(), Vec::new());
        reserve(&mut spans, target as usize)?;
        reserve(&mut starts, target as usize)?;
        for i in 0..target {
            let mut first = stored_weights(axis, i, &mut weights)?;
            if !first.is_multiple_of(alignment) {
                reserve(&mut weights, 1)?;
                weights.insert(0, 0.0);
                first -= 1;
            }
            let weights_at = values.len();
            reserve(&mut values, weights.len().div_ceil(2))?;
            starts.push(T::fix(&weights, precision, &mut values));
            let end = first + weights.len();
            let target = i as usize;
            spans.push(Span { first, end, needed_from: first, target, weights_at, weights_end: values.len() });
        }
        // From the last span to the first, the smallest start so far.
        spans.iter_mut().rev().fold(usize::MAX, |later, span| {
            span.needed_from = span.first.min(later);
            span.needed_from
        });
        Ok(Some(Self { spans, starts, values, precision }))
    }

    /// The span of a target sample; `None` after the last.
    pub(crate) fn span(&self, target: usize) -> Option<Span> {
        self.spans.get(target).copied()
    }

    /// The spans of all target samples.
    pub(crate) fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// What the target sample of a span takes from its source samples.
    pub(crate) fn of(&self, span: Span) -> Taps<'_, T> {
        let pairs = &self.values[span.weights_at..span.weights_end];
        Taps { pairs, start: self.starts[span.target], precision: self.precision }
    }
}

/// Leaves the weights of stored target sample `i` in `weights` and returns its first stored sample, counted from the start of
/// the extent as it is stored.
fn stored_weights(axis: &StoredAxis, i: u32, weights: &mut Vec<f64>) -> Result<usize> {
    let StoredAxis { ref extent, target, is_mirrored, .. } = *axis;
    if !is_mirrored {
        return catmull_rom(extent, target, i, weights);
    }
    let first = catmull_rom(extent, target, target - 1 - i, weights)?;
    weights.reverse();
    Ok(extent.samples() as usize - first - weights.len())
}

/// Leaves the weights of target sample `i` in `weights` and returns its first source sample.
///
/// The weights add up to 1, and those at the two ends are not zero. The order of operations is that of
/// fast_image_resize and must stay: another order rounds differently, and content ids depend on it. So the sum that
/// looks as if it could be shortened, `offset + len - offset`, stays, too.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the extent, whose ends are u32"
)]
fn catmull_rom(extent: &Extent, target: u32, i: u32, weights: &mut Vec<f64>) -> Result<usize> {
    let samples = f64::from(extent.samples());
    let scale = (extent.offset + extent.len - extent.offset) / f64::from(target);
    let widened = scale.max(1.0);
    let radius = 2.0 * widened;
    let middle = extent.offset + (f64::from(i) + 0.5) * scale;
    let first = (middle - radius).floor().max(0.0) as u32;
    let end = (middle + radius).ceil().min(samples) as u32;
    let shrink = 1.0 / widened;
    weights.clear();
    reserve(weights, (end - first) as usize)?;
    weights.extend((first..end).map(|x| kernel((f64::from(x) - (middle - 0.5)) * shrink)));
    weights.drain(..weights.iter().position(|w| *w != 0.0).unwrap_or(weights.len()));
    let first = end as usize - weights.len();
    let sum: f64 = weights.iter().sum();
    weights.truncate(weights.iter().rposition(|w| *w != 0.0).map_or(0, |last| last + 1));
    if sum != 0.0 {
        weights.iter_mut().for_each(|w| *w /= sum);
    }
    Ok(first)
}

/// The Catmull-Rom kernel, in the form in which fast_image_resize evaluates it. Both of its polynomials are evaluated, so that
/// a row of weights has no branch.
fn kernel(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    let inner = ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    let outer = (((x - 5.0) * x + 8.0) * x - 4.0) * A;
    if x < 1.0 {
        inner
    } else if x < 2.0 {
        outer
    } else {
        0.0
    }
}

/// The most fraction bits with which the largest weight rounds to less than `2^WEIGHT_BITS`, at most `MOST_PRECISION`.
fn precision<T: FixedPoint>(largest: f64) -> u32 {
    let fits = |precision: u32| (largest * power_of_two(precision + 1)).round() < power_of_two(T::WEIGHT_BITS);
    (0..T::MOST_PRECISION).find(|&p| !fits(p)).unwrap_or(T::MOST_PRECISION)
}

pub(crate) fn power_of_two(exponent: u32) -> f64 {
    (1u64 << exponent) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(extent: &Extent, target: u32, i: u32) -> (usize, Vec<f64>) {
        let mut weights = Vec::new();
        let first = catmull_rom(extent, target, i, &mut weights).unwrap();
        (first, weights)
    }

    /// From `k(x) = 1.5x³ − 2.5x² + 1` below 1 and `−0.5x³ + 2.5x² − 4x + 2` below 2.
    #[test]
    fn the_kernel_has_the_values_of_keys_cubic() {
        for (x, wanted) in [
            (0.0, 1.0),
            (0.25, 0.867_187_5),
            (0.5, 0.562_5),
            (0.75, 0.226_562_5),
            (1.0, 0.0),
            (1.25, -0.070_312_5),
            (1.5, -0.062_5),
            (1.75, -0.023_437_5),
            (2.0, 0.0),
            (3.0, 0.0),
        ] {
            assert_eq!((kernel(x), kernel(-x)), (wanted, wanted), "{x}");
        }
    }

    /// To an exact half, a target sample lies between two source samples: the kernel at odd multiples of ¼, over 2.
    #[test]
    fn the_weights_of_an_exact_half_are_these() {
        let wanted = [-3.0, -9.0, 29.0, 111.0, 111.0, 29.0, -9.0, -3.0].map(|w| w / 256.0);
        assert_eq!(floats(&Extent::whole(16), 8, 3), (3, wanted.to_vec()));
    }

    #[test]
    fn edges_leave_missing_samples_out() {
        let wanted = [111.0, 111.0, 29.0, -9.0, -3.0].map(|w| w / 239.0);
        let (first, found) = floats(&Extent::whole(16), 8, 0);
        assert_eq!(first, 0);
        assert!(found.iter().zip(wanted).all(|(f, w)| (f - w).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn twice_as_many_samples_lie_at_quarters() {
        // Target sample 5 of 16 lies at 2.75 in 8 samples, a quarter after the middle of sample 2.
        let wanted = [kernel(1.25), kernel(0.25), kernel(0.75), kernel(1.75)];
        let (first, found) = floats(&Extent::whole(8), 16, 5);
        assert_eq!(first, 1);
        assert!(found.iter().zip(wanted).all(|(f, w)| (f - w).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn weights_add_up_to_one_and_ends_are_not_zero() {
        for (samples, target) in [(7, 3), (100, 99), (4032, 2016), (3000, 7), (5, 50), (1, 1000), (32_768, 1)] {
            for i in 0..target {
                let (first, found) = floats(&Extent::whole(samples), target, i);
                assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                assert!(first + found.len() <= samples as usize);
                assert!(found.first().is_some_and(|w| *w != 0.0) && found.last().is_some_and(|w| *w != 0.0));
                assert!(found.iter().map(|w| w.abs()).sum::<f64>() <= 1.3, "{samples} to {target}");
            }
        }
    }

    #[test]
    fn fixed_weights_add_up_to_one_within_their_rounding() {
        for (samples, target) in [(16, 8), (4032, 2016), (3000, 7), (5, 50)] {
            let weights = Weights::<u8>::new(&StoredAxis::whole(samples, target)).unwrap().unwrap();
            for span in weights.spans() {
                let sum: i64 = weights.of(*span).pairs.iter().flatten().map(|w| i64::from(*w)).sum();
                let taps = i64::try_from(span.end - span.first).unwrap();
                assert!((sum - (1 << weights.precision)).abs() <= taps.div_euclid(2) + 1, "{samples} to {target}");
            }
        }
    }

    #[test]
    fn the_precision_is_the_most_that_the_largest_weight_allows() {
        // 0.5 × 2^15 is below 2^15, and 0.5 × 2^16 is not.
        assert_eq!(precision::<u8>(0.5), 15);
        assert_eq!(precision::<u8>(0.464), 16);
        assert_eq!(precision::<u8>(1.0), 14);
        assert_eq!(precision::<u8>(0.000_1), 21);
        assert_eq!(precision::<u16>(0.5), 31);
        assert_eq!(precision::<u16>(0.000_01), 45);
    }

    #[test]
    fn an_axis_that_stays_has_no_weights() {
        assert!(Weights::<u8>::new(&StoredAxis::whole(9, 9)).unwrap().is_none());
        let extent = Extent { start: 0, end: 10, offset: 0.25, len: 9.0 };
        assert!(Weights::<u8>::new(&StoredAxis { extent, ..StoredAxis::whole(10, 9) }).unwrap().is_some());
    }

    #[test]
    fn a_mirrored_axis_has_the_same_weights_from_the_other_end() {
        let extent = Extent { start: 3, end: 96, offset: 0.25, len: 92.5 };
        let axis = StoredAxis { extent, samples: 100, target: 31, is_mirrored: false };
        let whole = Weights::<u8>::new(&axis).unwrap().unwrap();
        let mirrored = Weights::<u8>::new(&StoredAxis { is_mirrored: true, ..axis }).unwrap().unwrap();
        for (span, other) in whole.spans().iter().zip(mirrored.spans().iter().rev()) {
            assert_eq!((other.first, other.end), (93 - span.end, 93 - span.first));
            let taps = |weights: &Weights<u8>, span: Span| -> Vec<i16> {
                weights.of(span).pairs.as_flattened()[..span.end - span.first].to_vec()
            };
            let reversed: Vec<i16> = taps(&mirrored, *other).into_iter().rev().collect();
            assert_eq!(taps(&whole, *span), reversed);
        }
    }

    #[test]
    fn no_later_span_needs_a_sample_before_needed_from() {
        for (samples, target) in [(16, 8), (30, 20), (100, 99), (7, 21)] {
            let weights = Weights::<u16>::new(&StoredAxis::whole(samples, target)).unwrap().unwrap();
            for (i, span) in weights.spans().iter().enumerate() {
                let smallest = weights.spans()[i..].iter().map(|s| s.first).min();
                assert_eq!(smallest, Some(span.needed_from));
            }
        }
    }
}
