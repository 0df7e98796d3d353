//! How much of each box of an axis goes into each point of a small grid.
//!
//! Weights are stated for single pixels and added up box by box, so a grid does not depend on where boxes end, but for what
//! a weight changes within one. They are fixed-point numbers made of quotients of integers, which IEEE 754 fixes.

/// Fraction bits of a weight. The weights of a point add up to 1, so a sum over both axes is below 2^44 times a sample.
pub(crate) const WEIGHT_BITS: u32 = 22;

/// The weights of all points along one axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AxisWeights {
    pub(crate) points: Vec<PointWeights>,
}

/// The boxes of one point, which lie side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PointWeights {
    /// The first box.
    pub(crate) start: usize,
    /// The weights of samples of these boxes. A box of several samples has the mean weight of its samples.
    pub(crate) weights: Vec<u32>,
}

impl PointWeights {
    /// The box after the last.
    pub(crate) fn end(&self) -> usize {
        self.start + self.weights.len()
    }
}

/// How the samples of an axis lie in boxes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BoxedAxis {
    /// Pixels of the picture.
    pub(crate) pixels: u32,
    /// Pixels that a sample covers: 2 for chroma of 4:2:0, else 1. The last sample may cover fewer.
    pub(crate) pixels_per_sample: u32,
    /// Samples of a box; the last one may have fewer.
    pub(crate) samples_per_box: u32,
}

impl BoxedAxis {
    fn samples(self) -> u32 {
        self.pixels.div_ceil(self.pixels_per_sample)
    }

    /// Samples of box `index`.
    fn samples_of(self, index: u32) -> u32 {
        self.samples_per_box.min(self.samples() - index * self.samples_per_box)
    }

    /// The weights of `points` even stretches of the picture, each pixel by how much of it lies in the stretch.
    pub(crate) fn areas(self, points: u32) -> AxisWeights {
        let (len, box_len) = (u64::from(self.pixels), u64::from(self.pixels_per_sample * self.samples_per_box));
        let points = (0..u64::from(points)).map(|i| {
            // In parts of a pixel, of which it has as many as there are points.
            let parts = u64::from(points);
            let (from, to) = (i * len, (i + 1) * len);
            let first = from / (box_len * parts);
            let last = (to - 1) / (box_len * parts);
            let weights = (first..=last).map(|index| {
                let (start, end) = (index * box_len * parts, ((index + 1) * box_len).min(len) * parts);
                let overlap = end.min(to) - start.max(from);
                fixed(overlap as f64 / (len as f64 * f64::from(self.samples_of(low(index)))))
            });
            PointWeights { start: low(first) as usize, weights: weights.collect() }
        });
        AxisWeights { points: points.collect() }
    }

    /// The weights of 64 samples of luma filtered twice by a mean: PDQ's filter, for an axis without subsampling.
    ///
    /// Its mean has a 128th of the axis, rounded up, in pixels. One of an even number of pixels has one more of them above its
    /// pixel than below. Past the ends there are none, so means have fewer pixels there.
    pub(crate) fn tents(self) -> AxisWeights {
        let len = self.pixels as usize;
        let mean = len.div_ceil(2 * PDQ_SIDE).max(1);
        let above = (mean + 2) / 2 - 1;
        let window = |at: usize| at.saturating_sub(mean - 1 - above)..(at + above + 1).min(len);
        let points = (0..PDQ_SIDE).map(|i| {
            let pixels = window((2 * i + 1) * len / (2 * PDQ_SIDE));
            let (start, end) = (window(pixels.start).start, window(pixels.end - 1).end);
            let mut weights = vec![0.0; end - start];
            for pixel in pixels.clone() {
                let inner = window(pixel);
                let weight = 1.0 / (pixels.len() * inner.len()) as f64;
                weights[inner.start - start..inner.end - start].iter_mut().for_each(|sum| *sum += weight);
            }
            self.boxed(start, &weights)
        });
        AxisWeights { points: points.collect() }
    }

    /// The weights of pixels from `start` on, added up box by box.
    fn boxed(self, start: usize, weights: &[f64]) -> PointWeights {
        let side = self.samples_per_box as usize;
        let (first, last) = (start / side, (start + weights.len() - 1) / side);
        let of_box = |index: usize| {
            let pixels = (index * side).max(start) - start..((index + 1) * side - start).min(weights.len());
            fixed(weights[pixels].iter().sum::<f64>() / f64::from(self.samples_of(low(index as u64))))
        };
        PointWeights { start: first, weights: (first..=last).map(of_box).collect() }
    }
}

/// Points of PDQ's grid along an axis.
pub(crate) const PDQ_SIDE: usize = 64;

/// A weight of 0–1, rounded half up.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a weight is between 0 and 1")]
fn fixed(weight: f64) -> u32 {
    (weight * f64::from(1 << WEIGHT_BITS) + 0.5) as u32
}

/// An index or a count of pixels, of which an axis has fewer than 65 536.
#[expect(clippy::cast_possible_truncation, reason = "below 65 536")]
fn low(value: u64) -> u32 {
    value as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: u32 = 1 << WEIGHT_BITS;

    fn axis(pixels: u32, samples_per_box: u32) -> BoxedAxis {
        BoxedAxis { pixels, pixels_per_sample: 1, samples_per_box }
    }

    fn weights(points: &AxisWeights) -> Vec<(usize, &[u32])> {
        points.points.iter().map(|point| (point.start, &point.weights[..])).collect()
    }

    #[test]
    fn an_axis_of_as_many_pixels_as_points_stays_as_it_is() {
        let expected: Vec<_> = (0..64).map(|i| (i, &[ONE][..])).collect();
        assert_eq!(weights(&axis(64, 1).areas(64)), expected);
        assert_eq!(weights(&axis(64, 1).tents()), expected);
    }

    #[test]
    fn a_pixel_on_the_border_of_two_stretches_belongs_to_both() {
        let (third, two) = (ONE / 3, (2 * ONE).div_ceil(3));
        assert_eq!(weights(&axis(3, 1).areas(2)), [(0, &[two, third][..]), (1, &[third, two][..])]);
    }

    #[test]
    fn chroma_covers_two_pixels_and_the_last_may_cover_one() {
        let chroma = BoxedAxis { pixels: 5, pixels_per_sample: 2, samples_per_box: 1 };
        let fifths = |n: u32| (n * ONE + 2) / 5;
        assert_eq!(weights(&chroma.areas(1)), [(0, &[fifths(2), fifths(2), fifths(1)][..])]);
    }

    #[test]
    fn a_short_axis_repeats_its_pixels() {
        let starts: Vec<_> = axis(5, 1).tents().points.iter().map(|point| point.start).collect();
        assert_eq!((starts[0], starts[12], starts[13], starts[63]), (0, 0, 1, 4));
    }

    #[test]
    fn a_tent_of_three_pixels_weighs_its_middle_most() {
        // A mean of two pixels, twice.
        let (quarter, half) = (ONE / 4, ONE / 2);
        let tents = axis(192, 1).tents();
        assert_eq!(weights(&tents)[0], (1, &[quarter, half, quarter][..]));
        // The mean of the last pixel has one pixel less.
        let tents = axis(256, 1).tents();
        assert_eq!(weights(&tents)[63], (254, &[quarter, 3 * quarter][..]));
    }

    #[test]
    fn neither_the_first_nor_the_last_boxes_of_points_ever_decrease() {
        for (pixels, side) in
            [(1, 1), (5, 1), (63, 1), (64, 1), (100, 1), (1000, 1), (2017, 3), (1365, 2), (16_383, 31)]
        {
            let axis = axis(pixels, side);
            for points in [axis.tents(), axis.areas(pixels.min(100))] {
                assert!(points.points.is_sorted_by_key(|point| point.start), "{pixels}");
                assert!(points.points.is_sorted_by_key(PointWeights::end), "{pixels}");
            }
        }
    }

    #[test]
    fn the_weights_of_a_point_add_up_to_one_over_the_samples_of_its_boxes() {
        for (pixels, side) in [(5, 1), (63, 1), (100, 1), (1000, 1), (2016, 3), (2017, 3), (1365, 2), (16_383, 31)] {
            let axis = axis(pixels, side);
            for (points, what) in [(axis.tents(), "tents"), (axis.areas(pixels.min(100)), "areas")] {
                for point in &points.points {
                    let samples = |index: usize| axis.samples_of(u32::try_from(index).unwrap());
                    let sum: u32 = (point.start..).zip(&point.weights).map(|(i, weight)| weight * samples(i)).sum();
                    assert!(sum.abs_diff(ONE) <= 1200, "{what} of {pixels}: {sum}");
                }
            }
        }
    }
}
