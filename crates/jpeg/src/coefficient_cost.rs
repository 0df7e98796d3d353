//! Estimates the memory that the coefficients of a progressive frame take (see [`crate::masked`]).

use crate::frame::DctFrame;
use crate::precision::{Precision, REFINED_BITS};

/// What the scans of a progressive frame ask of the memory for its coefficients.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ScanDemands {
    /// Bit `b` is set when a scan refines the bit `b` of AC coefficients, below [`REFINED_BITS`].
    refined: u8,
    /// Whether a scan came that does not fit masks.
    needs_whole: bool,
}

impl ScanDemands {
    /// Notes a scan of a component of which `known` was known before it.
    pub(crate) fn add(&mut self, known: &Precision, spectrum: (u8, u8), (before, bit): (u8, u8)) {
        self.needs_whole |= !known.has_masks_for(spectrum, (before, bit));
        if spectrum.0 > 0 && before > 0 && usize::from(bit) < REFINED_BITS {
            self.refined |= 1 << bit;
        }
    }

    /// The most bytes that the coefficients of a frame take, in a file of `file_bytes`.
    pub(crate) fn bytes(self, frame: &DctFrame, file_bytes: u64) -> u64 {
        let mcus = u64::from(frame.mcus().0) * u64::from(frame.mcus().1);
        let blocks = mcus * frame.components.iter().map(|c| u64::from(c.h) * u64::from(c.v)).sum::<u64>();
        let masked =
            blocks * (MASKED + 8 * u64::from(self.refined.count_ones())) + value_bytes(blocks * 63, file_bytes);
        match (frame.arithmetic, self.needs_whole) {
            (true, _) => blocks * WHOLE,
            (false, false) => masked,
            // Both are held while one becomes the other.
            (false, true) => masked + blocks * WHOLE,
        }
    }
}

/// Bytes for a block of whole coefficients: 16 bits for each, and one that says whether it is zero.
const WHOLE: u64 = 64 * 17 / 8;
/// Bytes for a block that is held in masks: the DC coefficient, three masks, and another for each bit that is refined.
const MASKED: u64 = 2 + 3 * 8;

/// The most bytes that the values of first scans take, of which there are at most `count`.
///
/// A value of at most seven bits takes a byte, and two bits of the file or more, its code and itself. One of more bits
/// takes two bytes more, or two and a half while the room for it grows by a quarter, and nine bits of the file or more.
/// The most bytes for a bit are those of short values, so the file has room for four bytes for each of its own. Where
/// all values are there, each that is a long one takes seven bits more.
fn value_bytes(count: u64, file_bytes: u64) -> u64 {
    let long = ((8 * file_bytes).saturating_sub(2 * count) / 7).min(count);
    (4 * file_bytes).min(count + long * 5 / 2)
}

#[cfg(test)]
mod tests {
    use image_ingest_samples::Size;

    use super::*;
    use crate::headers::{FrameComponent, FrameHeader, Process};

    /// A scan by its band and its bits.
    type Scan = ((u8, u8), (u8, u8));

    fn bytes(process: Process, scans: &[Scan], file_bytes: u64) -> u64 {
        let components: Vec<_> =
            (1..).zip([4, 1, 1]).map(|(id, h)| FrameComponent { id, h, v: 1, quantiser: 0 }).collect();
        let header = FrameHeader { process, bit_depth: 8, size: Size::new(1, 1024), count: 3, components };
        let (mut demands, mut known) = (ScanDemands::default(), Precision::default());
        for &(spectrum, approximation) in scans {
            demands.add(&known, spectrum, approximation);
            known.refine(spectrum, approximation);
        }
        demands.bytes(&DctFrame::of(&header).unwrap(), file_bytes)
    }

    /// MCUs of 32 × 8 samples have six blocks.
    const BLOCKS: u64 = 128 * 6;

    #[test]
    fn masks_are_of_whole_mcus_and_of_the_bits_that_scans_refine() {
        let scans = [((0, 0), (0, 1)), ((1, 5), (0, 2)), ((6, 63), (0, 2)), ((0, 0), (1, 0)), ((1, 63), (2, 1))];
        assert_eq!(bytes(Process::Progressive, &scans[..4], 0), BLOCKS * 26);
        assert_eq!(bytes(Process::Progressive, &scans, 0), BLOCKS * 34);
        assert_eq!(bytes(Process::ProgressiveArithmetic, &scans, 0), BLOCKS * 136);
    }

    #[test]
    fn a_band_that_comes_again_or_a_high_bit_needs_whole_coefficients_too() {
        let again = [((0, 0), (0, 0)), ((1, 63), (0, 0)), ((5, 5), (0, 3))];
        let high = [((0, 0), (0, 0)), ((1, 63), (0, 5)), ((1, 63), (5, 4))];
        for scans in [again, high] {
            assert_eq!(bytes(Process::Progressive, &scans, 0), BLOCKS * (26 + 136));
        }
    }

    #[test]
    fn values_are_bounded_by_the_file_and_by_the_coefficients() {
        assert_eq!(value_bytes(1000, 10), 40, "short values take two bits");
        assert_eq!(value_bytes(1000, 250), 1000, "a value for each coefficient");
        assert_eq!(value_bytes(1000, 257), 1000 + 8 * 5 / 2, "seven bits more for a long one");
        assert_eq!(value_bytes(1000, 1_000_000), 3500, "all of them long");
    }
}
