//! Converts a raster at canonical size to 8-bit sRGB.

use image_ingest_samples::{Avx2, Layout, Raster, Samples, Size, Workers, zeroed};

use crate::conversion::Conversion;
use crate::depth::{eight_bits, sixteen_bits};
use crate::described;
use crate::description::ColorModel;
use crate::dispatch;
use crate::each_pixel::each_pixel;
use crate::grid::ColorGrid;
use crate::hdr;
use crate::profile::ColorProfile;
use crate::result::Result;
use crate::shaper::{Luminance, Shaper, grays};

/// Converts a raster to 8-bit sRGB by the conversion that [`conversion`](crate::conversion()) decided on.
///
/// Gray stays gray, CMYK becomes RGB, and alpha is kept. 16 bits become 8 by rounding to nearest.
///
/// ```
/// use image_ingest_color::{Conversion, to_srgb};
/// use image_ingest_samples::{Layout, Raster, Samples, Size, Workers};
///
/// let inks = Raster::new(Size::new(1, 1), Layout::Cmyk, Samples::U8(vec![0, 255, 255, 0]))?;
/// let red = to_srgb(inks, &Conversion::Identity, Workers::default())?;
/// assert_eq!((red.layout, red.samples), (Layout::Rgb, Samples::U8(vec![255, 0, 0])));
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
///
/// # Errors
///
/// [`WorkError::OutOfMemory`](image_ingest_samples::WorkError::OutOfMemory), and `Deadline` or `Cancelled` by the
/// budget of `workers`.
pub fn to_srgb(raster: Raster, conversion: &Conversion, workers: Workers<'_>) -> Result<Raster> {
    match conversion {
        Conversion::Identity | Conversion::ProfileIgnored => plain(raster, workers),
        Conversion::ToneMap(cicp) => hdr::tone_map(raster, *cicp, workers),
        Conversion::Profile(description) => {
            let model = match raster.layout {
                Layout::Gray => ColorModel::Gray,
                Layout::Rgb | Layout::Rgba => ColorModel::Rgb,
                Layout::Cmyk => ColorModel::Cmyk,
            };
            // Gray with alpha comes as RGBA, and its profile is one of gray.
            match described::read(description, model).or_else(|| described::read(description, ColorModel::Gray)) {
                Some(profile) => through(raster, &profile, workers),
                None => plain(raster, workers),
            }
        }
    }
}

/// Converts by a profile. Samples that it does not fit keep their values.
fn through(raster: Raster, profile: &ColorProfile<'_>, workers: Workers<'_>) -> Result<Raster> {
    match (profile, raster.layout) {
        (ColorProfile::Gray(gray), Layout::Gray | Layout::Rgba) => {
            one_channel(raster, &Luminance::Curve(gray), workers)
        }
        (ColorProfile::Matrix(matrix), Layout::Rgb | Layout::Rgba) => match &raster.samples {
            Samples::U8(v) if raster.layout == Layout::Rgb => {
                rgb_by_shaper(v, raster.size, &Shaper::new(matrix, &workers.timer())?, workers)
            }
            Samples::U8(v) => by_shaper(v, &raster, &Shaper::<256>::new(matrix, &workers.timer())?, |a| a, workers),
            Samples::U16(v) => {
                by_shaper(v, &raster, &Shaper::<65_536>::new(matrix, &workers.timer())?, eight_bits, workers)
            }
        },
        (ColorProfile::Table(table), layout) => match (table.space.channels(), layout) {
            (1, Layout::Gray | Layout::Rgba) => one_channel(raster, &Luminance::Table(table), workers),
            (3, Layout::Rgb | Layout::Rgba) | (4, Layout::Cmyk) => {
                by_grid(&raster, &ColorGrid::new(table, &workers.timer())?, workers)
            }
            _ => plain(raster, workers),
        },
        _ => plain(raster, workers),
    }
}

/// RGB of 8 bits, which most pictures with a profile are.
fn rgb_by_shaper(source: &[u8], size: Size, shaper: &Shaper<256>, workers: Workers<'_>) -> Result<Raster> {
    let mut out = zeroed(source.len())?;
    let avx2 = Avx2::find();
    workers.map([source.as_chunks().0], out.as_chunks_mut().0, |[pixels], out| {
        dispatch::shape(shaper, pixels, out, avx2);
    })?;
    Raster::new(size, Layout::Rgb, Samples::U8(out))
}

fn by_shaper<T: Copy + Into<usize> + Sync, const N: usize>(
    source: &[T],
    raster: &Raster,
    shaper: &Shaper<N>,
    alpha: impl Fn(T) -> u8 + Sync,
    workers: Workers<'_>,
) -> Result<Raster> {
    if raster.layout == Layout::Rgba {
        each_pixel(source, raster, workers, |&[r, g, b, a]| with_alpha(shaper.rgb([r, g, b]), alpha(a)))
    } else {
        each_pixel(source, raster, workers, |&rgb| shaper.rgb::<T>(rgb))
    }
}

fn by_grid(raster: &Raster, grid: &ColorGrid, workers: Workers<'_>) -> Result<Raster> {
    match (&raster.samples, raster.layout) {
        (Samples::U8(v), Layout::Cmyk) => each_pixel(v, raster, workers, |inks| grid.cmyk(inks.map(sixteen_bits))),
        (Samples::U16(v), Layout::Cmyk) => each_pixel(v, raster, workers, |inks| grid.cmyk(*inks)),
        (Samples::U8(v), Layout::Rgba) => {
            each_pixel(v, raster, workers, |&[r, g, b, a]| with_alpha(grid.rgb([r, g, b].map(sixteen_bits)), a))
        }
        (Samples::U16(v), Layout::Rgba) => {
            each_pixel(v, raster, workers, |&[r, g, b, a]| with_alpha(grid.rgb([r, g, b]), eight_bits(a)))
        }
        (Samples::U8(v), _) => each_pixel(v, raster, workers, |rgb| grid.rgb(rgb.map(sixteen_bits))),
        (Samples::U16(v), _) => each_pixel(v, raster, workers, |rgb| grid.rgb(*rgb)),
    }
}

fn with_alpha([r, g, b]: [u8; 3], a: u8) -> [u8; 4] {
    [r, g, b, a]
}

/// Converts gray, or RGBA whose colour channels are equal, of which it keeps alpha.
fn one_channel(raster: Raster, luminance: &Luminance<'_>, workers: Workers<'_>) -> Result<Raster> {
    let count = if matches!(raster.samples, Samples::U8(_)) { 256 } else { 65_536 };
    let table = grays(luminance, count, &workers.timer())?;
    match (raster.samples, raster.layout) {
        (Samples::U8(v), Layout::Rgba) => {
            let raster = Raster { samples: Samples::U8(Vec::new()), ..raster };
            each_pixel(&v, &raster, workers, |&[g, _, _, a]| with_alpha([table[usize::from(g)]; 3], a))
        }
        (Samples::U16(v), Layout::Rgba) => {
            let raster = Raster { samples: Samples::U8(Vec::new()), ..raster };
            each_pixel(&v, &raster, workers, |&[g, _, _, a]| with_alpha([table[usize::from(g)]; 3], eight_bits(a)))
        }
        (Samples::U8(mut v), layout) => {
            let timer = workers.timer();
            for stretch in v.chunks_mut(STRETCH) {
                timer.check()?;
                stretch.iter_mut().for_each(|g| *g = table[usize::from(*g)]);
            }
            Raster::new(raster.size, layout, Samples::U8(v))
        }
        (Samples::U16(v), layout) => {
            Raster::new(raster.size, layout, Samples::U8(narrowed(&v, workers, |g| table[usize::from(g)])?))
        }
    }
}

/// Rounds to 8 bits and keeps values. CMYK without a profile becomes RGB as if inks were ideal: light passes an ink and
/// then black.
fn plain(raster: Raster, workers: Workers<'_>) -> Result<Raster> {
    let mut samples = match raster.samples {
        Samples::U8(v) => v,
        Samples::U16(v) => narrowed(&v, workers, eight_bits)?,
    };
    if raster.layout != Layout::Cmyk {
        return Raster::new(raster.size, raster.layout, Samples::U8(samples));
    }
    // In place: pixel `i` is written to `3 × i`, which is never ahead of `4 × i`, where it is read.
    let (pixels, timer) = (samples.len() / 4, workers.timer());
    for i in 0..pixels {
        if i.is_multiple_of(STRETCH) {
            timer.check()?;
        }
        let [c, m, y, k] = [samples[4 * i], samples[4 * i + 1], samples[4 * i + 2], samples[4 * i + 3]];
        samples[3 * i..3 * i + 3].copy_from_slice(&[c, m, y].map(|ink| light(ink, k)));
    }
    samples.truncate(pixels * 3);
    Raster::new(raster.size, Layout::Rgb, Samples::U8(samples))
}

/// 8-bit samples made of 16-bit ones.
fn narrowed(samples: &[u16], workers: Workers<'_>, narrow: impl Fn(u16) -> u8 + Sync) -> Result<Vec<u8>> {
    let mut out = zeroed(samples.len())?;
    workers.map([samples], &mut out, |[samples], out| {
        out.iter_mut().zip(samples).for_each(|(to, &from)| *to = narrow(from));
    })?;
    Ok(out)
}

/// Pixels that are converted between two looks at the budget.
const STRETCH: usize = 1 << 14;

/// The light that an ink and black let through, 0–255, rounded to nearest.
fn light(ink: u8, key: u8) -> u8 {
    let product = u32::from(255 - ink) * u32::from(255 - key);
    u8::try_from((product + 127) / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image_ingest_samples::Size;

    #[test]
    fn inks_without_a_profile_are_ideal() {
        assert_eq!([light(0, 0), light(255, 0), light(0, 255), light(51, 51), light(128, 0)], [255, 0, 0, 163, 127]);
    }

    #[test]
    fn sixteen_bits_become_the_nearest_of_eight() {
        for v in 0..=255u8 {
            let middle = sixteen_bits(v);
            assert_eq!([middle.saturating_sub(128), middle, middle.saturating_add(128)].map(eight_bits), [v; 3]);
        }
        let raster = Raster::new(Size::new(2, 1), Layout::Gray, Samples::U16(vec![128, 129])).unwrap();
        assert_eq!(plain(raster, Workers::default()).unwrap().samples, Samples::U8(vec![0, 1]));
    }
}
