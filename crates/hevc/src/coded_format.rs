//! Tells what the header of an image needs of a sequence parameter set: sizes, sample format and colour.

use image_ingest_samples::Size;

use crate::parameters::sequence::SequenceParameterSet;
use crate::parameters::usability::Usability;

/// What a sequence parameter set says of its pictures, before any is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodedFormat {
    /// The size that a decoder makes: whole coding blocks, in pixels.
    pub coded: Size,
    /// The size after the conformance window, in pixels.
    pub size: Size,
    /// What the conformance window cuts at the left and at the top, in pixels.
    pub(crate) offset: (u32, u32),
    pub(crate) chroma_format: u32,
    pub(crate) bit_depth: u32,
    /// The video usability information.
    pub usability: Usability,
}

impl CodedFormat {
    /// `None` for a conformance window larger than the picture, and for a bit depth beyond 32 bits.
    pub(crate) fn of(set: &SequenceParameterSet) -> Option<Self> {
        let SequenceParameterSet { coded, chroma_format, usability, .. } = *set;
        let (size, offset) = match set.window {
            Some(window) => windowed(window, coded, chroma_format)?,
            None => (coded, (0, 0)),
        };
        let bit_depth = set.luma_depth_over_8.checked_add(8)?;
        Some(Self { coded, size, offset, chroma_format, bit_depth, usability })
    }

    /// Whether the conformance window cuts more than the last column or row of coding tree blocks. Encoders fill up to
    /// whole coding blocks and cut the rest off again; a window that cuts more hides the memory that the picture takes.
    pub(crate) fn hides_too_much(&self) -> bool {
        let cut = |coded: u32, shown: u32| coded.saturating_sub(shown) > MAX_CODING_BLOCK;
        cut(self.coded.width, self.size.width) || cut(self.coded.height, self.size.height)
    }
}

/// The size in a conformance window, and its first pixel (ITU-T H.265 § 7.4.3.2.1).
fn windowed([left, right, top, bottom]: [u32; 4], coded: Size, chroma_format: u32) -> Option<(Size, (u32, u32))> {
    let (horizontal, vertical) = match chroma_format {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    let across = left.checked_add(right)?.checked_mul(horizontal)?;
    let down = top.checked_add(bottom)?.checked_mul(vertical)?;
    let size = Size::new(coded.width.checked_sub(across)?, coded.height.checked_sub(down)?);
    // Neither product is more than one that was checked.
    Some((size, (left * horizontal, top * vertical)))
}

/// The largest side of a coding tree block (ITU-T H.265 § 7.4.3.2.1).
const MAX_CODING_BLOCK: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use image_ingest_samples::Cicp;

    use crate::tests::writer::{Writer, parameter_set};

    fn read(nal: &[u8]) -> Option<CodedFormat> {
        CodedFormat::of(&SequenceParameterSet::read(nal)?)
    }

    #[test]
    fn usability_is_found_behind_every_optional_part() {
        let mut w = parameter_set();
        w.bits(1, 1).bits(1, 1).bits(255, 8).bits(0, 32).bits(1, 1).bits(0, 1);
        w.bits(1, 1).bits(5, 3).bits(1, 1).bits(1, 1).bits(12, 8).bits(13, 8).bits(6, 8);
        w.bits(1, 1).unsigned(&[2, 2]).bits(1, 8);
        let sequence = read(&w.nal()).unwrap();
        assert_eq!((sequence.size, sequence.offset), (Size::new(100, 60), (0, 0)));
        assert_eq!((sequence.chroma_format, sequence.bit_depth), (1, 10));
        let cicp = Cicp { primaries: 12, transfer: 13, matrix: 6, full_range: true };
        let expected = Usability { full_range: Some(true), cicp: Some(cicp), chroma_location: Some(2) };
        assert_eq!(sequence.usability, expected);
    }

    #[test]
    fn usability_may_be_absent_or_cut() {
        let mut absent = parameter_set();
        absent.bits(0, 1).bits(1, 8);
        assert_eq!(read(&absent.nal()).unwrap().usability, Usability::default());
        let mut cut = parameter_set();
        cut.bits(1, 1).bits(1, 1);
        assert_eq!(read(&cut.nal()).unwrap().usability, Usability::default());
    }

    #[test]
    fn every_prefix_is_read_or_refused() {
        let nal = parameter_set().nal();
        let read = (0..nal.len()).filter(|&len| read(&nal[..len]).is_some()).count();
        assert!((1..nal.len()).contains(&read));
    }

    #[test]
    fn a_window_counts_chroma_samples() {
        let size = |chroma_format| windowed([1, 2, 3, 4], Size::new(100, 60), chroma_format).unwrap();
        assert_eq!(size(0), (Size::new(97, 53), (1, 3)));
        assert_eq!(size(1), (Size::new(94, 46), (2, 6)));
        assert_eq!(size(2), (Size::new(94, 53), (2, 3)));
        assert_eq!(size(3), (Size::new(97, 53), (1, 3)));
        assert_eq!(windowed([0, 1, 0, 1], Size::new(100, 60), 1).unwrap().1, (0, 0));
        assert_eq!(windowed([0, 51, 0, 0], Size::new(100, 60), 1), None);
        assert_eq!(windowed([u32::MAX, 1, 0, 0], Size::new(100, 60), 1), None);
    }

    #[test]
    fn a_window_hides_at_most_a_coding_tree_block() {
        let hidden = |cut: u32| {
            let shown = Size::new(100, 60);
            let coded = Size::new(shown.width + cut, shown.height);
            let rest = CodedFormat { coded, size: shown, ..read(&parameter_set().nal()).unwrap() };
            rest.hides_too_much()
        };
        assert_eq!([0, 64, 65].map(hidden), [false, false, true]);
    }

    #[test]
    fn what_another_decoder_may_know_has_a_format() {
        // 4:4:4 at 12 bits, cut behind the bit depths.
        let mut w = Writer::default();
        w.bits(0, 4).bits(0, 3).bits(1, 1).bits(0, 48).bits(0, 48);
        w.unsigned(&[0, 3]).bits(0, 1).unsigned(&[64, 48]).bits(0, 1).unsigned(&[4, 4]).bits(1, 1);
        let format = read(&w.nal()).unwrap();
        assert_eq!((format.chroma_format, format.bit_depth, format.size), (3, 12, Size::new(64, 48)));
    }
}
