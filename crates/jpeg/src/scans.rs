//! Counts the scans of a file and the work that they are, by their headers alone.

use image_ingest_samples::DecodeError;

use crate::coefficient_cost::ScanDemands;
use crate::headers::{FrameComponent, ScanHeader};
use crate::precision::Precision;
use crate::result::Result;

/// How many scans a file may have.
///
/// A progressive scan can cost a few bytes of the file and a visit of every block of the picture. Without a limit, a
/// file of 10 MB can ask for a million visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanLimits {
    /// The largest number of scans.
    pub max_scans: u32,
    /// The largest number of blocks that all scans visit together, in multiples of the blocks of the picture.
    pub max_full_scans: u32,
}

/// The scans that were seen so far.
#[derive(Default)]
pub(crate) struct ScanCounter {
    pub(crate) count: u32,
    /// Blocks visited, in units of one block of a component per MCU.
    blocks: u64,
    /// Bit `i` is set when component `i` has had a scan that holds its DC coefficient.
    begun: u8,
    /// What is known of the coefficients of each component.
    precision: [Precision; 4],
    /// What the scans ask of the memory for coefficients.
    pub(crate) demands: ScanDemands,
}

impl ScanCounter {
    /// Counts the scan whose header is `payload`. `components` are those of the frame, at most four.
    ///
    /// # Errors
    ///
    /// `malformed` for a header that fits no scan of the frame, `limit_exceeded`.
    pub(crate) fn add(
        &mut self,
        payload: &[u8],
        components: &[FrameComponent],
        is_progressive: bool,
        limits: ScanLimits,
    ) -> Result<()> {
        let scan = ScanHeader::read(payload).ok_or_else(|| DecodeError::malformed("a short scan header"))?;
        if !(1..=4).contains(&scan.components.len()) {
            return Err(DecodeError::malformed("a scan of no or too many components"));
        }
        self.count += 1;
        DecodeError::check_limit("scans", u64::from(self.count), u64::from(limits.max_scans))?;
        let mut named = 0u8;
        for entry in &scan.components {
            // Some encoders give every component one id. Their scans name the components in the frame's order, as
            // libjpeg reads it.
            let matches = |(index, c): &(usize, &FrameComponent)| c.id == entry.id && named & 1 << index == 0;
            let found = components.iter().enumerate().find(matches);
            let (index, component) = found.ok_or_else(|| DecodeError::malformed("a scan of an unknown component"))?;
            named |= 1 << index;
            self.blocks += component.blocks();
            // Sequential scans hold all coefficients whatever they say, and some encoders say otherwise.
            if scan.spectrum.0 == 0 || !is_progressive {
                self.begun |= 1 << index;
            }
            // The decoder finds out whether scans contradict each other.
            self.demands.add(&self.precision[index], scan.spectrum, scan.approximation);
            self.precision[index].refine(scan.spectrum, scan.approximation);
        }
        let all: u64 = components.iter().map(FrameComponent::blocks).sum();
        let full_scans = self.blocks.div_ceil(all.max(1));
        DecodeError::check_limit("scan work in full scans", full_scans, u64::from(limits.max_full_scans))
    }

    /// Whether each of the `components` has had a scan.
    pub(crate) fn covers(&self, components: &[FrameComponent]) -> bool {
        self.begun.count_ones() as usize == components.len()
    }

    /// Whether no scan can be missing.
    pub(crate) fn is_complete(&self, components: &[FrameComponent], is_progressive: bool) -> bool {
        if is_progressive {
            self.precision.iter().take(components.len()).all(Precision::is_full)
        } else {
            self.covers(components)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ScanLimits = ScanLimits { max_scans: 3, max_full_scans: 2 };

    /// 4:2:0: the MCU has four blocks of luma and one of each chroma component.
    const COMPONENTS: [FrameComponent; 3] = [
        FrameComponent { id: 1, h: 2, v: 2, quantiser: 0 },
        FrameComponent { id: 2, h: 1, v: 1, quantiser: 1 },
        FrameComponent { id: 3, h: 1, v: 1, quantiser: 1 },
    ];

    fn header(ids: &[u8], spectrum: [u8; 2], approximation: u8) -> Vec<u8> {
        let entries: Vec<u8> = ids.iter().flat_map(|&id| [id, 0]).collect();
        [&[u8::try_from(ids.len()).unwrap()][..], &entries, &spectrum, &[approximation]].concat()
    }

    #[test]
    fn work_is_counted_in_blocks_of_all_components() {
        let mut scans = ScanCounter::default();
        let chroma = header(&[2], [0, 0], 0);
        let small = ScanLimits { max_scans: 99, max_full_scans: 1 };
        for _ in 0..6 {
            scans.add(&chroma, &COMPONENTS, true, small).unwrap();
        }
        let error = scans.add(&chroma, &COMPONENTS, true, small).unwrap_err();
        assert_eq!(error.to_string(), "scan work in full scans of 2 is over the limit of 1");
    }

    #[test]
    fn the_limit_of_scans_is_inclusive() {
        let mut scans = ScanCounter::default();
        for _ in 0..3 {
            scans
                .add(&header(&[1], [0, 0], 0), &COMPONENTS[..1], true, ScanLimits { max_full_scans: 9, ..LIMITS })
                .unwrap();
        }
        let error = scans.add(&header(&[1], [0, 0], 0), &COMPONENTS[..1], true, LIMITS).unwrap_err();
        assert_eq!(error.to_string(), "scans of 4 is over the limit of 3");
    }

    #[test]
    fn a_sequential_frame_is_complete_when_each_component_has_had_a_scan() {
        let mut scans = ScanCounter::default();
        scans.add(&header(&[1, 3], [0, 63], 0), &COMPONENTS, false, LIMITS).unwrap();
        assert!(!scans.is_complete(&COMPONENTS, false));
        scans.add(&header(&[2], [0, 63], 0), &COMPONENTS, false, LIMITS).unwrap();
        assert!(scans.is_complete(&COMPONENTS, false));
    }

    #[test]
    fn a_progressive_frame_is_complete_when_every_bit_of_every_coefficient_is_known() {
        let mut scans = ScanCounter::default();
        let only = &COMPONENTS[..1];
        for (spectrum, bits, is_complete) in [([0, 0], 0x00, false), ([1, 63], 0x01, false), ([1, 63], 0x10, true)] {
            scans
                .add(&header(&[1], spectrum, bits), only, true, ScanLimits { max_scans: 9, max_full_scans: 9 })
                .unwrap();
            assert_eq!(scans.is_complete(only, true), is_complete);
        }
        assert!(scans.covers(only));
    }

    #[test]
    fn a_header_that_fits_no_scan_of_the_frame_is_malformed() {
        let refusal = |payload: &[u8]| {
            let refused = ScanCounter::default().add(payload, &COMPONENTS, false, LIMITS).unwrap_err();
            refused.to_string()
        };
        assert_eq!(refusal(&header(&[1], [0, 63], 0)[..4]), "malformed: a short scan header");
        assert_eq!(refusal(&header(&[], [0, 63], 0)), "malformed: a scan of no or too many components");
        assert_eq!(refusal(&header(&[9], [0, 63], 0)), "malformed: a scan of an unknown component");
        assert_eq!(refusal(&header(&[2, 2], [0, 63], 0)), "malformed: a scan of an unknown component");
    }
}
