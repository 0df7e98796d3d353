//! Composes transparent pixels over a colour.

use image_ingest_samples::CpuTimer;

use crate::result::Result;

/// Composes 8-bit RGBA over `matte` and gives RGB, with whether any pixel was not opaque.
///
/// Alpha is not premultiplied. A channel is `(value × alpha + matte × (255 − alpha)) / 255`, rounded to nearest; that
/// is at most 255 × 255, and both extremes are exact. What is left over of a length that is no multiple of four is
/// dropped.
///
/// ```
/// use image_ingest_color::compose;
///
/// use image_ingest_samples::CpuTimer;
///
/// let pixels = vec![10, 20, 30, 255, 9, 9, 9, 0];
/// let (rgb, was_transparent) = compose(pixels, [255, 255, 255], &CpuTimer::default())?;
/// assert_eq!((rgb, was_transparent), (vec![10, 20, 30, 255, 255, 255], true));
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
///
/// # Errors
///
/// [`WorkError::Deadline`](image_ingest_samples::WorkError::Deadline), `Cancelled`.
pub fn compose(mut samples: Vec<u8>, matte: [u8; 3], timer: &CpuTimer<'_>) -> Result<(Vec<u8>, bool)> {
    let mut was_transparent = false;
    let pixels = samples.len() / 4;
    // In place: pixel `i` is read from `4 × i` and written to `3 × i`, which is never ahead of what is still to be
    // read.
    for i in 0..pixels {
        if i.is_multiple_of(STRETCH) {
            timer.check()?;
        }
        let [r, g, b, alpha] = [samples[4 * i], samples[4 * i + 1], samples[4 * i + 2], samples[4 * i + 3]];
        was_transparent |= alpha != 255;
        for (c, (value, under)) in [r, g, b].into_iter().zip(matte).enumerate() {
            samples[3 * i + c] = over(value, under, alpha);
        }
    }
    samples.truncate(pixels * 3);
    Ok((samples, was_transparent))
}

/// Pixels that are composed between two looks at the budget.
const STRETCH: usize = 1 << 14;

fn over(value: u8, under: u8, alpha: u8) -> u8 {
    let sum = u32::from(value) * u32::from(alpha) + u32::from(under) * u32::from(255 - alpha);
    u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composing_keeps_opaque_pixels_and_shows_the_matte_under_clear_ones() {
        let timer = CpuTimer::default();
        let pixels = vec![10, 20, 30, 255, 9, 9, 9, 0, 200, 0, 0, 128];
        let (out, was_transparent) = compose(pixels, [255, 255, 255], &timer).unwrap();
        assert_eq!(out, [10, 20, 30, 255, 255, 255, 227, 127, 127]);
        assert!(was_transparent);
        assert!(!compose(vec![1, 2, 3, 255], [0; 3], &timer).unwrap().1);
    }

    #[test]
    fn a_colour_over_itself_stays_what_it_is() {
        for value in 0..=255 {
            for alpha in 0..=255 {
                assert_eq!(over(value, value, alpha), value, "{alpha}");
            }
        }
    }
}
