//! Converts interleaved samples to 8-bit sRGB, a few rows at a time or all of them.

use image_ingest_samples::{Avx2, CpuTimer, Layout, Raster, SampleSlice, Samples, WorkError};

use crate::conversion::Conversion;
use crate::depth::{eight_bits, sixteen_bits};
use crate::described;
use crate::description::ColorModel;
use crate::dispatch;
use crate::each_pixel::{each_pixel, in_stretches};
use crate::grid::ColorGrid;
use crate::hdr::ToneCurve;
use crate::profile::ColorProfile;
use crate::result::Result;
use crate::shaper::{Luminance, Shaper, grays};

/// Converts a raster to 8-bit sRGB by the conversion that [`conversion`](crate::conversion()) decided on.
///
/// Gray stays gray, CMYK becomes RGB, and alpha is kept. 16 bits become 8 by rounding to nearest. [`SrgbConverter`] does
/// the same for samples that come a few rows at a time.
///
/// ```
/// use image_ingest_color::{Conversion, to_srgb};
/// use image_ingest_samples::{CpuTimer, Layout, Raster, Samples, Size};
///
/// let inks = Raster::new(Size::new(1, 1), Layout::Cmyk, Samples::U8(vec![0, 255, 255, 0]))?;
/// let red = to_srgb(inks, &Conversion::Identity, &CpuTimer::default())?;
/// assert_eq!((red.layout, red.samples), (Layout::Rgb, Samples::U8(vec![255, 0, 0])));
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
///
/// # Errors
///
/// [`WorkError::OutOfMemory`]; [`WorkError::Deadline`] or [`WorkError::Cancelled`] by the budget of `timer`.
pub fn to_srgb(raster: Raster, conversion: &Conversion, timer: &CpuTimer<'_>) -> Result<Raster> {
    let is_deep = matches!(raster.samples, Samples::U16(_));
    let mut converter = SrgbConverter::new(conversion, raster.layout, is_deep, timer)?;
    if matches!(converter.way, Way::Kept) && !is_deep {
        return Ok(raster);
    }
    converter.convert(raster.samples.as_slice(), timer)?;
    Raster::new(raster.size, converter.layout(), Samples::U8(converter.out))
}

/// Converts interleaved samples to 8-bit sRGB, any number of pixels at a time; its tables are made once.
///
/// ```
/// use image_ingest_color::{Conversion, SrgbConverter};
/// use image_ingest_samples::{CpuTimer, Layout, SampleSlice};
///
/// let timer = CpuTimer::default();
/// let mut converter = SrgbConverter::new(&Conversion::Identity, Layout::Gray, true, &timer)?;
/// assert_eq!(converter.convert(SampleSlice::U16(&[0, 65_535]), &timer)?, [0, 255]);
/// assert_eq!(converter.convert(SampleSlice::U16(&[257]), &timer)?, [1]);
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
pub struct SrgbConverter {
    from: Layout,
    is_deep: bool,
    way: Way,
    out: Vec<u8>,
}

/// What happens to samples.
enum Way {
    /// They keep their values, and are rounded to 8 bits.
    Kept,
    /// Inks without a profile become light.
    Inks,
    /// Each gray has its entry.
    Grays(Vec<u8>),
    Shaper(Shaper<256>),
    DeepShaper(Shaper<65_536>),
    Grid(ColorGrid),
    ToneCurve(ToneCurve),
}

impl SrgbConverter {
    /// A converter of samples of 8 bits, or of 16 where they are deep.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`], [`WorkError::Deadline`], [`WorkError::Cancelled`].
    pub fn new(conversion: &Conversion, from: Layout, is_deep: bool, timer: &CpuTimer<'_>) -> Result<Self> {
        let way = match conversion {
            Conversion::Profile(description) => {
                let model = match from {
                    Layout::Gray => ColorModel::Gray,
                    Layout::Rgb | Layout::Rgba => ColorModel::Rgb,
                    Layout::Cmyk => ColorModel::Cmyk,
                };
                // Gray with alpha comes as RGBA, and its profile is one of gray.
                match described::read(description, model).or_else(|| described::read(description, ColorModel::Gray)) {
                    Some(profile) => Way::through(&profile, from, is_deep, timer)?,
                    None => Way::plain(from),
                }
            }
            // Neither PQ nor HLG is defined for inks.
            Conversion::ToneMap(cicp) if from != Layout::Cmyk => Way::ToneCurve(ToneCurve::new(*cicp, timer)?),
            _ => Way::plain(from),
        };
        Ok(Self { from, is_deep, way, out: Vec::new() })
    }

    /// The layout of what comes out: gray, RGB or RGBA.
    #[must_use]
    pub fn layout(&self) -> Layout {
        if self.from == Layout::Cmyk { Layout::Rgb } else { self.from }
    }

    /// Converts whole pixels. The result is lent until the next call; it is `samples` where they keep their values.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`], [`WorkError::Deadline`], [`WorkError::Cancelled`]; [`WorkError::Internal`] for
    /// samples of another depth than announced.
    pub fn convert<'s>(&'s mut self, samples: SampleSlice<'s>, timer: &CpuTimer<'_>) -> Result<&'s [u8]> {
        let Self { from, is_deep, way, out } = self;
        match samples {
            SampleSlice::U8(v) if !*is_deep => {
                if matches!(way, Way::Kept) {
                    return Ok(v);
                }
                way.convert_bytes(v, *from, out, timer)?;
            }
            SampleSlice::U16(v) if *is_deep => way.convert_words(v, *from, out, timer)?,
            _ => return Err(WorkError::internal("samples of another depth than announced")),
        }
        Ok(out)
    }
}

impl Way {
    /// Without a profile that fits.
    fn plain(from: Layout) -> Self {
        if from == Layout::Cmyk { Self::Inks } else { Self::Kept }
    }

    /// By a profile. Samples that it does not fit keep their values.
    fn through(profile: &ColorProfile<'_>, from: Layout, is_deep: bool, timer: &CpuTimer<'_>) -> Result<Self> {
        let grays = |luminance| grays(&luminance, if is_deep { 65_536 } else { 256 }, timer).map(Self::Grays);
        match (profile, from) {
            (ColorProfile::Gray(gray), Layout::Gray | Layout::Rgba) => grays(Luminance::Curve(gray)),
            (ColorProfile::Matrix(matrix), Layout::Rgb | Layout::Rgba) if is_deep => {
                Ok(Self::DeepShaper(Shaper::new(matrix, timer)?))
            }
            (ColorProfile::Matrix(matrix), Layout::Rgb | Layout::Rgba) => Ok(Self::Shaper(Shaper::new(matrix, timer)?)),
            (ColorProfile::Table(table), _) => match (table.space.channels(), from) {
                (1, Layout::Gray | Layout::Rgba) => grays(Luminance::Table(table)),
                (3, Layout::Rgb | Layout::Rgba) | (4, Layout::Cmyk) => Ok(Self::Grid(ColorGrid::new(table, timer)?)),
                _ => Ok(Self::plain(from)),
            },
            _ => Ok(Self::plain(from)),
        }
    }

    fn convert_bytes(&self, v: &[u8], from: Layout, out: &mut Vec<u8>, timer: &CpuTimer<'_>) -> Result<()> {
        let deep = sixteen_bits;
        match (self, from) {
            (Self::Grays(table), Layout::Rgba) => {
                each_pixel(v, out, timer, |&[g, _, _, a]| with_alpha([table[usize::from(g)]; 3], a))
            }
            (Self::Grays(table), _) => each_pixel(v, out, timer, |&[g]| [table[usize::from(g)]]),
            (Self::Shaper(shaper), Layout::Rgba) => {
                each_pixel(v, out, timer, |&[r, g, b, a]| with_alpha(shaper.rgb([r, g, b]), a))
            }
            (Self::Shaper(shaper), _) => rgb_by_shaper(shaper, v, out, timer),
            (Self::Grid(grid), Layout::Cmyk) => each_pixel(v, out, timer, |&inks| grid.cmyk(inks.map(deep))),
            (Self::Grid(grid), Layout::Rgba) => {
                each_pixel(v, out, timer, |&[r, g, b, a]| with_alpha(grid.rgb([r, g, b].map(deep)), a))
            }
            (Self::Grid(grid), _) => each_pixel(v, out, timer, |&rgb| grid.rgb(rgb.map(deep))),
            (Self::ToneCurve(curve), Layout::Gray) => each_pixel(v, out, timer, |&[g]| [curve.map([deep(g); 3])[0]]),
            (Self::ToneCurve(curve), Layout::Rgba) => {
                each_pixel(v, out, timer, |&[r, g, b, a]| with_alpha(curve.map([r, g, b].map(deep)), a))
            }
            (Self::ToneCurve(curve), _) => each_pixel(v, out, timer, |&rgb| curve.map(rgb.map(deep))),
            (Self::Inks, _) => each_pixel(v, out, timer, |&inks| lights(inks)),
            (Self::Kept | Self::DeepShaper(_), _) => each_pixel(v, out, timer, |&sample: &[u8; 1]| sample),
        }
    }

    fn convert_words(&self, v: &[u16], from: Layout, out: &mut Vec<u8>, timer: &CpuTimer<'_>) -> Result<()> {
        match (self, from) {
            (Self::Grays(table), Layout::Rgba) => {
                each_pixel(v, out, timer, |&[g, _, _, a]| with_alpha([table[usize::from(g)]; 3], eight_bits(a)))
            }
            (Self::Grays(table), _) => each_pixel(v, out, timer, |&[g]| [table[usize::from(g)]]),
            (Self::DeepShaper(shaper), Layout::Rgba) => {
                each_pixel(v, out, timer, |&[r, g, b, a]| with_alpha(shaper.rgb([r, g, b]), eight_bits(a)))
            }
            (Self::DeepShaper(shaper), _) => each_pixel(v, out, timer, |&rgb| shaper.rgb(rgb)),
            (Self::Grid(grid), Layout::Cmyk) => each_pixel(v, out, timer, |&inks| grid.cmyk(inks)),
            (Self::Grid(grid), Layout::Rgba) => {
                each_pixel(v, out, timer, |&[r, g, b, a]| with_alpha(grid.rgb([r, g, b]), eight_bits(a)))
            }
            (Self::Grid(grid), _) => each_pixel(v, out, timer, |&rgb| grid.rgb(rgb)),
            (Self::ToneCurve(curve), Layout::Gray) => each_pixel(v, out, timer, |&[g]| [curve.map([g; 3])[0]]),
            (Self::ToneCurve(curve), Layout::Rgba) => {
                each_pixel(v, out, timer, |&[r, g, b, a]| with_alpha(curve.map([r, g, b]), eight_bits(a)))
            }
            (Self::ToneCurve(curve), _) => each_pixel(v, out, timer, |&rgb| curve.map(rgb)),
            (Self::Inks, _) => each_pixel(v, out, timer, |&inks: &[u16; 4]| lights(inks.map(eight_bits))),
            (Self::Kept | Self::Shaper(_), _) => each_pixel(v, out, timer, |&[sample]| [eight_bits(sample)]),
        }
    }
}

/// RGB of 8 bits, which most pictures with a profile are.
fn rgb_by_shaper(shaper: &Shaper<256>, source: &[u8], out: &mut Vec<u8>, timer: &CpuTimer<'_>) -> Result<()> {
    let (pixels, avx2) = (source.as_chunks::<3>().0, Avx2::find());
    in_stretches(pixels.len(), out, timer, |start, out: &mut [[u8; 3]]| {
        dispatch::shape(shaper, pixels.get(start..start + out.len()).unwrap_or_default(), out, avx2);
    })
}

fn with_alpha([r, g, b]: [u8; 3], a: u8) -> [u8; 4] {
    [r, g, b, a]
}

/// Red, green and blue as if inks were ideal: light passes an ink and then black.
fn lights([c, m, y, k]: [u8; 4]) -> [u8; 3] {
    [c, m, y].map(|ink| light(ink, k))
}

/// The light that an ink and black let through, 0–255, rounded to nearest.
fn light(ink: u8, key: u8) -> u8 {
    let product = u32::from(255 - ink) * u32::from(255 - key);
    u8::try_from((product + 127) / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let timer = CpuTimer::default();
        let mut converter = SrgbConverter::new(&Conversion::Identity, Layout::Gray, true, &timer).unwrap();
        assert_eq!(converter.convert(SampleSlice::U16(&[128, 129]), &timer), Ok(&[0, 1][..]));
    }

    #[test]
    fn samples_of_another_depth_are_internal() {
        let timer = CpuTimer::default();
        let mut converter = SrgbConverter::new(&Conversion::Identity, Layout::Gray, true, &timer).unwrap();
        assert!(matches!(converter.convert(SampleSlice::U8(&[1]), &timer), Err(WorkError::Internal { .. })));
    }
}
