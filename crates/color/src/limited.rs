//! Full-range samples to limited-range 4:2:0 planes of BT.601: what a VP8 encoder takes (RFC 9649, ITU-R BT.601).
//!
//! Everything is integers. libwebp has a conversion from RGB of its own, which goes through gamma tables made with the
//! platform's `pow`; the same samples must give the same bytes on every machine, so its encoder gets these planes.
//!
//! Full range maps 0–255 to a signal of 0–1; limited range has 219 steps for luma, from 16, and 224 for chroma, around
//! 128 (ITU-T H.273, 8.3). From RGB each is one weighted sum. Its weights are BT.601's, times 219/255 or 224/255, in
//! 1/65 536.

use image_ingest_samples::{CpuTimer, Size, WorkError, chroma_size, sample_count, zeroed};

use crate::result::Result;

/// Limited-range BT.601 planes at 4:2:0, rows tight: `width × height` luma samples, ⌈width / 2⌉ × ⌈height / 2⌉ of
/// chroma.
///
/// ```
/// use image_ingest_color::LimitedPlanes;
/// use image_ingest_samples::{CpuTimer, Size};
///
/// let white = LimitedPlanes::from_rgb(Size::new(2, 2), &[255; 12], &CpuTimer::default())?;
/// assert_eq!((white.luma, white.cb, white.cr), (vec![235; 4], vec![128], vec![128]));
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitedPlanes {
    /// Width and height of the luma plane.
    pub size: Size,
    /// Luma, 16–235.
    pub luma: Vec<u8>,
    /// The blue difference, 16–240.
    pub cb: Vec<u8>,
    /// The red difference, 16–240.
    pub cr: Vec<u8>,
}

impl LimitedPlanes {
    /// From full-range BT.601 planes, rows tight. `chroma` is Cb and Cr at 4:2:0; without it chroma is neutral.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`]; [`WorkError::Internal`] when a length disagrees with `size`; and when `timer` ends the work.
    pub fn from_planes(size: Size, luma: &[u8], chroma: Option<(&[u8], &[u8])>, timer: &CpuTimer<'_>) -> Result<Self> {
        let mut planes = Self::zeroed(size)?;
        let half = planes.cb.len();
        if luma.len() != planes.luma.len() || chroma.is_some_and(|(cb, cr)| cb.len() != half || cr.len() != half) {
            return Err(WorkError::internal("plane length disagrees with its size"));
        }
        let map = |to: &mut [u8], from: &[u8], table: &[u8; 256]| -> Result<()> {
            for (to, from) in to.chunks_mut(PIECE).zip(from.chunks(PIECE)) {
                timer.check()?;
                to.iter_mut().zip(from).for_each(|(t, &f)| *t = table[usize::from(f)]);
            }
            Ok(())
        };
        map(&mut planes.luma, luma, &LUMA)?;
        match chroma {
            Some((cb, cr)) => {
                map(&mut planes.cb, cb, &CHROMA)?;
                map(&mut planes.cr, cr, &CHROMA)?;
            }
            None => {
                planes.cb.fill(NEUTRAL);
                planes.cr.fill(NEUTRAL);
            }
        }
        Ok(planes)
    }

    /// From interleaved RGB, rows tight. A chroma sample is that of the mean of its 2 × 2 pixels; an odd last column or
    /// row counts twice.
    ///
    /// # Errors
    ///
    /// As [`Self::from_planes`].
    pub fn from_rgb(size: Size, rgb: &[u8], timer: &CpuTimer<'_>) -> Result<Self> {
        let mut planes = Self::zeroed(size)?;
        let (pixels, rest) = rgb.as_chunks::<3>();
        if pixels.len() != planes.luma.len() || !rest.is_empty() {
            return Err(WorkError::internal("raster length disagrees with its size"));
        }
        if pixels.is_empty() {
            return Ok(planes);
        }
        for (to, pixels) in planes.luma.chunks_mut(PIECE).zip(pixels.chunks(PIECE)) {
            timer.check()?;
            to.iter_mut().zip(pixels).for_each(|(y, &p)| *y = luma(p));
        }
        let width = size.width as usize;
        let half = width.div_ceil(2);
        let chroma = planes.cb.chunks_exact_mut(half).zip(planes.cr.chunks_exact_mut(half));
        for (rows, (cb, cr)) in pixels.chunks(2 * width).zip(chroma) {
            timer.check()?;
            let (top, bottom) = rows.split_at(width);
            let bottom = if bottom.is_empty() { top } else { bottom };
            let pairs = top.chunks(2).zip(bottom.chunks(2));
            for (((top, bottom), cb), cr) in pairs.zip(cb).zip(cr) {
                (*cb, *cr) = mean_chroma(top, bottom);
            }
        }
        Ok(planes)
    }

    fn zeroed(size: Size) -> Result<Self> {
        let len = |size| sample_count(size, 1).ok_or(WorkError::OutOfMemory { bytes: 0 });
        let half = len(chroma_size(size, (2, 2)))?;
        Ok(Self { size, luma: zeroed(len(size)?)?, cb: zeroed(half)?, cr: zeroed(half)? })
    }
}

/// Limited-range luma of a full-range RGB pixel.
///
/// The weights are 0.299, 0.587 and 0.114 times 219/255, and add up to 56 284 = 219/255 × 65 536 rounded, so the sum of
/// a white pixel is 235 and that of a black one 16.
fn luma([r, g, b]: [u8; 3]) -> u8 {
    let y = 16_829 * u32::from(r) + 33_039 * u32::from(g) + 6_416 * u32::from(b);
    low_byte((y + (16 << 16) + (1 << 15)) >> 16)
}

/// Limited-range Cb and Cr of the mean of two pairs of pixels; a pair of one counts that pixel twice.
///
/// Sums of four pixels are at most 1020 and the weights of one sign at most 28 784, so a weighted sum stays within
/// ±2^25, and with 128 in 1/2^18 below 2^26. The weights of either add up to 0, so gray is neutral exactly.
fn mean_chroma(top: &[[u8; 3]], bottom: &[[u8; 3]]) -> (u8, u8) {
    let ends = |pair: &[[u8; 3]]| [pair.first().copied().unwrap_or_default(), pair.last().copied().unwrap_or_default()];
    let four = [ends(top), ends(bottom)];
    let sum = |channel: usize| four.iter().flatten().map(|p| i32::from(p[channel])).sum::<i32>();
    let (r, g, b) = (sum(0), sum(1), sum(2));
    let chroma = |weighted: i32| low_byte(((weighted + (128 << 18) + (1 << 17)) >> 18).unsigned_abs());
    (chroma(-9_714 * r - 19_070 * g + 28_784 * b), chroma(28_784 * r - 24_103 * g - 4_681 * b))
}

/// The low byte of a value that the weights keep within 16–240, so nothing is cut off.
fn low_byte(value: u32) -> u8 {
    value.to_le_bytes()[0]
}

/// Chroma of gray.
const NEUTRAL: u8 = 128;

/// Samples between two looks at the budget.
const PIECE: usize = 1 << 16;

/// 16 + 219/255 × full-range luma, rounded half up.
const LUMA: [u8; 256] = table(16 * 255, 219);

/// 128 + 224/255 × (full-range chroma − 128), rounded half up.
const CHROMA: [u8; 256] = table((128 * 255) - 128 * 224, 224);

/// Entry `i` is `(offset + i × scale) / 255`, rounded half up.
const fn table(offset: u32, scale: u32) -> [u8; 256] {
    let mut table = [0; 256];
    let mut i = 0_u32;
    while i < 256 {
        table[i as usize] = ((2 * (offset + i * scale) + 255) / 510).to_le_bytes()[0];
        i += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ITU-T H.273, equations for 8 bits: the nearest code of `offset + span × signal`, in whole numbers.
    fn nearest(offset: i32, span: i32, full: i32) -> u8 {
        u8::try_from(offset + (2 * span * full + 255).div_euclid(510)).unwrap()
    }

    #[test]
    fn tables_map_full_range_to_limited_range() {
        for v in 0..=255_u8 {
            let (y, c) = (LUMA[usize::from(v)], CHROMA[usize::from(v)]);
            assert_eq!(y, nearest(16, 219, v.into()), "{v}");
            assert_eq!(c, nearest(128, 224, i32::from(v) - 128), "{v}");
        }
        assert_eq!((LUMA[0], LUMA[128], LUMA[255]), (16, 126, 235));
        assert_eq!((CHROMA[0], CHROMA[128], CHROMA[255]), (16, 128, 240));
    }

    #[test]
    fn gray_has_neutral_chroma_and_the_luma_of_the_table() {
        for v in 0..=255_u8 {
            assert_eq!(luma([v; 3]), LUMA[usize::from(v)], "{v}");
            assert_eq!(mean_chroma(&[[v; 3]], &[[v; 3]; 2]), (128, 128), "{v}");
        }
    }

    /// The colour bars of 100 % amplitude, as BT.601 gives them at 8 bits.
    #[test]
    fn corners_of_the_cube_are_the_colour_bars() {
        let bars: [([u8; 3], [u8; 3]); 6] = [
            ([255, 255, 0], [210, 16, 146]),
            ([0, 255, 255], [170, 166, 16]),
            ([0, 255, 0], [145, 54, 34]),
            ([255, 0, 255], [106, 202, 222]),
            ([255, 0, 0], [81, 90, 240]),
            ([0, 0, 255], [41, 240, 110]),
        ];
        for (rgb, ycbcr) in bars {
            let (cb, cr) = mean_chroma(&[rgb], &[rgb]);
            assert_eq!([luma(rgb), cb, cr], ycbcr, "{rgb:?}");
        }
    }

    #[test]
    fn chroma_is_that_of_the_mean_and_odd_edges_count_twice() {
        let (red, blue) = ([255, 0, 0], [0, 0, 255]);
        assert_eq!(mean_chroma(&[red, blue], &[red, blue]), (165, 175));
        let size = Size::new(3, 1);
        let planes = LimitedPlanes::from_rgb(size, &[red, red, blue].concat(), &CpuTimer::default()).unwrap();
        assert_eq!((planes.cb, planes.cr), (vec![90, 240], vec![240, 110]));
    }

    #[test]
    fn lengths_must_agree_with_the_size() {
        let size = Size::new(3, 3);
        let timer = CpuTimer::default();
        assert!(LimitedPlanes::from_rgb(size, &[0; 27], &timer).is_ok());
        assert!(LimitedPlanes::from_rgb(size, &[0; 26], &timer).is_err());
        assert!(LimitedPlanes::from_planes(size, &[0; 9], Some((&[0; 4], &[0; 4])), &timer).is_ok());
        assert!(LimitedPlanes::from_planes(size, &[0; 9], Some((&[0; 4], &[0; 3])), &timer).is_err());
        assert!(LimitedPlanes::from_planes(size, &[0; 8], None, &timer).is_err());
    }
}
