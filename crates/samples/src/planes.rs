//! Y′CbCr planes, what their values stand for, and where their samples sit.

use crate::budget::CpuTimer;
use crate::error::WorkError;
use crate::samples::{RowSink, SampleRows, Samples, sample_count};
use crate::size::Size;

/// Y′CbCr planes, rows tight.
///
/// Luma is `width × height` samples; each chroma plane is `⌈width / h⌉ × ⌈height / v⌉` for subsampling factors `(h,
/// v)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Planes {
    /// Width and height of the luma plane.
    pub size: Size,
    /// 8–16; the samples are [`Samples::U8`] exactly when it is 8.
    pub bit_depth: u8,
    /// The luma plane.
    pub luma: Samples,
    /// `None` for a picture of luma alone (4:0:0).
    pub chroma: Option<Chroma>,
    /// How sample values map to signal values.
    pub range: Range,
    /// The matrix coefficients.
    pub matrix: Matrix,
}

/// The two chroma planes and where their samples sit.
#[derive(Debug, Clone, PartialEq)]
pub struct Chroma {
    /// The blue difference.
    pub cb: Samples,
    /// The red difference.
    pub cr: Samples,
    /// Horizontal and vertical subsampling factors, each 1, 2 or 4.
    pub subsampling: (u8, u8),
    /// Where the samples sit.
    pub siting: Siting,
}

/// How sample values map to signal values (ITU-T H.273, `VideoFullRangeFlag`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// 0–255 at 8 bits, chroma centred on 128.
    Full,
    /// Luma 16–235, chroma 16–240 at 8 bits.
    Limited,
}

/// The Y′CbCr matrix coefficients (ITU-T H.273, table 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matrix {
    /// BT.601, also JFIF's (ITU-T T.871).
    Bt601,
    /// BT.709.
    Bt709,
    /// BT.2020, non-constant luminance.
    Bt2020,
    /// RGB: green in the plane of luma, blue in that of Cb, red in that of Cr.
    Identity,
    /// FCC Title 47.
    Fcc,
    /// SMPTE ST 240.
    Smpte240,
    /// Y, Cg in the plane of Cb and Co in that of Cr.
    Ycgco,
    /// YCgCo by lifting, which loses nothing. Its planes have more bits than RGB.
    YcgcoLifted {
        /// How many more: 2 (YCgCo-Re) or 1 (YCgCo-Ro).
        extra_bits: u8,
    },
    /// SMPTE ST 2085: Y′D′zD′x.
    Ydzdx,
    /// Y′CbCr whose weights follow from primaries.
    Derived {
        /// A code of H.273, table 2.
        primaries: u16,
    },
    /// Constant luminance: Y′ is the signal of luminance. BT.2020's has primaries 9.
    ConstantLuminance {
        /// A code of H.273, table 2.
        primaries: u16,
        /// A code of H.273, table 3.
        transfer: u16,
    },
    /// ICtCp of BT.2100.
    Ictcp {
        /// Of HLG; of PQ where it is not.
        hlg: bool,
    },
}

/// Where chroma samples sit relative to luma, horizontally and vertically.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Siting {
    /// Centred in both axes (JFIF, WebP; H.273 `Chroma420SampleLocType` 1).
    Centred,
    /// On the left luma column, centred vertically (HEVC's default; type 0).
    Left,
    /// On the top-left luma sample (type 2).
    TopLeft,
}

impl Planes {
    /// Hands all rows to `sink`, some of each plane at a time.
    ///
    /// # Errors
    ///
    /// Those of `sink`; [`WorkError::Deadline`], [`WorkError::Cancelled`]; [`WorkError::Internal`] where a length disagrees
    /// with the size.
    pub fn hand_on(&self, sink: &mut dyn RowSink, timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        let chroma = self.chroma.as_ref();
        let planes = [
            Some((&self.luma, (1, 1))),
            chroma.map(|chroma| (&chroma.cb, chroma.subsampling)),
            chroma.map(|chroma| (&chroma.cr, chroma.subsampling)),
        ];
        for top in (0..self.size.height).step_by(ROWS_AT_ONCE as usize) {
            for (plane, (samples, factors)) in planes.iter().enumerate().filter_map(|(i, plane)| Some((i, (*plane)?))) {
                timer.check()?;
                let Size { width, height } = chroma_size(self.size, factors);
                let factor = u32::from(factors.1);
                let (start, end) = (top / factor, ((top + ROWS_AT_ONCE) / factor).min(height));
                let part = start as usize * width as usize..end as usize * width as usize;
                let missing = || WorkError::internal("plane length disagrees with its size");
                let samples = samples.as_slice().get(part).ok_or_else(missing)?;
                sink.take_rows(plane, SampleRows { samples, stride: width as usize }, timer)?;
            }
        }
        Ok(())
    }

    /// Gives the memory back, a plane at a time: that takes 0.1 ms or so for each megabyte.
    ///
    /// # Errors
    ///
    /// [`WorkError::Deadline`], [`WorkError::Cancelled`].
    pub fn free(self, timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        let [cb, cr] = self.chroma.map_or_else(Default::default, |chroma| [Some(chroma.cb), Some(chroma.cr)]);
        for plane in [Some(self.luma), cb, cr] {
            timer.check()?;
            drop(plane);
        }
        timer.check()
    }

    /// These planes, if their lengths agree with their sizes.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] when they do not.
    pub fn checked(self) -> Result<Self, WorkError> {
        let wrong = || WorkError::internal("plane length disagrees with its size");
        if sample_count(self.size, 1) != Some(self.luma.len()) {
            return Err(wrong());
        }
        if let Some(chroma) = &self.chroma {
            let len = sample_count(chroma_size(self.size, chroma.subsampling), 1);
            if len != Some(chroma.cb.len()) || len != Some(chroma.cr.len()) {
                return Err(wrong());
            }
        }
        Ok(self)
    }
}

/// Rows of luma that are handed on at once: a multiple of all subsampling factors.
pub(crate) const ROWS_AT_ONCE: u32 = 32;

/// The size of a chroma plane of a picture of `size` luma samples, for subsampling factors `(h, v)`.
///
/// ```
/// use image_ingest_samples::{Size, chroma_size};
///
/// assert_eq!(chroma_size(Size::new(5, 4), (2, 2)), Size::new(3, 2));
/// ```
#[must_use]
pub fn chroma_size(size: Size, (h, v): (u8, u8)) -> Size {
    Size::new(size.width.div_ceil(u32::from(h)), size.height.div_ceil(u32::from(v)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planes(luma: usize, chroma: usize) -> Planes {
        let samples = |len| Samples::U8(vec![0; len]);
        let chroma = Chroma { cb: samples(chroma), cr: samples(chroma), subsampling: (2, 2), siting: Siting::Centred };
        Planes {
            size: Size::new(5, 3),
            bit_depth: 8,
            luma: samples(luma),
            chroma: Some(chroma),
            range: Range::Full,
            matrix: Matrix::Bt601,
        }
    }

    #[test]
    fn chroma_sizes_are_rounded_up() {
        assert_eq!(chroma_size(Size::new(5, 3), (2, 1)), Size::new(3, 3));
        assert_eq!(chroma_size(Size::new(5, 3), (4, 2)), Size::new(2, 2));
        assert_eq!(chroma_size(Size::new(1, 1), (4, 4)), Size::new(1, 1));
    }

    #[test]
    fn planes_agree_with_their_size() {
        assert!(planes(15, 6).checked().is_ok());
        assert!(planes(14, 6).checked().is_err());
        assert!(planes(15, 2).checked().is_err());
        assert!(Planes { chroma: None, ..planes(15, 0) }.checked().is_ok());
    }
}
