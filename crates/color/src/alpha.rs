//! Joins the colours of a picture and an alpha plane of its own (ISO/IEC 23008-12 § 7.5.3, auxiliary type `alpha`).

use image_ingest_samples::{CpuTimer, Layout, Raster, Samples, Size, WorkError, Zeroable, sample_count, zeroed};

use crate::result::Result;

/// An alpha plane of full range, rows tight.
#[derive(Debug, Clone, PartialEq)]
pub struct AlphaPlane {
    /// As many as `size` has pixels: [`Samples::U8`] exactly when the depth is 8.
    pub samples: Samples,
    /// Bits of a sample, 8–16.
    pub bit_depth: u8,
    /// Width and height, which need not be those of the picture.
    pub size: Size,
}

/// Joins a raster of RGB or gray and an alpha plane to RGBA that is not premultiplied, of the depth of the raster. From
/// alpha of another size, each pixel takes the nearest sample.
///
/// ```
/// use image_ingest_color::{AlphaPlane, join_alpha};
/// use image_ingest_samples::{CpuTimer, Layout, Raster, Samples, Size};
///
/// let size = Size::new(2, 1);
/// let gray = Raster::new(size, Layout::Gray, Samples::U8(vec![10, 20]))?;
/// let alpha = AlphaPlane { samples: Samples::U8(vec![0, 255]), bit_depth: 8, size };
/// let rgba = join_alpha(&gray, alpha, false, &CpuTimer::default())?;
/// assert_eq!(rgba.samples, Samples::U8(vec![10, 10, 10, 0, 20, 20, 20, 255]));
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
///
/// # Errors
///
/// [`WorkError::OutOfMemory`], [`WorkError::Deadline`], [`WorkError::Cancelled`].
pub fn join_alpha(colors: &Raster, alpha: AlphaPlane, premultiplied: bool, timer: &CpuTimer<'_>) -> Result<Raster> {
    let Raster { size, layout, ref samples } = *colors;
    let mut samples = match samples {
        Samples::U8(v) => Samples::U8(interleave(v, layout, &alpha.bytes(size, timer)?, timer)?),
        Samples::U16(v) => Samples::U16(interleave(v, layout, &alpha.words(size, timer)?, timer)?),
    };
    if premultiplied {
        divide_by_alpha(&mut samples, timer)?;
    }
    Raster::new(size, Layout::Rgba, samples)
}

impl AlphaPlane {
    fn bytes(self, size: Size, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
        match self.samples {
            Samples::U8(v) if self.size == size && self.bit_depth == 8 => Ok(v),
            Samples::U8(ref v) => self.fitted(v, size, 255, timer),
            Samples::U16(ref v) => self.fitted(v, size, 255, timer),
        }
    }

    fn words(self, size: Size, timer: &CpuTimer<'_>) -> Result<Vec<u16>> {
        match &self.samples {
            Samples::U8(v) => self.fitted(v, size, 65_535, timer),
            Samples::U16(v) => self.fitted(v, size, 65_535, timer),
        }
    }

    /// The nearest sample for each pixel of `size`, spread from its depth to 0–`most`.
    ///
    /// A sample is at most `max` < 2¹⁶ and `most` < 2¹⁶, so the product and the half added to it fit in 32 bits.
    fn fitted<F, T>(&self, from: &[F], size: Size, most: u32, timer: &CpuTimer<'_>) -> Result<Vec<T>>
    where
        F: Copy + Into<u32>,
        T: Copy + Default + Zeroable + TryFrom<u32>,
    {
        let max = (1u32 << self.bit_depth.min(16)) - 1;
        let spread = |v: u32| T::try_from((v.min(max) * most + max / 2) / max).unwrap_or_default();
        let nearest = |at: usize, of: u32, among: u32| at * among as usize / of.max(1) as usize;
        let mut out = zeroed(sample_count(size, 1).ok_or(WorkError::OutOfMemory { bytes: u64::MAX })?)?;
        for (y, row) in out.chunks_exact_mut((size.width as usize).max(1)).enumerate() {
            timer.check()?;
            let start = nearest(y, size.height, self.size.height) * self.size.width as usize;
            for (x, to) in row.iter_mut().enumerate() {
                let at = start + nearest(x, size.width, self.size.width);
                *to = spread(from.get(at).map_or(max, |&v| v.into()));
            }
        }
        Ok(out)
    }
}

/// Pixels of one channel or of three, with their alpha. A channel is taken at 0, `channels` / 2 and `channels` − 1,
/// which is three times the one channel of gray.
fn interleave<T: Copy + Zeroable>(pixels: &[T], layout: Layout, alpha: &[T], timer: &CpuTimer<'_>) -> Result<Vec<T>> {
    let mut out = zeroed(alpha.len().saturating_mul(4))?;
    let channels = layout.channels();
    let pieces = pixels.chunks(PIECE * channels).zip(alpha.chunks(PIECE)).zip(out.chunks_mut(PIECE * 4));
    for ((pixels, alpha), out) in pieces {
        timer.check()?;
        for ((pixel, &a), out) in pixels.chunks_exact(channels).zip(alpha).zip(out.as_chunks_mut::<4>().0) {
            *out = [pixel[0], pixel[channels / 2], pixel[channels - 1], a];
        }
    }
    Ok(out)
}

/// Pixels between two checks of the timer.
const PIECE: usize = 1 << 16;

/// Turns premultiplied RGBA into RGBA that is not.
fn divide_by_alpha(samples: &mut Samples, timer: &CpuTimer<'_>) -> Result<()> {
    match samples {
        Samples::U8(v) => divide_each(v, timer, |color, alpha| {
            u8::try_from(divided(color.into(), alpha.into(), 255)).unwrap_or(u8::MAX)
        }),
        Samples::U16(v) => divide_each(v, timer, |color, alpha| {
            u16::try_from(divided(color.into(), alpha.into(), 65_535)).unwrap_or(u16::MAX)
        }),
    }
}

fn divide_each<T: Copy>(samples: &mut [T], timer: &CpuTimer<'_>, divided: impl Fn(T, T) -> T) -> Result<()> {
    for piece in samples.as_chunks_mut::<4>().0.chunks_mut(PIECE / 4) {
        timer.check()?;
        for [color @ .., alpha] in piece {
            color.iter_mut().for_each(|c| *c = divided(*c, *alpha));
        }
    }
    Ok(())
}

/// `color` × `max` / `alpha`, rounded, at most `max`. Where alpha is 0, colour is 0.
fn divided(color: u64, alpha: u64, max: u64) -> u64 {
    (color * max + alpha / 2).checked_div(alpha).unwrap_or(0).min(max)
}
