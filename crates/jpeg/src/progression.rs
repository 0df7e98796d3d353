//! Tells what a scan of a progressive frame brings (ITU-T T.81 § G.1.1.1).

use image_ingest_samples::DecodeError;

use crate::result::Result;
use crate::tables::ScanStart;

/// The four kinds of scan of a progressive frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScanStep {
    /// DC coefficients but for their lowest bits.
    DcFirst,
    /// One more bit of DC coefficients.
    DcRefine,
    /// A band of AC coefficients but for their lowest bits.
    AcFirst,
    /// One more bit of a band of AC coefficients.
    AcRefine,
}

impl ScanStep {
    /// What the scan of this header brings.
    ///
    /// A scan of DC coefficients may hold several components, one of AC coefficients holds one (§ G.1.1.1.1). A
    /// refinement brings the bit below the lowest one known, and no bit is above 13 (§ G.1.1.1.2).
    ///
    /// # Errors
    ///
    /// `malformed` for a scan that no progressive frame may have.
    pub(crate) fn of(start: &ScanStart<'_>) -> Result<Self> {
        let ((first, last), (before, bit)) = (start.spectrum, start.approximation);
        let is_known = bit <= 13 && (before == 0 || before == bit + 1);
        match (first, last, before) {
            (0, 0, 0) if is_known => Ok(Self::DcFirst),
            (0, 0, _) if is_known => Ok(Self::DcRefine),
            (1..64, 1..64, _) if is_known && first <= last && start.components.len() == 1 => {
                Ok(if before == 0 { Self::AcFirst } else { Self::AcRefine })
            }
            _ => Err(DecodeError::malformed("a scan that no progressive image has")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::ScanTables;

    fn step(components: usize, spectrum: (u8, u8), approximation: (u8, u8)) -> Option<ScanStep> {
        let components = (0..components).map(|index| ScanTables { index, dc: 0, ac: 0 }).collect();
        ScanStep::of(&ScanStart { components, spectrum, approximation, data: &[] }).ok()
    }

    #[test]
    fn scans_are_told_apart_by_their_band_and_their_bits() {
        assert_eq!(step(3, (0, 0), (0, 1)), Some(ScanStep::DcFirst));
        assert_eq!(step(3, (0, 0), (1, 0)), Some(ScanStep::DcRefine));
        assert_eq!(step(1, (1, 63), (0, 13)), Some(ScanStep::AcFirst));
        assert_eq!(step(1, (5, 5), (3, 2)), Some(ScanStep::AcRefine));
    }

    #[test]
    fn scans_outside_the_rules_are_refused() {
        assert_eq!(step(2, (1, 63), (0, 0)), None, "AC of two components");
        assert_eq!(step(1, (0, 63), (0, 0)), None, "DC and AC");
        assert_eq!((step(1, (6, 5), (0, 0)), step(1, (1, 64), (0, 0))), (None, None), "no band");
        assert_eq!((step(1, (0, 0), (0, 14)), step(1, (0, 0), (3, 1))), (None, None), "no such bit");
    }
}
