//! Enlarges chroma and converts Y′CbCr to RGB as libwebp does it, for pictures that do not stay planes.
//!
//! A pixel takes 9/16 of the nearest chroma sample, 3/16 of each of the two next to that and 1/16 of the fourth, which
//! are the weights of linear interpolation between samples that lie centred. Rounding has two steps, as in libwebp's
//! `src/dsp/upsampling.c`. The conversion is that of its `src/dsp/yuv.h`: limited-range BT.601 in integers.

/// One row of both planes of chroma.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChromaRow<'a> {
    /// Blue-difference chroma.
    pub(crate) cb: &'a [u8],
    /// Red-difference chroma.
    pub(crate) cr: &'a [u8],
}

/// Writes one row of opaque RGBA pixels.
///
/// `luma` has a sample for each pixel, `rgba` four, and the rows of chroma one for two pixels, rounded up. `near` is the
/// row of chroma that the row of luma belongs to. `far` is the one before it for an even row of luma and the one behind
/// it for an odd row; at the first and the last row of a picture, where there is none, it is `near` again. Pixels for
/// which a slice is too short are left as they are.
pub(crate) fn write_rgba_row(luma: &[u8], near: ChromaRow<'_>, far: ChromaRow<'_>, rgba: &mut [u8]) {
    for (i, (luma, rgba)) in luma.chunks(2 * BLOCK).zip(rgba.chunks_mut(8 * BLOCK)).enumerate() {
        let enlarged = |near: &[u8], far: &[u8]| enlarge(&with_neighbours(near, i), &with_neighbours(far, i));
        let [cb, cr] = [enlarged(near.cb, far.cb), enlarged(near.cr, far.cr)];
        // A block of known length is made of fewer, and faster, instructions.
        if let (Some(luma), Some(rgba)) = (luma.first_chunk(), rgba.first_chunk_mut()) {
            write_block(luma, &cb, &cr, rgba);
        } else {
            let (mut whole, mut pixels) = ([0; 2 * BLOCK], [0; 8 * BLOCK]);
            whole[..luma.len()].copy_from_slice(luma);
            write_block(&whole, &cb, &cr, &mut pixels);
            let len = rgba.len().min(4 * luma.len());
            rgba[..len].copy_from_slice(&pixels[..len]);
        }
    }
}

/// Samples of chroma that are enlarged at once.
const BLOCK: usize = 16;

/// The samples of block `i`, with one before and one behind. At the ends of a row its first or last sample is repeated.
fn with_neighbours(row: &[u8], i: usize) -> [u8; BLOCK + 2] {
    let start = i * BLOCK;
    if let Some(samples) = start.checked_sub(1).and_then(|start| row.get(start..)).and_then(<[u8]>::first_chunk) {
        return *samples;
    }
    let last = row.len().saturating_sub(1);
    std::array::from_fn(|k| row.get((start + k).saturating_sub(1).min(last)).copied().unwrap_or(128))
}

/// Two samples for each of a block. With nearest sample n, the one beside it b, the one above or below f, and the one
/// beside that g: ((n + b + f + g + 8 + 2 (b + f)) / 8 + n) / 2. No sum is above 8 · 255 + 8.
fn enlarge(near: &[u8; BLOCK + 2], far: &[u8; BLOCK + 2]) -> [u8; 2 * BLOCK] {
    let mut out = [[0; 2]; BLOCK];
    for (k, pair) in out.iter_mut().enumerate() {
        let [n, f] = [near[k + 1], far[k + 1]].map(u16::from);
        *pair = [k, k + 2].map(|beside| {
            let [b, g] = [near[beside], far[beside]].map(u16::from);
            low_byte((((n + b + f + g + 8 + 2 * (b + f)) >> 3) + n) >> 1)
        });
    }
    bytemuck::cast(out)
}

fn write_block(luma: &[u8; 2 * BLOCK], cb: &[u8; 2 * BLOCK], cr: &[u8; 2 * BLOCK], rgba: &mut [u8; 8 * BLOCK]) {
    let (pixels, _) = rgba.as_chunks_mut::<4>();
    for (k, pixel) in pixels.iter_mut().enumerate() {
        *pixel = rgba_of(luma[k], cb[k], cr[k]);
    }
}

/// Converts one pixel. A product with a 16-bit factor keeps 6 bits of fraction: 255 · 33050 / 256 is below 2¹⁵ + 2¹¹,
/// and no sum passes 16 bits. What would be negative is 0, what would be above 255 is 255.
#[inline]
fn rgba_of(luma: u8, cb: u8, cr: u8) -> [u8; 4] {
    // The sample in the upper half and 16 bits of the product dropped: one instruction on vectors.
    let times = |sample: u8, factor: u16| {
        let product = (u32::from(sample) << 8) * u32::from(factor);
        u16::try_from(product >> 16).unwrap_or(u16::MAX)
    };
    let luma = times(luma, 19077);
    let red = (luma + times(cr, 26149)).saturating_sub(14234);
    let green = (luma + 8708).saturating_sub(times(cb, 6419) + times(cr, 13320));
    let blue = (luma + times(cb, 33050)).saturating_sub(17685);
    let [red, green, blue] = [red, green, blue].map(|sum| low_byte((sum >> 6).min(255)));
    [red, green, blue, 255]
}

/// The low byte of a number that is at most 255.
#[expect(clippy::cast_possible_truncation, reason = "the number is at most 255")]
const fn low_byte(value: u16) -> u8 {
    value as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::noise;

    #[test]
    fn pixels_are_those_of_the_formulas_in_plain_numbers() {
        let plain = |y: i32, u: i32, v: i32| {
            let times = |sample: i32, factor: i32| (sample * factor) >> 8;
            let clipped = |sum: i32| u8::try_from((sum >> 6).clamp(0, 255)).unwrap();
            [
                clipped(times(y, 19077) + times(v, 26149) - 14234),
                clipped(times(y, 19077) - times(u, 6419) - times(v, 13320) + 8708),
                clipped(times(y, 19077) + times(u, 33050) - 17685),
                255,
            ]
        };
        for y in (0..=255u8).step_by(3) {
            for (u, v) in (0..=255u8).step_by(5).flat_map(|u| (0..=255u8).step_by(5).map(move |v| (u, v))) {
                assert_eq!(rgba_of(y, u, v), plain(y.into(), u.into(), v.into()));
            }
        }
    }

    #[test]
    fn enlarged_chroma_is_weighted_9_3_3_1() {
        for (a, b, c, d) in [(0, 255, 9, 77), (255, 255, 255, 255), (1, 2, 3, 4), (200, 100, 50, 25)] {
            let (near, far) = ([a, b], [c, d]);
            let pair = enlarge(&with_neighbours(&near, 0), &with_neighbours(&far, 0));
            let exact = |n: u8, b: u8, f: u8, g: u8| {
                let [n, b, f, g] = [n, b, f, g].map(f64::from);
                (9.0 * n + 3.0 * b + 3.0 * f + g) / 16.0
            };
            let expected = [exact(a, a, c, c), exact(a, b, c, d), exact(b, a, d, c), exact(b, b, d, d)];
            for (seen, expected) in pair.into_iter().zip(expected) {
                assert!((f64::from(seen) - expected).abs() <= 0.75, "{seen} for {expected}");
            }
        }
    }

    #[test]
    fn a_row_of_any_length_is_the_same_as_pixel_by_pixel() {
        for width in [1, 2, 3, 15, 16, 17, 31, 32, 33, 34, 63, 64, 65, 100] {
            let chroma = noise(4 * 50, 7);
            let of = |i: usize| &chroma[50 * i..50 * i + usize::div_ceil(width, 2)];
            let (near, far) = (ChromaRow { cb: of(0), cr: of(1) }, ChromaRow { cb: of(2), cr: of(3) });
            let luma = noise(width, 9);
            let mut rgba = vec![7; 4 * width + 4];
            write_rgba_row(&luma, near, far, &mut rgba);
            assert_eq!(rgba[4 * width..], [7; 4]);
            let enlarged = |near: &[u8], far: &[u8], x: usize| {
                let (at, last) = (x / 2, near.len() - 1);
                let beside = if x.is_multiple_of(2) { at.saturating_sub(1) } else { (at + 1).min(last) };
                let [n, b, f, g] = [near[at], near[beside], far[at], far[beside]].map(u32::from);
                u8::try_from((((n + b + f + g + 8 + 2 * (b + f)) >> 3) + n) >> 1).unwrap()
            };
            for x in 0..width {
                let expected = rgba_of(luma[x], enlarged(near.cb, far.cb, x), enlarged(near.cr, far.cr, x));
                assert_eq!(rgba[4 * x..4 * x + 4], expected, "{x} of {width}");
            }
        }
    }
}
