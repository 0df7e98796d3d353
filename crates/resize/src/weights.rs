//! What each target sample takes from which source samples: Catmull-Rom, widened by the scale, in fixed point.
//!
//! The same numbers as fast_image_resize's, so that bands of rows give what its whole frames give. A polynomial and the
//! basic operations of IEEE 754: the same on every machine.

use image_ingest_samples::WorkError;

use crate::reduction::Extent;
use crate::result::Result;

/// How a kind of sample stores its weights.
pub(crate) trait FixedPoint: Sized {
    /// Weights as the kernels want them.
    type Weight: Copy + std::fmt::Debug;
    /// Bits of a weight's magnitude.
    const WEIGHT_BITS: u32;
    /// The most fraction bits of a weight with which a sum still fits its register.
    const MOST_PRECISION: u32;

    /// Appends weights in units of `1 / one`.
    fn fix(weights: &[f64], one: f64, to: &mut Vec<Self::Weight>);
}

/// The weights of every target sample along one axis.
#[derive(Debug, Clone)]
pub(crate) struct Weights<T: FixedPoint> {
    spans: Vec<Span>,
    values: Vec<T::Weight>,
    /// Fraction bits of the weights.
    pub(crate) precision: u32,
}

/// The source samples of one target sample, counted from the extent's start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) first: usize,
    pub(crate) end: usize,
    /// The first source sample of this target sample or any later one: zero weights at an end are left out, so a window
    /// may begin before its predecessor's.
    pub(crate) needed_from: usize,
    weights_at: usize,
    weights_end: usize,
}

impl<T: FixedPoint> Weights<T> {
    /// The weights that bring `extent` to `target` samples; `None` where that changes nothing.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(extent: &Extent, target: u32) -> Result<Option<Self>> {
        if extent.is_identity(target) {
            return Ok(None);
        }
        let (mut weights, mut largest) = (Vec::new(), 0.0_f64);
        for i in 0..target {
            catmull_rom(extent, target, i, &mut weights)?;
            largest = weights.iter().copied().fold(largest, f64::max);
        }
        let precision = precision::<T>(largest);
        let one = power_of_two(precision);
        let (mut spans, mut values) = (Vec::<Span>::new(), Vec::new());
        reserve(&mut spans, target as usize)?;
        for i in 0..target {
            let first = catmull_rom(extent, target, i, &mut weights)?;
            let weights_at = values.len();
            reserve(&mut values, weights.len())?;
            T::fix(&weights, one, &mut values);
            let end = first + weights.len();
            spans.push(Span { first, end, needed_from: first, weights_at, weights_end: values.len() });
        }
        spans.iter_mut().rev().fold(usize::MAX, |later, span| {
            span.needed_from = span.first.min(later);
            span.needed_from
        });
        Ok(Some(Self { spans, values, precision }))
    }

    pub(crate) fn span(&self, target: usize) -> Option<Span> {
        self.spans.get(target).copied()
    }

    pub(crate) fn spans(&self) -> &[Span] {
        &self.spans
    }

    pub(crate) fn of(&self, span: Span) -> &[T::Weight] {
        &self.values[span.weights_at..span.weights_end]
    }
}

/// The first source sample of target sample `i`, whose weights, of sum 1, are left in `weights`; none at either end is zero.
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
    weights.extend((first..end).map(|x| kernel((f64::from(x) - (middle - 0.5)) * shrink)).skip_while(|w| *w == 0.0));
    let first = end as usize - weights.len();
    let sum: f64 = weights.iter().sum();
    weights.truncate(weights.iter().rposition(|w| *w != 0.0).map_or(0, |last| last + 1));
    if sum != 0.0 {
        weights.iter_mut().for_each(|w| *w /= sum);
    }
    Ok(first)
}

fn reserve<T>(v: &mut Vec<T>, more: usize) -> Result<()> {
    let bytes = (more as u64).saturating_mul(size_of::<T>() as u64);
    v.try_reserve(more).map_err(|_| WorkError::OutOfMemory { bytes })
}

fn kernel(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

/// The most fraction bits with which the largest weight, doubled, stays below `2^WEIGHT_BITS`.
fn precision<T: FixedPoint>(largest: f64) -> u32 {
    let fits = |precision: u32| (largest * power_of_two(precision + 1)).round() < power_of_two(T::WEIGHT_BITS);
    (0..T::MOST_PRECISION).find(|&p| !fits(p)).unwrap_or(T::MOST_PRECISION)
}

fn power_of_two(exponent: u32) -> f64 {
    (1u64 << exponent) as f64
}
