//! Converts two rows of RGB to Y′CbCr (ITU-T T.871 clause 7) and reduces chroma to half, both ways (4:2:0).
//!
//! The arithmetic is libjpeg's: coefficients of 16 fractional bits, each component rounded at full size (jccolor.c),
//! then the mean of four samples of chroma, rounded up from one half in odd columns and from three quarters in even ones
//! (`h2v2_downsample` of jcsample.c).

use wide::{i16x8, i32x4, u8x16, u32x4};

/// Pixels that are converted at once.
pub(crate) const PIXELS: usize = 32;

/// What is added to the sum of four samples of chroma, in even columns and in odd ones: 1 or 2.
pub(crate) type ChromaBias = [i32; 2];

/// As many pixels of two rows, one below the other.
pub(crate) type RgbPiece<'a> = [&'a [u8; PIXELS * 3]; 2];

/// The samples of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct YcbcrPiece {
    pub(crate) luma: [[u8; PIXELS]; 2],
    /// Cb, then Cr.
    pub(crate) chroma: [[u8; PIXELS / 2]; 2],
}

/// The rows of samples that two rows of RGB become.
pub(crate) struct YcbcrRows<'a> {
    pub(crate) luma: [&'a mut [u8]; 2],
    /// Cb, then Cr.
    pub(crate) chroma: [&'a mut [u8]; 2],
}

/// Converts two rows of RGB piece by piece with one build's `convert`.
///
/// The rows of luma have room for whole pieces, those of chroma for half as much. The last pixel is repeated up to there.
#[inline(always)]
pub(crate) fn convert_rows(rgb: [&[u8]; 2], to: YcbcrRows<'_>, convert: impl Fn(RgbPiece<'_>) -> YcbcrPiece) {
    let YcbcrRows { luma, chroma } = to;
    let [(luma_0, _), (luma_1, _)] = luma.map(|row| row.as_chunks_mut::<PIXELS>());
    let [(cb, _), (cr, _)] = chroma.map(|row| row.as_chunks_mut::<{ PIXELS / 2 }>());
    let places = luma_0.iter_mut().zip(luma_1).zip(cb.iter_mut().zip(cr));
    for (i, ((luma_0, luma_1), (cb, cr))) in places.enumerate() {
        let at = i * PIXELS * 3;
        let mut edges = [[0; PIXELS * 3]; 2];
        let [edge_0, edge_1] = &mut edges;
        let piece = convert([piece(rgb[0], at, edge_0), piece(rgb[1], at, edge_1)]);
        [*luma_0, *luma_1] = piece.luma;
        [*cb, *cr] = piece.chroma;
    }
}

/// The pixels from `at` on. Where there are too few of them, `edge` holds them, and the last one again and again.
#[inline(always)]
fn piece<'a>(row: &'a [u8], at: usize, edge: &'a mut [u8; PIXELS * 3]) -> &'a [u8; PIXELS * 3] {
    match row.get(at..).and_then(<[u8]>::first_chunk) {
        Some(whole) => whole,
        None => {
            fill_edge(row, at, edge);
            edge
        }
    }
}

#[cold]
#[inline(never)]
fn fill_edge(row: &[u8], at: usize, edge: &mut [u8; PIXELS * 3]) {
    let last = row.last_chunk().copied().unwrap_or([0; 3]);
    let pixels = row.get(at..).unwrap_or(&[]);
    *edge = std::array::from_fn(|i| pixels.get(i).copied().unwrap_or(last[i % 3]));
}

/// Converts a piece on any machine; this says what every build must give.
#[inline(always)]
pub(crate) fn convert(rgb: RgbPiece<'_>, bias: ChromaBias) -> YcbcrPiece {
    // Written out, so that the compiler keeps it all in registers: a closure for each part is a call for each.
    let mut piece = YcbcrPiece { luma: [[0; PIXELS]; 2], chroma: [[0; PIXELS / 2]; 2] };
    for half in 0..2 {
        let (at, to) = (half * 48, half * 16);
        let [y_0, cb_0, cr_0] = components(rgb[0], at);
        let [y_1, cb_1, cr_1] = components(rgb[0], at + 24);
        let [y_2, cb_2, cr_2] = components(rgb[1], at);
        let [y_3, cb_3, cr_3] = components(rgb[1], at + 24);
        piece.luma[0][to..to + 16].copy_from_slice(&narrow(y_0, y_1));
        piece.luma[1][to..to + 16].copy_from_slice(&narrow(y_2, y_3));
        let means = narrow(means(cb_0 + cb_2, cb_1 + cb_3, bias), means(cr_0 + cr_2, cr_1 + cr_3, bias));
        piece.chroma[0][to / 2..to / 2 + 8].copy_from_slice(&means[..8]);
        piece.chroma[1][to / 2..to / 2 + 8].copy_from_slice(&means[8..]);
    }
    piece
}

/// Y′, Cb and Cr, 0 to 255, of the eight pixels from the byte `at` on.
#[inline(always)]
fn components(row: &[u8; PIXELS * 3], at: usize) -> [i16x8; 3] {
    let (left, right) = (PixelPairs::of(row, at), PixelPairs::of(row, at + 12));
    [joined(left.luma(), right.luma()), joined(left.cb(), right.cb()), joined(left.cr(), right.cr())]
}

/// R and G of four pixels, and B and G, as lanes of 16 bits.
///
/// No sum overflows: the magnitudes of a component's coefficients add up to 2¹⁶ at most, so it is below 2²⁵.
#[derive(Clone, Copy)]
struct PixelPairs {
    rg: i16x8,
    bg: i16x8,
}

impl PixelPairs {
    #[inline(always)]
    fn of(row: &[u8; PIXELS * 3], at: usize) -> Self {
        // A pixel in the lower three bytes. Four bytes from the last pixel on would be one too many.
        let pixels: &[u8; 12] = row[at..].first_chunk().unwrap_or(&[0; 12]);
        let word = |at: usize| u32::from_le_bytes([pixels[at], pixels[at + 1], pixels[at + 2], pixels[at + 3]]);
        let words = u32x4::new([word(0), word(3), word(6), word(8) >> 8]);
        let byte = u32x4::splat(0xFF);
        let green = (words & (byte << 8u32)) << 8u32;
        Self {
            rg: bytemuck::must_cast((words & byte) | green),
            bg: bytemuck::must_cast(((words >> 16u32) & byte) | green),
        }
    }

    /// The coefficient of G has more than 15 bits, so a part of it goes to the pair with B.
    #[inline(always)]
    fn luma(self) -> i32x4 {
        let [r, g, b] = TO_Y;
        (dot(self.rg, r, g - QUARTER) + dot(self.bg, b, QUARTER) + i32x4::splat(HALF)) >> 16u32
    }

    /// One half has 16 bits, so a product with minus one half is taken away.
    #[inline(always)]
    fn cb(self) -> i32x4 {
        let [r, g, b] = TO_CB;
        (dot(self.rg, r, g) - dot(self.bg, -b, 0) + i32x4::splat(CENTRE)) >> 16u32
    }

    #[inline(always)]
    fn cr(self) -> i32x4 {
        let [r, g, b] = TO_CR;
        (dot(self.bg, b, 0) - dot(self.rg, -r, -g) + i32x4::splat(CENTRE)) >> 16u32
    }
}

/// The lower lanes of pairs times `first` plus the upper ones times `second`. The constants are put together as the pairs
/// are, so that a machine's order of bytes does not matter.
#[inline(always)]
fn dot(pairs: i16x8, first: i32, second: i32) -> i32x4 {
    pairs.dot(bytemuck::must_cast(i32x4::splat((first & 0xFFFF) | second << 16)))
}

/// Eight means of two by two samples, of which the upper and lower are added; rounded as their columns want it.
#[inline(always)]
fn means(left: i16x8, right: i16x8, [even, odd]: ChromaBias) -> i16x8 {
    let mean = |sums: i16x8| (sums.dot(i16x8::splat(1)) + i32x4::new([even, odd, even, odd])) >> 2u32;
    joined(mean(left), mean(right))
}

#[inline(always)]
fn joined(left: i32x4, right: i32x4) -> i16x8 {
    i16x8::from_i32x8_saturate(bytemuck::must_cast([left, right]))
}

/// Sixteen lanes, 0 to 255, as bytes.
#[inline(always)]
fn narrow(left: i16x8, right: i16x8) -> [u8; 16] {
    u8x16::narrow_i16x8(left, right).to_array()
}

/// What of G goes into the pair with B. Both parts have less than 16 bits.
pub(crate) const QUARTER: i32 = 1 << 14;

/// 0.299, 0.587 and 0.114, in 65536ths.
pub(crate) const TO_Y: [i32; 3] = [19_595, 38_470, 7_471];

/// −0.16874, −0.33126 and 0.5.
pub(crate) const TO_CB: [i32; 3] = [-11_059, -21_709, 32_768];

/// 0.5, −0.41869 and −0.08131.
pub(crate) const TO_CR: [i32; 3] = [32_768, -27_439, -5_329];

/// One half, which rounds luma.
pub(crate) const HALF: i32 = 1 << 15;

/// 128 and a little less than one half, so that no sample is over 255.
pub(crate) const CENTRE: i32 = (128 << 16) + (1 << 15) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_has_the_samples_of_the_formula() {
        let all = |rgb: [u8; 3]| {
            let row: Vec<u8> = rgb.repeat(PIXELS);
            let piece = convert([row[..].try_into().unwrap(); 2], [1, 2]);
            assert!(piece.luma.as_flattened().iter().all(|&y| y == piece.luma[0][0]));
            (piece.luma[0][0], piece.chroma[0][0], piece.chroma[1][0])
        };
        for round in 0..40_000u32 {
            let [r, g, b, _] = round.wrapping_mul(2_654_435_761).to_be_bytes();
            let (y, cb, cr) = all([r, g, b]);
            let [r, g, b] = [r, g, b].map(f64::from);
            let near = |sample: u8, exact: f64| (f64::from(sample) - exact).abs() < 0.51;
            assert!(near(y, 0.299 * r + 0.587 * g + 0.114 * b));
            assert!(near(cb, (b - 0.299 * r - 0.587 * g - 0.114 * b) / 1.772 + 128.0) || cb == 255);
            assert!(near(cr, (r - 0.299 * r - 0.587 * g - 0.114 * b) / 1.402 + 128.0) || cr == 255);
        }
        assert_eq!([all([255, 255, 255]), all([0, 0, 0])], [(255, 128, 128), (0, 128, 128)]);
        assert_eq!([all([0, 0, 255]), all([255, 0, 0])], [(29, 255, 107), (76, 85, 255)]);
    }

    #[test]
    fn halves_round_up_in_odd_columns_alone() {
        // Blue has Cb 255, black has 128. One blue pixel of four: 159.75; two: 191.5.
        let (mut upper, lower) = ([0; PIXELS * 3], [0; PIXELS * 3]);
        for x in [0, 1, 2, 3, 4, 6] {
            upper[x * 3 + 2] = 255;
        }
        assert_eq!(convert([&upper, &lower], [1, 2]).chroma[0][..5], [191, 192, 160, 160, 128]);
        assert_eq!(convert([&upper, &lower], [2, 1]).chroma[0][..5], [192, 191, 160, 160, 128]);
    }

    #[test]
    fn the_last_pixel_is_repeated() {
        let rgb = [9, 8, 7, 3, 2, 1];
        let mut edge = [0; PIXELS * 3];
        let first = piece(&rgb, 0, &mut edge);
        assert_eq!((&first[..3], &first[3..]), (&rgb[..3], &[3, 2, 1].repeat(PIXELS - 1)[..]));
        assert_eq!(piece(&rgb, 96, &mut edge)[..], [3, 2, 1].repeat(PIXELS));
    }

    #[test]
    fn both_builds_convert_alike() {
        use crate::dispatch::encode;
        use crate::encode::work::EncodeWork;
        use crate::tests::vectors::Random;
        use image_ingest_samples::Avx2;
        let mut random = Random::new(41);
        for width in (1..200).step_by(3) {
            let rows = [random.bytes(width * 3), random.bytes(width * 3)];
            let bias = [1 + i32::from(width % 2 == 0), 1 + i32::from(width % 4 == 0)];
            let converted = |avx2| {
                let whole = width.next_multiple_of(PIXELS);
                let mut luma = [vec![0; whole], vec![0; whole]];
                let mut chroma = [vec![0; whole / 2], vec![0; whole / 2]];
                let to = YcbcrRows {
                    luma: luma.each_mut().map(|row| &mut row[..]),
                    chroma: chroma.each_mut().map(|row| &mut row[..]),
                };
                encode(EncodeWork::Convert(rows.each_ref().map(|row| &row[..]), to, bias), avx2).unwrap();
                (luma, chroma)
            };
            assert_eq!(converted(None), converted(Avx2::find()), "{width}");
        }
    }
}
