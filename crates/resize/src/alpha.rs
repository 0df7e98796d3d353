//! Multiplies RGBA by its alpha before it is reduced, and divides it afterwards.
//!
//! Everything is integers, so the samples are the same on every machine. The factors of 8 bits are those of
//! fast_image_resize, on which content ids rest: its reciprocals have 8 fraction bits, so a quotient may be off by one
//! from the nearest. Quotients of 16 bits are the nearest; fast_image_resize's go through floating-point numbers where
//! the CPU has vectors for them, and differ between machines.

/// A sample that can be multiplied and divided by alpha, which is 1 at the largest sample.
pub(crate) trait AlphaProduct: Copy + PartialEq {
    /// A pixel whose colours are multiplied by its alpha, each rounded to nearest.
    fn multiplied(pixel: [Self; 4]) -> [Self; 4];

    /// The samples of a pixel over `alpha`, which is not 0, saturated.
    fn divided(pixel: [Self; 3], alpha: Self) -> [Self; 3];

    /// No light: what a fully transparent pixel becomes.
    const CLEAR: Self;
    /// Opaque.
    const OPAQUE: Self;
}

/// Multiplies the colours of RGBA pixels by their alpha. What is left over of a length that is no multiple of four
/// stays as it is.
pub(crate) fn premultiply<T: AlphaProduct>(samples: &mut [T]) {
    for pixel in samples.as_chunks_mut::<4>().0 {
        if pixel[3] != T::OPAQUE {
            *pixel = T::multiplied(*pixel);
        }
    }
}

/// Divides the colours of RGBA pixels by their alpha, and saturates; under an alpha of 0 they become 0.
pub(crate) fn unpremultiply<T: AlphaProduct>(samples: &mut [T]) {
    for [r, g, b, alpha] in samples.as_chunks_mut::<4>().0 {
        if *alpha == T::CLEAR {
            [*r, *g, *b] = [T::CLEAR; 3];
        } else if *alpha != T::OPAQUE {
            [*r, *g, *b] = T::divided([*r, *g, *b], *alpha);
        }
    }
}

/// 255 / alpha in 1/256, rounded: at most 65 280, so a product with 8 bits stays below 2^24. The first is not used.
static RECIPROCALS: [u32; 256] = {
    let mut reciprocals = [0; 256];
    let mut alpha = 1;
    while alpha < 256 {
        reciprocals[alpha as usize] = ((255_u32 << 9) / alpha).div_ceil(2);
        alpha += 1;
    }
    reciprocals
};

impl AlphaProduct for u8 {
    const CLEAR: Self = 0;
    const OPAQUE: Self = Self::MAX;

    /// For a product up to 255², with ½ added, `(product + product / 256) / 256` is `product / 255`, and stays below 2^16. So
    /// a word holds two of them, red and blue here, and green and 255, which gives alpha.
    fn multiplied(pixel: [Self; 4]) -> [Self; 4] {
        const BYTES: u32 = 0x00FF_00FF;
        const HALF: u32 = 0x0080_0080;
        let (pixel, alpha) = (u32::from_le_bytes(pixel), u32::from(pixel[3]));
        let [red_blue, green] = [pixel & BYTES, pixel >> 8 & 0xFF | 0x00FF_0000].map(|two| {
            let products = two * alpha + HALF;
            (products + (products >> 8 & BYTES)) >> 8 & BYTES
        });
        (red_blue | green << 8).to_le_bytes()
    }

    fn divided(pixel: [Self; 3], alpha: Self) -> [Self; 3] {
        let reciprocal = RECIPROCALS[usize::from(alpha)];
        pixel.map(|sample| low_byte(((u32::from(sample) * reciprocal + 128) >> 8).min(255)))
    }
}

impl AlphaProduct for u16 {
    const CLEAR: Self = 0;
    const OPAQUE: Self = Self::MAX;

    /// For products up to 65 535² the sum is `product / 65 535` rounded. It stays below 2^32: 65 535² + 32 768 is
    /// 4 294 869 000 and its 65 536th part 65 535, together less than 4 294 967 296.
    fn multiplied([r, g, b, alpha]: [Self; 4]) -> [Self; 4] {
        let [r, g, b] = [r, g, b].map(|sample| {
            let product = u32::from(sample) * u32::from(alpha) + 32_768;
            low_half((product + (product >> 16)) >> 16)
        });
        [r, g, b, alpha]
    }

    /// The numerator is at most 65 535² + 32 767, which 32 bits hold.
    fn divided(pixel: [Self; 3], alpha: Self) -> [Self; 3] {
        let alpha = u32::from(alpha).max(1);
        pixel.map(|sample| low_half(((u32::from(sample) * 65_535 + alpha / 2) / alpha).min(65_535)))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "callers pass values up to 255")]
fn low_byte(value: u32) -> u8 {
    value as u8
}

#[expect(clippy::cast_possible_truncation, reason = "callers pass values up to 65 535")]
fn low_half(value: u32) -> u16 {
    value as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bits_are_multiplied_to_the_nearest() {
        for (value, alpha) in (0..=255u8).flat_map(|value| (0..=255u8).map(move |alpha| (value, alpha))) {
            let exact = u32::from(value) * u32::from(alpha);
            let wanted = u8::try_from((exact * 2 + 255) / (2 * 255)).unwrap();
            let found = u8::multiplied([value, 255 - value, value, alpha]);
            assert_eq!([found[0], found[2], found[3]], [wanted, wanted, alpha], "{value} {alpha}");
            assert_eq!(found[1], u8::multiplied([0, 0, 255 - value, alpha])[2]);
        }
    }

    #[test]
    fn eight_bits_are_divided_by_a_reciprocal_of_8_fraction_bits() {
        for (value, alpha) in (0..=255u8).flat_map(|value| (1..=255u8).map(move |alpha| (value, alpha))) {
            let reciprocal = (f64::from(alpha).recip() * 255.0 * 256.0).round();
            let wanted = (f64::from(value) * reciprocal / 256.0).round().min(255.0);
            let [found, ..] = u8::divided([value; 3], alpha);
            assert_eq!(f64::from(found), wanted, "{value} {alpha}");
        }
    }

    #[test]
    fn sixteen_bits_are_multiplied_to_the_nearest() {
        for value in (0..=65_535u16).step_by(251) {
            for alpha in (0..=65_535u16).step_by(257).chain([1, 2, 65_534]) {
                let exact = u64::from(value) * u64::from(alpha);
                let wanted = u16::try_from((exact * 2 + 65_535) / (2 * 65_535)).unwrap();
                assert_eq!(u16::multiplied([value, 0, value, alpha]), [wanted, 0, wanted, alpha], "{value} {alpha}");
            }
        }
    }

    #[test]
    fn sixteen_bits_are_divided_to_the_nearest_and_saturate() {
        assert_eq!(u16::divided([1, 2, 3], 2), [32_768, 65_535, 65_535]);
        assert_eq!(u16::divided([65_535, 0, 1], 65_534), [65_535, 0, 1]);
        for alpha in (1..=65_535u16).step_by(97) {
            for value in (0..=alpha).step_by(331) {
                let [quotient, ..] = u16::divided([value; 3], alpha);
                let error = i64::from(quotient) * i64::from(alpha) - i64::from(value) * 65_535;
                assert!(2 * error.abs() <= i64::from(alpha), "{value} {alpha}");
            }
        }
    }

    #[test]
    fn clear_pixels_become_black_and_opaque_ones_stay() {
        let mut pixels = [9u16, 8, 7, 0, 1, 2, 3, 65_535];
        unpremultiply(&mut pixels);
        assert_eq!(pixels, [0, 0, 0, 0, 1, 2, 3, 65_535]);
        let mut pixels = [9u8, 8, 7, 0, 1, 2, 3, 255];
        premultiply(&mut pixels);
        assert_eq!(pixels, [0, 0, 0, 0, 1, 2, 3, 255]);
    }
}
