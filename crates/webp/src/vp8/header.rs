//! Reads the header of a key frame (RFC 6386 § 9.1 to § 9.11, § 19.2) and finds its partitions.
//!
//! Three fields say nothing to this decoder: the scale for display, the colour space, and the clamping type, which
//! promises that no sample needs to be clamped. Samples are clamped all the same, as libwebp does it.

use image_ingest_samples::{DecodeError, Size};

use crate::result::Result;

use super::bools::{BoolDecoder, complement};
use super::probabilities::{self, Positions};
use super::quant::{self, BlockFactors};
use super::segments::Segments;
use super::strength::{FilterHeader, LoopFilter, Strengths};

/// What a frame header says. The readers stand at the modes and at the first tokens of each partition.
pub(crate) struct Vp8Header<'a> {
    /// The width and height in pixels, neither 0.
    pub(crate) size: Size,
    /// The rest of the first partition: the modes of the macroblocks.
    pub(crate) modes: BoolDecoder<'a>,
    /// The partitions of tokens. Rows of macroblocks use the first `partition_count` in turn.
    pub(crate) partitions: [BoolDecoder<'a>; 8],
    /// 1, 2, 4 or 8.
    pub(crate) partition_count: usize,
    /// How macroblocks name their segment, as in [`Segments`].
    pub(crate) segment_map: Option<[i16; 3]>,
    /// The complement of the probability that a macroblock is not skipped, where macroblocks may be.
    pub(crate) skip: Option<i16>,
    /// Which loop filter runs.
    pub(crate) filter: LoopFilter,
    /// The strengths of the filter.
    pub(crate) strengths: Strengths,
    /// The factors of each segment.
    pub(crate) factors: [BlockFactors; 4],
    /// The probabilities of each type of block.
    pub(crate) probabilities: Box<[Positions; 4]>,
}

impl<'a> Vp8Header<'a> {
    /// Reads the header of a frame.
    ///
    /// # Errors
    ///
    /// `truncated` where the frame ends in its first ten bytes, or before its partitions do; `malformed` for another
    /// frame than a shown key frame, and where the first partition ends within the parts that describe segments and
    /// filter. It may end later in the header: then its modes are missing, and that is found with them.
    pub(crate) fn read(frame: &'a [u8]) -> Result<Self> {
        let (size, first, rest) = split(frame)?;
        let mut bools = BoolDecoder::new(first);
        let (_color_space, _clamping_type) = (bools.flag(), bools.flag());
        let segments = Segments::read(&mut bools);
        let filter = FilterHeader::read(&mut bools);
        if bools.has_ended() {
            return Err(DecodeError::malformed("a VP8 frame header that ends early"));
        }
        let partition_count = 1 << bools.literal(2);
        let partitions = partitions(rest, partition_count)?;
        let factors = quant::read(&mut bools, &segments);
        let _keep_probabilities = bools.flag();
        let probabilities = probabilities::read(&mut bools);
        let skip = bools.optional(|bools| complement(bools.literal(8)));
        Ok(Self {
            size,
            modes: bools,
            partitions,
            partition_count,
            segment_map: segments.map,
            skip,
            filter: filter.kind(),
            strengths: filter.strengths(&segments),
            factors,
            probabilities,
        })
    }

    /// Macroblocks across and down.
    pub(crate) fn macroblocks(&self) -> (usize, usize) {
        (self.size.width.div_ceil(16) as usize, self.size.height.div_ceil(16) as usize)
    }
}

/// § 9.1: three bytes of tag, three of start code, and the sides in 14 bits each with two bits of scale above. Gives the
/// size, the first partition and what follows it.
fn split(frame: &[u8]) -> Result<(Size, &[u8], &[u8])> {
    let Some((&[tag0, tag1, tag2, s0, s1, s2, w0, w1, h0, h1], rest)) = frame.split_first_chunk() else {
        return Err(ended());
    };
    let tag = u32::from_le_bytes([tag0, tag1, tag2, 0]);
    let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
    let size = Size::new(side(w0, w1), side(h0, h1));
    // Bit 0 is 0 for a key frame, bits 1 to 3 are a version from 0 to 3, bit 4 tells that the frame is shown.
    if tag & 0x11 != 0x10 || tag >> 1 & 7 > 3 || [s0, s1, s2] != [0x9D, 0x01, 0x2A] || size.pixels() == 0 {
        return Err(DecodeError::malformed("not a shown VP8 key frame of a known version"));
    }
    let (first, rest) = rest.split_at_checked((tag >> 5) as usize).ok_or_else(ended)?;
    Ok((size, first, rest))
}

/// § 9.5: the lengths of all partitions but the last in three bytes each, then the partitions. As in libwebp, one that
/// does not fit is shortened, and the last may not be empty.
fn partitions(data: &[u8], count: usize) -> Result<[BoolDecoder<'_>; 8]> {
    let (lengths, mut rest) = data.split_at_checked(3 * (count - 1)).ok_or_else(ended)?;
    let mut partitions = [BoolDecoder::new(&[]); 8];
    let (lengths, _) = lengths.as_chunks();
    for (partition, &[l0, l1, l2]) in partitions.iter_mut().zip(lengths) {
        let length = u32::from_le_bytes([l0, l1, l2, 0]) as usize;
        let (this, after) = rest.split_at(length.min(rest.len()));
        (*partition, rest) = (BoolDecoder::new(this), after);
    }
    if rest.is_empty() {
        return Err(ended());
    }
    partitions[count - 1] = BoolDecoder::new(rest);
    Ok(partitions)
}

/// The error for data that end before the picture does.
pub(crate) fn ended() -> DecodeError {
    DecodeError::truncated("image data ends before the picture does")
}

#[cfg(test)]
mod tests {
    use super::super::bools::writer::BoolEncoder;
    use super::*;

    /// A frame of 5 × 3 pixels: tag and size, a first partition, and what follows it.
    fn frame(first: &[u8], rest: &[u8]) -> Vec<u8> {
        let tag = u32::try_from(first.len()).unwrap() << 5 | 0x10;
        [&tag.to_le_bytes()[..3], &[0x9D, 0x01, 0x2A, 5, 0x40, 3, 0xC0], first, rest].concat()
    }

    /// Flags of a header up to the number of partitions: no segments, a simple filter at level 9, sharpness 2.
    fn first(partitions: u32) -> Vec<u8> {
        let mut writer = BoolEncoder::new();
        writer.literal(0, 3).literal(1, 1).literal(9, 6).literal(2, 3).literal(0, 1).literal(partitions, 2);
        writer.literal(0, 7).literal(0, 5).literal(0, 1);
        for &update in super::super::coefficient_tables::UPDATE.as_flattened().as_flattened().as_flattened() {
            writer.bit(update, false);
        }
        writer.literal(1, 1).literal(200, 8).finish()
    }

    #[test]
    fn a_header_is_read_to_its_modes() {
        let bytes = frame(&first(0), &[1]);
        let header = Vp8Header::read(&bytes).unwrap();
        assert_eq!((header.size, header.macroblocks()), (Size::new(5, 3), (1, 1)));
        assert_eq!((header.filter, header.skip, header.partition_count), (LoopFilter::Simple, Some(56), 1));
        assert_eq!(header.strengths[3][1].interior, 4);
        assert!(!header.modes.has_ended());
    }

    #[test]
    fn partitions_lie_one_after_another_and_are_shortened_to_what_is_there() {
        let rest = [&[2, 0, 0, 9, 0, 0, 0, 0, 0][..], &[1; 2], &[2; 3]].concat();
        assert!(matches!(partitions(&rest, 4), Err(DecodeError::Truncated { .. })), "the last is empty");
        let rest = [&[2, 0, 0, 1, 0, 0, 0, 0, 0][..], &[1; 2], &[2; 3]].concat();
        let parts = partitions(&rest, 4).unwrap();
        assert_eq!(parts.map(|part| part.has_ended()), [false, false, true, false, true, true, true, true]);
        assert!(matches!(partitions(&rest[..8], 4), Err(DecodeError::Truncated { .. })), "lengths are cut");
    }

    #[test]
    fn other_frames_are_malformed_and_short_ones_truncated() {
        let good = frame(&first(0), &[1]);
        for (place, value) in [(0, good[0] | 1), (0, good[0] & !0x10), (0, good[0] | 8), (3, 0), (6, 0)] {
            let mut bad = good.clone();
            bad[place] = value;
            assert!(matches!(Vp8Header::read(&bad), Err(DecodeError::Malformed { .. })), "{place}: {value:#x}");
        }
        for len in 0..good.len() {
            assert!(matches!(Vp8Header::read(&good[..len]), Err(DecodeError::Truncated { .. })), "{len}");
        }
        let short = frame(&[0x01], &[1]);
        assert!(matches!(Vp8Header::read(&short), Err(DecodeError::Malformed { .. })));
    }
}
