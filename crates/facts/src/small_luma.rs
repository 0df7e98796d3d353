//! The luma of a small picture, pixel by pixel, for its PDQ hash.
//!
//! A picture of at most 128 pixels a side is not filtered: each of PDQ's 64 × 64 samples is a pixel. An icon has frequencies that
//! are nothing but rounding, and its bits are what that leaves, so here the reference's operations are repeated one by one, in its
//! numbers of 32 bits, which IEEE 754 fixes.

use image_ingest_samples::{Orientation, Size, reserve_exact};

use crate::axis::PDQ_SIDE;
use crate::pdq::{MIN_SIDE, PdqSamples};
use crate::result::Result;

/// The luma of a picture that comes as it is stored.
pub(crate) struct SmallLuma {
    orientation: Orientation,
    /// The size of the upright picture.
    size: Size,
    /// The pixels that have come.
    stored: Vec<f32>,
}

impl SmallLuma {
    /// Whether a picture of that size is hashed from its pixels.
    pub(crate) fn takes(size: Size) -> bool {
        size.width.min(size.height) >= MIN_SIDE && size.longer() <= LONGEST_SIDE
    }

    /// No pixel yet of a picture that has `size` when it is upright.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(orientation: Orientation, size: Size) -> Result<Self> {
        let mut stored = Vec::new();
        reserve_exact(&mut stored, size.width as usize * size.height as usize)?;
        Ok(Self { orientation, size, stored })
    }

    /// Takes the next pixels, of which there are no more than the picture has.
    pub(crate) fn push(&mut self, pixels: impl Iterator<Item = [u8; 3]>) {
        self.stored.extend(pixels.map(luma));
    }

    /// PDQ's samples.
    pub(crate) fn samples(self) -> PdqSamples {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let mut luma = self.upright();
        if (width, height) != (PDQ_SIDE, PDQ_SIDE) {
            for _ in 0..2 {
                (0..height).for_each(|y| running_mean(&mut luma, y * width, 1, width));
                (0..width).for_each(|x| running_mean(&mut luma, x, width, height));
            }
        }
        let at = |i: usize, len: usize| (2 * i + 1) * len / (2 * PDQ_SIDE);
        let mut samples = PdqSamples::zero();
        for (y, row) in samples.0.iter_mut().enumerate() {
            for (x, sample) in row.iter_mut().enumerate() {
                *sample = luma[at(y, height) * width + at(x, width)];
            }
        }
        samples
    }

    /// The pixels of the upright picture, row by row.
    fn upright(&self) -> Vec<f32> {
        let (transpose, mirror_x, mirror_y) = self.orientation.parts();
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let pixel = |i: usize| {
            let (x, y) = (i % width, i / width);
            let x = if mirror_x { width - 1 - x } else { x };
            let y = if mirror_y { height - 1 - y } else { y };
            let at = if transpose { x * height + y } else { y * width + x };
            self.stored.get(at).copied().unwrap_or(0.0)
        };
        (0..width * height).map(pixel).collect()
    }
}

/// The longest side that PDQ filters by a mean of one pixel: its mean has a 128th of an axis, rounded up.
const LONGEST_SIDE: u32 = 128;

/// Luma by the weights of BT.601, made in 64 bits.
#[expect(clippy::cast_possible_truncation, reason = "the rounding is the reference's")]
fn luma([r, g, b]: [u8; 3]) -> f32 {
    (f64::from(r) * 0.299 + f64::from(g) * 0.587 + f64::from(b) * 0.114) as f32
}

/// The mean of one sample, which is the sample but for what two roundings leave: each is added to a running sum, and the one before
/// is subtracted.
fn running_mean(samples: &mut [f32], start: usize, step: usize, len: usize) {
    let (mut sum, mut before) = (0.0, 0.0);
    for sample in samples[start..].iter_mut().step_by(step).take(len) {
        sum = (sum + *sample) - before;
        before = std::mem::replace(sample, sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_of_5_to_128_pixels_is_small() {
        let takes = |width, height| SmallLuma::takes(Size::new(width, height));
        assert!(takes(5, 5) && takes(128, 128) && takes(5, 128));
        assert!(!takes(4, 128) && !takes(129, 100) && !takes(100, 129));
    }

    #[test]
    fn samples_are_the_pixels_at_the_middle_of_64_stretches() {
        let mut small = SmallLuma::new(Orientation::Upright, Size::new(128, 32)).unwrap();
        small.push((0..32).flat_map(|y| (0..128).map(move |x| [x + y; 3])));
        let PdqSamples(samples) = small.samples();
        let is_near = |sample: f32, luma: f32| (sample - luma).abs() < 1e-3;
        assert!(is_near(samples[0][0], 1.0) && is_near(samples[1][63], 127.0), "{:?}", samples[1]);
        assert!(is_near(samples[63][0], 32.0) && is_near(samples[2][0], 2.0));
    }

    #[test]
    fn what_is_stored_turned_has_the_samples_of_the_upright_picture() {
        let samples = |orientation, stored: [u8; 30]| {
            let mut small = SmallLuma::new(orientation, Size::new(6, 5)).unwrap();
            small.push(stored.into_iter().map(|sample| [sample, 2 * sample, 0]));
            small.samples().0
        };
        let upright: [u8; 30] = std::array::from_fn(|i| u8::try_from(i).unwrap());
        let expected = samples(Orientation::Upright, upright);
        // Rows of the stored pictures: five by six, six by five.
        let quarter = std::array::from_fn(|i| upright[(i % 5) * 6 + 5 - i / 5]);
        assert_eq!(samples(Orientation::Rotate90, quarter), expected);
        let half = std::array::from_fn(|i| upright[29 - i]);
        assert_eq!(samples(Orientation::Rotate180, half), expected);
    }
}
