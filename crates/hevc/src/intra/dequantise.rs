//! Scales coefficient levels to coefficients (ITU-T H.265 § 8.6.3).

/// How the levels of a block are scaled.
#[derive(Clone, Copy)]
pub(crate) struct Quantiser<'a> {
    /// The quantiser of the component plus `QpBdOffset`: 0 to 99.
    pub(crate) qp: u32,
    /// Bits per sample, 8 to 16.
    pub(crate) depth: u32,
    /// The scaling factor of each coefficient, rows tight; `None` where all are 16.
    pub(crate) factors: Option<&'a [u8]>,
}

/// A [`Quantiser`], prepared for blocks of one size.
///
/// A level has 16 bits, a factor 8, and a step at most 23: 72 · 2¹⁶. The product fits into 47 bits.
pub(crate) struct Dequantiser<'a> {
    factors: Option<&'a [u8]>,
    /// `levelScale << (qP / 6)`.
    step: i64,
    /// 16 of it.
    flat_step: i64,
    round: i64,
    /// `bdShift`: 5 at least, for 4 × 4 samples of 8 bits.
    shift: u32,
}

impl<'a> Dequantiser<'a> {
    /// For blocks of side `1 << log2`.
    pub(crate) fn new(quantiser: Quantiser<'a>, log2: u32) -> Self {
        let shift = quantiser.depth + log2 - 5;
        let step = LEVEL_SCALE[(quantiser.qp % 6) as usize] << (quantiser.qp / 6);
        Self { factors: quantiser.factors, step, flat_step: 16 * step, round: 1 << (shift - 1), shift }
    }

    /// The coefficient of a level at index `at` of its block.
    #[inline]
    pub(crate) fn scaled(&self, level: i32, at: usize) -> i16 {
        let step = self.factors.map_or(self.flat_step, |f| i64::from(f[at]) * self.step);
        let level = i64::from(level.clamp(-32_768, 32_767));
        ((level * step + self.round) >> self.shift).clamp(-32_768, 32_767) as i16
    }
}

/// `levelScale` (§ 8.6.3): 64 · 2^(n/6), rounded, so that six steps of the quantiser double it.
static LEVEL_SCALE: [i64; 6] = [40, 45, 51, 57, 64, 72];

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(qp: u32, depth: u32, log2: u32, level: i32) -> i16 {
        Dequantiser::new(Quantiser { qp, depth, factors: None }, log2).scaled(level, 0)
    }

    #[test]
    fn a_level_is_scaled_by_its_step() {
        // 4 × 4 at 8 bits: (level · 16 · step + 16) >> 5. At quantiser 4 the step is 64: 32 a level.
        assert_eq!((scaled(4, 8, 2, 1), scaled(4, 8, 2, -3)), (32, -96));
        // At 0: (640 + 16) >> 5 = 20 for 1, and (-640 + 16) >> 5 = -20 for -1.
        assert_eq!((scaled(0, 8, 2, 1), scaled(0, 8, 2, -1)), (20, -20));
        // Six more double it. Each doubled side, and each bit of depth, halves it.
        assert_eq!((scaled(10, 8, 2, 1), scaled(4, 8, 5, 1), scaled(4, 10, 2, 1)), (64, 4, 8));
        // 32 × 32 at quantiser 0: (640 + 128) >> 8 = 3, (-640 + 128) >> 8 = -2.
        assert_eq!((scaled(0, 8, 5, 1), scaled(0, 8, 5, -1)), (3, -2));
    }

    #[test]
    fn coefficients_are_clipped_to_16_bits() {
        assert_eq!((scaled(51, 8, 2, 32_767), scaled(51, 8, 2, -32_768)), (32_767, -32_768));
        assert_eq!(scaled(75, 12, 5, i32::MAX), 32_767);
    }

    #[test]
    fn factors_replace_sixteen() {
        let factors: Vec<u8> = (0..16).map(|n| n * 16).collect();
        let dequantiser = Dequantiser::new(Quantiser { qp: 4, depth: 8, factors: Some(&factors) }, 2);
        assert_eq!([0, 1, 2, 15].map(|at| dequantiser.scaled(1, at)), [0, 32, 64, 480]);
    }
}
