//! Encodes planes or RGB as lossy WebP (RFC 9649, VP8), without metadata.
//!
//! VP8 holds 4:2:0 in limited-range BT.601, which [`LimitedPlanes`] makes in integers. libwebp's encoder gets nothing
//! else.

use image_ingest_color::LimitedPlanes;
use image_ingest_samples::{CpuTimer, Size, WorkError};
use image_ingest_webp_encode as libwebp;

use crate::canonical::{Canonical, CanonicalSamples};
use crate::result::Result;

/// Encodes a canonical image, whose samples stand upright.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`; `internal` when a side is over 16 383 or libwebp fails.
pub(super) fn encode(canonical: &Canonical, quality: u8, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
    let size = canonical.stored_size;
    match &canonical.samples {
        CanonicalSamples::Rgb(rgb) => encode_rgb(size, rgb, quality, timer),
        CanonicalSamples::Gray(luma) => encode_planes(size, luma, None, quality, timer),
        CanonicalSamples::Ycbcr420 { luma, cb, cr } => encode_planes(size, luma, Some((cb, cr)), quality, timer),
    }
}

/// Encodes interleaved RGB, rows tight.
///
/// # Errors
///
/// As [`encode`]; `internal` when the length disagrees with `size`.
fn encode_rgb(size: Size, rgb: &[u8], quality: u8, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
    encode_limited(LimitedPlanes::from_rgb(checked(size)?, rgb, timer)?, quality, timer)
}

/// Encodes full-range BT.601 planes, rows tight; `chroma` is Cb and Cr at 4:2:0, `None` for a picture of luma alone.
fn encode_planes(
    size: Size,
    luma: &[u8],
    chroma: Option<(&[u8], &[u8])>,
    quality: u8,
    timer: &CpuTimer<'_>,
) -> Result<Vec<u8>> {
    encode_limited(LimitedPlanes::from_planes(checked(size)?, luma, chroma, timer)?, quality, timer)
}

fn checked(size: Size) -> Result<Size> {
    if size.pixels() == 0 || size.longer() > MAX_SIDE {
        return Err(WorkError::internal("a side that WebP cannot carry"));
    }
    Ok(size)
}

fn encode_limited(planes: LimitedPlanes, quality: u8, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
    let LimitedPlanes { size, mut luma, mut cb, mut cr } = planes;
    libwebp::encode(size, &mut luma, &mut cb, &mut cr, quality, timer)
}

/// RFC 9649 § 2.5: VP8 stores a side in 14 bits.
const MAX_SIDE: u32 = 16_383;

#[cfg(test)]
mod tests {
    use super::*;
    use image_ingest_samples::{CpuTimer, RowSink, SampleRows};
    use image_ingest_webp::{Container, Vp8Decoder};

    /// Luma, Cb and Cr.
    #[derive(Default)]
    struct Planes([Vec<u8>; 3]);

    impl RowSink for Planes {
        fn take_rows(&mut self, plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<()> {
            self.0[plane].extend_from_slice(rows.bytes()?);
            Ok(())
        }
    }

    /// The size, and the first sample of each plane.
    fn decoded(file: &[u8]) -> (Size, [u8; 3]) {
        let (timer, mut planes) = (CpuTimer::default(), Planes::default());
        let container = Container::read(file, &timer).expect("own file");
        let decoder = Vp8Decoder::new(container.image.frame().expect("own file")).expect("own file");
        let size = decoder.size();
        decoder.decode(&mut planes, &timer).expect("own file");
        (size, planes.0.map(|plane| plane[0]))
    }

    #[test]
    fn flat_color_survives_with_odd_sides() {
        for (w, h) in [(1, 1), (2, 2), (3, 5), (17, 16), (33, 31)] {
            let size = Size::new(w, h);
            let rgb = [200, 100, 50].repeat(usize::try_from(size.pixels()).unwrap());
            let (found, seen) = decoded(&encode_rgb(size, &rgb, 90, &CpuTimer::default()).expect("encodes"));
            assert_eq!(found, size);
            // BT.601 in limited range.
            let meant = [123, 91, 175];
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
        // 16 + 180 × 219 / 255.
        assert!(decoded(&gray).1[0].abs_diff(171) <= 1);
    }

    #[test]
    fn the_same_samples_give_the_same_bytes_and_no_metadata() {
        let rgb: Vec<u8> = (0..64 * 48 * 3_u32).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        let file = encode_rgb(Size::new(64, 48), &rgb, 80, &CpuTimer::default()).expect("encodes");
        assert_eq!(file, encode_rgb(Size::new(64, 48), &rgb, 80, &CpuTimer::default()).expect("encodes"));
        assert_eq!(&file[12..16], b"VP8 ");
        assert!(file.len() < encode_rgb(Size::new(64, 48), &rgb, 95, &CpuTimer::default()).expect("encodes").len());
    }

    #[test]
    fn wrong_lengths_and_sides_are_internal() {
        let timer = CpuTimer::default();
        let is_internal = |result: Result<Vec<u8>>| matches!(result, Err(WorkError::Internal { .. }));
        assert!(is_internal(encode_rgb(Size::new(2, 2), &[0; 11], 80, &timer)));
        assert!(is_internal(encode_planes(Size::new(2, 2), &[0; 4], Some((&[0; 2], &[0])), 80, &timer)));
        assert!(is_internal(encode_rgb(Size::new(16_384, 1), &[0; 16_384 * 3], 80, &timer)));
        assert!(encode_planes(Size::new(16_383, 1), &[0; 16_383], None, 80, &timer).is_ok());
        assert!(is_internal(encode_rgb(Size::new(0, 2), &[], 80, &timer)));
    }
}
