//! Encodes planes or RGB as lossy WebP (RFC 9649, VP8), without metadata.
//!
//! VP8 holds 4:2:0 in limited-range BT.601. The conversion to it is done here, in integers: libwebp's own way from RGB goes
//! through gamma tables made with the platform's `pow`, and the same samples must give the same bytes on every machine.

use image_ingest_c_decoders::webp_encode;
use image_ingest_samples::{CpuTimer, Size, chroma_size, sample_count, zeroed};

use crate::canonical::{Canonical, CanonicalSamples};
use crate::error::{Error, Result};

/// Encodes a canonical image.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`; `internal` when a side is over 16 383 or libwebp fails.
pub(super) fn encode(canonical: &Canonical, quality: u8, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
    match &canonical.samples {
        CanonicalSamples::Rgb(rgb) => encode_rgb(canonical.size, rgb, quality, timer),
        CanonicalSamples::Gray(luma) => encode_planes(canonical.size, luma, None, quality, timer),
        CanonicalSamples::Ycbcr420 { luma, cb, cr } => {
            encode_planes(canonical.size, luma, Some((cb, cr)), quality, timer)
        }
    }
}

/// Encodes full-range BT.601 planes, rows tight; `chroma` is Cb and Cr at 4:2:0, `None` for a picture of luma alone.
///
/// # Errors
///
/// `out_of_memory`; `internal` when lengths disagree with `size`, a side is over 16 383, or libwebp fails.
pub(crate) fn encode_planes(
    size: Size,
    luma: &[u8],
    chroma: Option<(&[u8], &[u8])>,
    quality: u8,
    timer: &CpuTimer<'_>,
) -> Result<Vec<u8>> {
    let mut planes = Limited::new(size)?;
    let half = planes.cb.len();
    if luma.len() != planes.luma.len() || chroma.is_some_and(|(cb, cr)| cb.len() != half || cr.len() != half) {
        return Err(Error::internal("plane length disagrees with its size"));
    }
    let map = |to: &mut [u8], from: &[u8], table: &[u8; 256]| {
        to.iter_mut().zip(from).for_each(|(t, &f)| *t = table[usize::from(f)]);
    };
    map(&mut planes.luma, luma, &LUMA);
    match chroma {
        Some((cb, cr)) => {
            map(&mut planes.cb, cb, &CHROMA);
            map(&mut planes.cr, cr, &CHROMA);
        }
        None => {
            planes.cb.fill(NEUTRAL);
            planes.cr.fill(NEUTRAL);
        }
    }
    planes.encode(quality, timer)
}

/// Encodes interleaved RGB, rows tight; each chroma sample is the mean of its 2 × 2 pixels, edges repeated.
///
/// # Errors
///
/// As [`encode_planes`].
pub(crate) fn encode_rgb(size: Size, rgb: &[u8], quality: u8, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
    let mut planes = Limited::new(size)?;
    let (pixels, rest) = rgb.as_chunks::<3>();
    if pixels.len() != planes.luma.len() || !rest.is_empty() {
        return Err(Error::internal("raster length disagrees with its size"));
    }
    planes.luma.iter_mut().zip(pixels).for_each(|(y, &p)| *y = luma(p));
    let width = side(size.width);
    let half = width.div_ceil(2);
    let chroma = planes.cb.chunks_exact_mut(half).zip(planes.cr.chunks_exact_mut(half));
    for (rows, (cb, cr)) in pixels.chunks(2 * width).zip(chroma) {
        let (top, bottom) = rows.split_at(width);
        let bottom = if bottom.is_empty() { top } else { bottom };
        let pairs = top.chunks(2).zip(bottom.chunks(2));
        for (((top, bottom), cb), cr) in pairs.zip(cb).zip(cr) {
            (*cb, *cr) = mean_chroma(top, bottom);
        }
    }
    planes.encode(quality, timer)
}

/// Limited-range 4:2:0 planes, rows tight.
struct Limited {
    size: Size,
    luma: Vec<u8>,
    cb: Vec<u8>,
    cr: Vec<u8>,
}

impl Limited {
    fn new(size: Size) -> Result<Self> {
        if size.pixels() == 0 || size.longer() > MAX_SIDE {
            return Err(Error::internal("a side that WebP cannot carry"));
        }
        let len = |size| sample_count(size, 1).ok_or(Error::OutOfMemory { bytes: 0 });
        let half = len(chroma_size(size, (2, 2)))?;
        Ok(Self { size, luma: zeroed(len(size)?)?, cb: zeroed(half)?, cr: zeroed(half)? })
    }

    fn encode(mut self, quality: u8, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
        Ok(webp_encode::encode(self.size, &mut self.luma, &mut self.cb, &mut self.cr, quality, timer)?)
    }
}

/// Limited-range luma of a full-range RGB pixel: ITU-R BT.601 scaled by 219/255, in 1/65 536.
fn luma([r, g, b]: [u8; 3]) -> u8 {
    let y = 16_829 * u32::from(r) + 33_039 * u32::from(g) + 6_416 * u32::from(b);
    low_byte((y + (16 << 16) + (1 << 15)) >> 16)
}

/// Limited-range Cb and Cr of the mean of two pairs of pixels; a pair of one counts that pixel twice.
fn mean_chroma(top: &[[u8; 3]], bottom: &[[u8; 3]]) -> (u8, u8) {
    let ends = |pair: &[[u8; 3]]| [pair.first().copied().unwrap_or_default(), pair.last().copied().unwrap_or_default()];
    let four = [ends(top), ends(bottom)];
    let sum = |channel: usize| four.iter().flatten().map(|p| i32::from(p[channel])).sum::<i32>();
    let (r, g, b) = (sum(0), sum(1), sum(2));
    let chroma = |weighted: i32| low_byte(((weighted + (128 << 18) + (1 << 17)) >> 18).unsigned_abs());
    (chroma(-9_714 * r - 19_070 * g + 28_784 * b), chroma(28_784 * r - 24_103 * g - 4_681 * b))
}

/// The weights add up so that no value leaves a byte.
fn low_byte(value: u32) -> u8 {
    value.to_le_bytes()[0]
}

fn side(pixels: u32) -> usize {
    usize::try_from(pixels).unwrap_or(usize::MAX)
}

/// RFC 9649 § 2.5: VP8 stores a side in 14 bits.
const MAX_SIDE: u32 = 16_383;

const NEUTRAL: u8 = 128;

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
    use crate::codec::webp;
    use crate::pixels::Pixels;
    use crate::plan::plan;
    use crate::plan::profile::Profile;
    use crate::upload::limits::Limits;
    use image_ingest_samples::{Planes, Samples};

    fn decoded(file: &[u8]) -> Planes {
        let header = webp::probe(file, &Limits::default()).expect("own file");
        match webp::decode(file, &header, &plan(&header, &Profile::default()), &CpuTimer::default()).expect("own file")
        {
            Pixels::ReducedYcbcr(planes) => planes,
            _ => panic!("lossy WebP has planes"),
        }
    }

    fn first(samples: &Samples) -> u8 {
        match samples {
            Samples::U8(v) => v[0],
            Samples::U16(_) => panic!("WebP has 8 bits"),
        }
    }

    #[test]
    fn tables_map_full_range_to_limited_range() {
        assert_eq!((LUMA[0], LUMA[255], LUMA[128]), (16, 235, 126));
        assert_eq!((CHROMA[0], CHROMA[128], CHROMA[255]), (16, 128, 240));
    }

    #[test]
    fn gray_has_neutral_chroma_and_the_luma_of_the_table() {
        for v in 0..=255_u8 {
            assert_eq!(luma([v; 3]), LUMA[usize::from(v)], "{v}");
            assert_eq!(mean_chroma(&[[v; 3]], &[[v; 3]; 2]), (128, 128), "{v}");
        }
    }

    #[test]
    fn corners_of_the_cube_stay_in_range() {
        for corner in 0..8_u8 {
            let rgb = [corner & 1, corner >> 1 & 1, corner >> 2].map(|bit| bit * 255);
            let (cb, cr) = mean_chroma(&[rgb], &[rgb]);
            assert!((16..=235).contains(&luma(rgb)) && (16..=240).contains(&cb) && (16..=240).contains(&cr), "{rgb:?}");
        }
        assert_eq!((luma([255, 0, 0]), mean_chroma(&[[255, 0, 0]], &[[255, 0, 0]])), (81, (90, 240)));
    }

    #[test]
    fn flat_color_survives_with_odd_sides() {
        for (w, h) in [(1, 1), (2, 2), (3, 5), (17, 16), (33, 31)] {
            let size = Size::new(w, h);
            let file =
                encode_rgb(size, &[200, 100, 50].repeat(side(w * h)), 90, &CpuTimer::default()).expect("encodes");
            let planes = decoded(&file);
            assert_eq!(planes.size, size);
            let chroma = planes.chroma.expect("chroma");
            let seen = [&planes.luma, &chroma.cb, &chroma.cr].map(first);
            let meant = [luma([200, 100, 50]), 91, 175];
            assert!(seen.iter().zip(meant).all(|(&s, m)| s.abs_diff(m) <= 2), "{seen:?} {meant:?}");
        }
    }

    #[test]
    fn planes_and_luma_alone_are_encoded() {
        let size = Size::new(21, 11);
        let (luma, half) = (vec![180; 231], vec![128; 66]);
        let color = encode_planes(size, &luma, Some((&half, &half)), 80, &CpuTimer::default()).expect("encodes");
        let gray = encode_planes(size, &luma, None, 80, &CpuTimer::default()).expect("encodes");
        assert_eq!(color, gray);
        assert!(first(&decoded(&gray).luma).abs_diff(LUMA[180]) <= 1);
    }

    #[test]
    fn the_same_samples_give_the_same_bytes_and_no_metadata() {
        let rgb: Vec<u8> = (0..64 * 48 * 3_u32).map(|i| low_byte(i.wrapping_mul(2_654_435_761) >> 24)).collect();
        let file = encode_rgb(Size::new(64, 48), &rgb, 80, &CpuTimer::default()).expect("encodes");
        assert_eq!(file, encode_rgb(Size::new(64, 48), &rgb, 80, &CpuTimer::default()).expect("encodes"));
        assert_eq!(&file[12..16], b"VP8 ");
        assert!(file.len() < encode_rgb(Size::new(64, 48), &rgb, 95, &CpuTimer::default()).expect("encodes").len());
    }

    #[test]
    fn wrong_lengths_and_sides_are_internal() {
        let code = |result: Result<Vec<u8>>| result.expect_err("refused").code();
        assert_eq!(code(encode_rgb(Size::new(2, 2), &[0; 11], 80, &CpuTimer::default())), "internal");
        assert_eq!(
            code(encode_planes(Size::new(2, 2), &[0; 4], Some((&[0; 2], &[0])), 80, &CpuTimer::default())),
            "internal"
        );
        assert_eq!(code(encode_rgb(Size::new(16_384, 1), &[0; 16_384 * 3], 80, &CpuTimer::default())), "internal");
        assert!(encode_planes(Size::new(16_383, 1), &[0; 16_383], None, 80, &CpuTimer::default()).is_ok());
        assert_eq!(code(encode_rgb(Size::new(0, 2), &[], 80, &CpuTimer::default())), "internal");
    }
}
