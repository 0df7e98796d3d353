//! Composes transparent pixels over a colour.

use std::cell::Cell;

use image_ingest_samples::CpuTimer;

use crate::each_pixel::each_pixel;
use crate::result::Result;

/// Composes 8-bit RGBA over `matte` into RGB, and says whether any pixel was not opaque. What `out` held is forgotten.
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
/// let mut rgb = Vec::new();
/// let was_transparent = compose(&[10, 20, 30, 255, 9, 9, 9, 0], [255, 255, 255], &mut rgb, &CpuTimer::default())?;
/// assert_eq!((rgb, was_transparent), (vec![10, 20, 30, 255, 255, 255], true));
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
///
/// # Errors
///
/// [`WorkError::OutOfMemory`](image_ingest_samples::WorkError::OutOfMemory), `Deadline`, `Cancelled`.
pub fn compose(samples: &[u8], matte: [u8; 3], out: &mut Vec<u8>, timer: &CpuTimer<'_>) -> Result<bool> {
    let is_opaque = Cell::new(true);
    each_pixel(samples, out, timer, |&[r, g, b, alpha]| {
        if alpha == u8::MAX {
            return [r, g, b];
        }
        is_opaque.set(false);
        [over(r, matte[0], alpha), over(g, matte[1], alpha), over(b, matte[2], alpha)]
    })?;
    Ok(!is_opaque.get())
}

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
        let pixels = [10, 20, 30, 255, 9, 9, 9, 0, 200, 0, 0, 128];
        let mut out = Vec::new();
        assert!(compose(&pixels, [255, 255, 255], &mut out, &timer).unwrap());
        assert_eq!(out, [10, 20, 30, 255, 255, 255, 227, 127, 127]);
        assert!(!compose(&[1, 2, 3, 255], [0; 3], &mut out, &timer).unwrap());
        assert_eq!(out, [1, 2, 3]);
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
