//! Y′CbCr of 8 bits to RGB: [`crate::ycbcr`] in 32 bits, which hold every sum.
//!
//! A chroma difference is at most 128 and a coefficient below 2²², so two products stay below 2³⁰; luma adds less than
//! 2²⁸·⁵ and half a unit. It is the arithmetic of 64 bits, number by number.

/// What to multiply samples of 8 bits with; 20 bits of fraction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EightBitCoefficients {
    /// The sample of black.
    pub(crate) luma_low: i32,
    pub(crate) luma: i32,
    pub(crate) cr_to_r: i32,
    pub(crate) cb_to_g: i32,
    pub(crate) cr_to_g: i32,
    pub(crate) cb_to_b: i32,
}

/// The chroma sample of gray.
pub(crate) const CHROMA_ZERO: i32 = 128;
pub(crate) const FRACTION_BITS: i32 = 20;
/// Added before the shift, which rounds down.
pub(crate) const HALF: i32 = 1 << (FRACTION_BITS - 1);

impl EightBitCoefficients {
    /// `None` where a sum might not fit: for primaries that no display has.
    pub(crate) fn new(luma_low: i64, luma: i64, chroma: [i64; 4]) -> Option<Self> {
        let small = |v: i64| i32::try_from(v).ok().filter(|v| v.abs() < 1 << 22);
        let [cr_to_r, cb_to_g, cr_to_g, cb_to_b] = chroma.map(small);
        Some(Self {
            luma_low: i32::try_from(luma_low).ok().filter(|low| (0..=16).contains(low))?,
            luma: small(luma).filter(|luma| (0..=1_250_000).contains(luma))?,
            cr_to_r: cr_to_r?,
            cb_to_g: cb_to_g?,
            cr_to_g: cr_to_g?,
            cb_to_b: cb_to_b?,
        })
    }

    /// Red, green and blue of a pixel.
    #[inline]
    pub(crate) fn rgb(&self, [y, cb, cr]: [u8; 3]) -> [u8; 3] {
        let y = (i32::from(y) - self.luma_low) * self.luma + HALF;
        let (cb, cr) = (i32::from(cb) - CHROMA_ZERO, i32::from(cr) - CHROMA_ZERO);
        let (red, blue) = (y + cr * self.cr_to_r, y + cb * self.cb_to_b);
        [red, y + cb * self.cb_to_g + cr * self.cr_to_g, blue]
            .map(|v| u8::try_from((v >> FRACTION_BITS).clamp(0, 255)).unwrap_or(u8::MAX))
    }

    /// Makes pixels of as many samples of each plane.
    pub(crate) fn fill(&self, [y, cb, cr]: [&[u8]; 3], out: &mut [[u8; 3]]) {
        for (((to, &y), &cb), &cr) in out.iter_mut().zip(y).zip(cb).zip(cr) {
            *to = self.rgb([y, cb, cr]);
        }
    }
}

#[cfg(test)]
mod tests {
    use image_ingest_samples::Avx2;

    use super::*;
    use crate::dispatch;

    fn coefficients() -> [EightBitCoefficients; 2] {
        let full = [1_470_104, -360_857, -748_826, 1_858_077];
        let limited = [1_673_527, -410_791, -852_443, 2_115_180];
        [
            EightBitCoefficients::new(0, 1 << 20, full).unwrap(),
            EightBitCoefficients::new(16, 1_220_945, limited).unwrap(),
        ]
    }

    #[test]
    fn builds_agree_on_any_number_of_pixels() {
        for coefficients in coefficients() {
            for len in [0, 1, 7, 8, 9, 100, 4096] {
                let samples = |seed: u32| -> Vec<u8> {
                    (0..len).map(|i: u32| (i + seed).wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect()
                };
                let (y, cb, cr) = (samples(1), samples(77), samples(4711));
                let [mut portable, mut found] = [(); 2].map(|()| vec![[7; 3]; y.len()]);
                dispatch::rgb_of_ycbcr(&coefficients, [&y, &cb, &cr], &mut portable, None);
                dispatch::rgb_of_ycbcr(&coefficients, [&y, &cb, &cr], &mut found, Avx2::find());
                assert!(portable == found, "{len}");
            }
        }
    }

    #[test]
    fn extremes_do_not_overflow() {
        let (luma, most) = (1_250_000, (1 << 22) - 1);
        for chroma in [[most, -most, -most, most], [-most, most, most, -most]] {
            let coefficients = EightBitCoefficients::new(16, luma, chroma).unwrap();
            for [y, cb, cr] in [[0, 0, 0], [255, 0, 0], [0, 255, 255], [255, 255, 255], [255, 0, 255], [0, 255, 0]] {
                let (luma, blue, red) = ((i64::from(y) - 16) * luma, i64::from(cb) - 128, i64::from(cr) - 128);
                let [cr_to_r, cb_to_g, cr_to_g, cb_to_b] = chroma;
                let wanted = [red * cr_to_r, blue * cb_to_g + red * cr_to_g, blue * cb_to_b]
                    .map(|v| u8::try_from(((luma + v + (1 << 19)) >> 20).clamp(0, 255)).unwrap());
                assert_eq!(coefficients.rgb([y, cb, cr]), wanted, "{y} {cb} {cr}");
            }
        }
        assert!(EightBitCoefficients::new(0, 1 << 20, [1 << 22, 0, 0, 0]).is_none());
    }
}
