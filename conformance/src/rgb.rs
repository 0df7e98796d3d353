//! Canonical samples as interleaved RGB. Chroma is upsampled by libjpeg's "fancy" triangle filter, as in common
//! decoders.

use image_ingest::stages::{Canonical, CanonicalSamples};

pub(crate) fn interleaved(canonical: &Canonical) -> Vec<u8> {
    let (width, height) = (canonical.size().width as usize, canonical.size().height as usize);
    match &canonical.samples {
        CanonicalSamples::Rgb(v) => v.clone(),
        CanonicalSamples::Gray(v) => v.iter().flat_map(|&g| [g; 3]).collect(),
        CanonicalSamples::Ycbcr420 { luma, cb, cr } => {
            let (cb, cr) = (enlarged(cb, width, height), enlarged(cr, width, height));
            luma.iter().zip(cb).zip(cr).flat_map(|((&y, cb), cr)| bt601(y, cb, cr)).collect()
        }
    }
}

/// A chroma plane of half the size in both directions, centred: each sample is 9, 3, 3 and 1 sixteenths of its nearest.
fn enlarged(plane: &[u8], width: usize, height: usize) -> Vec<u8> {
    let (columns, rows) = (width.div_ceil(2), height.div_ceil(2));
    let mut out = Vec::with_capacity(width * height);
    for y in 0..height {
        let near = y / 2;
        let far = if y % 2 == 0 { near.saturating_sub(1) } else { (near + 1).min(rows - 1) };
        let sum = |x: usize| 3 * u16::from(plane[near * columns + x]) + u16::from(plane[far * columns + x]);
        for x in 0..width {
            let near = x / 2;
            // The two roundings alternate, so that they have no bias.
            let (far, round) = if x % 2 == 0 { (near.saturating_sub(1), 8) } else { ((near + 1).min(columns - 1), 7) };
            out.push(u8::try_from((3 * sum(near) + sum(far) + round) >> 4).unwrap_or(u8::MAX));
        }
    }
    out
}

/// ITU-T T.871, clause 7.
#[expect(clippy::cast_possible_truncation, reason = "clamped to a byte")]
fn bt601(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (f64::from(y), f64::from(cb) - 128.0, f64::from(cr) - 128.0);
    let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
    rgb.map(|v| v.round().clamp(0.0, 255.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enlarging_weighs_nine_three_three_one() {
        let out = enlarged(&[0, 160, 0, 0], 4, 4);
        assert_eq!(out[..4], [0, 40, 120, 160]);
        assert_eq!(out[4..8], [0, 30, 90, 120]);
        assert_eq!(out[12..], [0; 4]);
    }

    #[test]
    fn odd_sides_end_on_the_last_sample() {
        assert_eq!(enlarged(&[10, 20], 3, 1), [10, 12, 18]);
    }
}
