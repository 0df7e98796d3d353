//! Keeps which bits of the coefficients the scans of a progressive frame have brought (ITU-T T.81 § G.1.1.1).
//!
//! The end of a file decides nothing once every bit of every coefficient is known: no scan can be missing. So a file
//! whose end-of-image marker is missing, or has other bytes behind it, is as good as a whole one.

/// The bits that refinements may bring where they are held as masks, from bit 0 on. Encoders in use refine three at most.
pub(crate) const REFINED_BITS: usize = 4;

/// The lowest bit that is known of each coefficient of a component, in zigzag order; `None` before its first scan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Precision([Option<u8>; 64]);

impl Default for Precision {
    /// Nothing is known yet.
    fn default() -> Self {
        Self([None; 64])
    }
}

impl Precision {
    /// Notes a scan of the coefficients `first..=last`, of which `before` is the lowest bit known (0 where none is) and
    /// `bit` the lowest known after the scan. Returns false where the scan contradicts those before it.
    pub(crate) fn refine(&mut self, (first, last): (u8, u8), (before, bit): (u8, u8)) -> bool {
        let mut fits = first == 0 || self.0[0].is_some();
        for known in self.0.get_mut(usize::from(first)..=usize::from(last)).unwrap_or_default() {
            fits &= known.replace(bit).unwrap_or(0) == before;
        }
        fits
    }

    /// Whether [`MaskedCoefficients`](crate::masked::MaskedCoefficients) can hold what a scan brings. A first scan of AC
    /// coefficients must bring none of them again, and a refinement must bring one of the lowest bits.
    pub(crate) fn has_masks_for(&self, (first, last): (u8, u8), (before, bit): (u8, u8)) -> bool {
        let band = self.0.get(usize::from(first)..=usize::from(last)).unwrap_or_default();
        match (first, before) {
            (0, _) => true,
            (_, 0) => band.iter().all(Option::is_none),
            _ => usize::from(bit) < REFINED_BITS,
        }
    }

    /// Whether every bit of every coefficient is known, so that no scan can be missing.
    pub(crate) fn is_full(&self) -> bool {
        self.0.iter().all(|&known| known == Some(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_coefficient_down_to_its_last_bit_is_all_there_is() {
        let mut precision = Precision::default();
        for (band, bits) in [((0, 0), (0, 1)), ((1, 63), (0, 2)), ((1, 63), (2, 1)), ((1, 63), (1, 0))] {
            assert!(precision.refine(band, bits));
            assert!(!precision.is_full());
        }
        assert!(precision.refine((0, 0), (1, 0)));
        assert!(precision.is_full());
    }

    #[test]
    fn a_scan_that_skips_a_bit_or_comes_before_dc_contradicts() {
        assert!(!Precision::default().refine((1, 5), (0, 0)), "AC before DC");
        for again in [((0, 0), (1, 0)), ((0, 0), (0, 2))] {
            let mut precision = Precision::default();
            assert!(precision.refine((0, 0), (0, 2)));
            assert!(!precision.refine(again.0, again.1), "{again:?}");
        }
    }
}
