//! Decoded samples on their way from a codec to the canonical image.

use std::fmt;

use crate::error::{Error, Result};
use crate::size::Size;

/// What a codec gives: planes as stored, or interleaved samples, possibly already reduced.
///
/// The plan states a wish; this says what came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pixels {
    /// Y′CbCr planes, or a luma plane alone.
    Ycbcr(Planes),
    /// Interleaved samples.
    Interleaved(Raster),
    /// Planes that the codec cropped and reduced to the plan's target, chroma to the grid that the plan names.
    ReducedYcbcr(Planes),
    /// Interleaved samples that the codec cropped and reduced to the plan's target.
    ReducedInterleaved(Raster),
}

impl Pixels {
    /// The size of what came, in stored axes.
    pub(crate) fn size(&self) -> Size {
        match self {
            Self::Ycbcr(planes) | Self::ReducedYcbcr(planes) => planes.size,
            Self::Interleaved(raster) | Self::ReducedInterleaved(raster) => raster.size,
        }
    }
}

/// Samples of one buffer; 16-bit ones are in the machine's order and use `bit_depth` low bits.
#[derive(Clone, PartialEq)]
pub(crate) enum Samples {
    /// 8 bits each.
    U8(Vec<u8>),
    /// 9–16 bits each.
    U16(Vec<u16>),
}

impl Samples {
    /// The number of samples.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::U16(v) => v.len(),
        }
    }
}

impl fmt::Debug for Samples {
    /// The depth and the count: samples themselves fill screens and say little.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = if matches!(self, Self::U8(_)) { 8 } else { 16 };
        write!(f, "[{} samples of {bits} bits]", self.len())
    }
}

/// Y′CbCr planes, rows tight.
///
/// Luma is `width × height` samples; each chroma plane `⌈width / h⌉ × ⌈height / v⌉` for subsampling factors `(h, v)`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planes {
    pub size: Size,
    /// 8–16; the samples are [`Samples::U8`] exactly when it is 8.
    pub bit_depth: u8,
    pub luma: Samples,
    /// `None` for a picture of luma alone (4:0:0).
    pub chroma: Option<Chroma>,
    pub range: Range,
    pub matrix: Matrix,
}

/// The two chroma planes and where their samples sit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chroma {
    pub cb: Samples,
    pub cr: Samples,
    /// Horizontal and vertical subsampling factors, each 1, 2 or 4.
    pub subsampling: (u8, u8),
    pub siting: Siting,
}

/// How sample values map to signal values (ITU-T H.273, `VideoFullRangeFlag`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// 0–255 at 8 bits, chroma centred on 128.
    Full,
    /// Luma 16–235, chroma 16–240 at 8 bits.
    Limited,
}

/// The Y′CbCr matrix (ITU-T H.273, table 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matrix {
    /// BT.601, also JFIF's (ITU-T T.871).
    Bt601,
    /// BT.709.
    Bt709,
    /// BT.2020, non-constant luminance.
    Bt2020,
}

/// Where chroma samples sit relative to luma, horizontally and vertically.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Siting {
    /// Centred in both axes (JFIF, WebP; H.273 `Chroma420SampleLocType` 1).
    Centred,
    /// On the left luma column, centred vertically (HEVC's default; type 0).
    Left,
    /// On the top-left luma sample (type 2).
    TopLeft,
}

impl Planes {
    /// Planes whose lengths agree with their sizes.
    ///
    /// # Errors
    ///
    /// `internal` when they do not: a codec returned what it did not promise.
    pub(crate) fn checked(self) -> Result<Self> {
        let wrong = || Error::internal("plane length disagrees with its size");
        let (luma, chroma) = (count(self.size, 1), self.chroma.as_ref());
        if luma != Some(self.luma.len()) {
            return Err(wrong());
        }
        if let Some(c) = chroma {
            let len = count(chroma_size(self.size, c.subsampling), 1);
            if len != Some(c.cb.len()) || len != Some(c.cr.len()) {
                return Err(wrong());
            }
        }
        Ok(self)
    }
}

/// The size of a chroma plane of a picture of `size` luma samples.
pub(crate) fn chroma_size(size: Size, (h, v): (u8, u8)) -> Size {
    Size::new(size.width.div_ceil(u32::from(h)), size.height.div_ceil(u32::from(v)))
}

/// Interleaved samples, rows tight; alpha is not premultiplied.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Raster {
    pub size: Size,
    pub layout: Layout,
    /// `U8`, or `U16` spanning the full 0–65 535 whatever the source's depth.
    pub samples: Samples,
}

/// The components of an interleaved pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One component, gray.
    Gray,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha.
    Rgba,
    /// Ink amounts: 0 is no ink, whatever the file's polarity was.
    Cmyk,
}

impl Layout {
    /// Samples in a pixel.
    pub(crate) const fn channels(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }
}

impl Raster {
    /// A raster whose length agrees with its size.
    ///
    /// # Errors
    ///
    /// `internal` when it does not.
    pub(crate) fn new(size: Size, layout: Layout, samples: Samples) -> Result<Self> {
        if count(size, layout.channels()) != Some(samples.len()) {
            return Err(Error::internal("raster length disagrees with its size"));
        }
        Ok(Self { size, layout, samples })
    }
}

/// Allocates `len` zeroed bytes, or says how many could not be had.
///
/// # Errors
///
/// `out_of_memory`.
pub(crate) fn zeroed<T: Copy + Default>(len: usize) -> Result<Vec<T>> {
    let mut v = Vec::new();
    let bytes = (len as u64).saturating_mul(size_of::<T>() as u64);
    v.try_reserve_exact(len).map_err(|_| Error::OutOfMemory { bytes })?;
    v.resize(len, T::default());
    Ok(v)
}

/// Copies of `parts`, one behind the other.
///
/// # Errors
///
/// `out_of_memory`.
pub(crate) fn joined<T: Copy>(parts: &[&[T]]) -> Result<Vec<T>> {
    let len = parts.iter().fold(0usize, |sum, part| sum.saturating_add(part.len()));
    let mut v = Vec::new();
    let bytes = (len as u64).saturating_mul(size_of::<T>() as u64);
    v.try_reserve_exact(len).map_err(|_| Error::OutOfMemory { bytes })?;
    parts.iter().for_each(|part| v.extend_from_slice(part));
    Ok(v)
}

/// `width × height × channels` as a length, if the machine can address it.
pub(crate) fn count(size: Size, channels: usize) -> Option<usize> {
    usize::try_from(size.pixels()).ok()?.checked_mul(channels)
}
