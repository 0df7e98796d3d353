//! Reads the header of an intra slice segment (ITU-T H.265 § 7.3.6.1).

use crate::intra::format::IntraFormat;
use crate::nal::is_idr;
use crate::rbsp::RbspReader;

/// A slice segment: where it begins, the header of its slice, and where its data begin.
pub(crate) struct SliceSegment {
    /// The first coding tree, in raster order.
    pub(crate) address: usize,
    /// Whether it goes on with the slice before (`dependent_slice_segment_flag`).
    pub(crate) is_dependent: bool,
    /// The header of the slice; that of the slice before for a dependent segment.
    pub(crate) header: SliceHeader,
    /// The index of the first byte of `slice_segment_data`, counted without the NAL unit's header and emulation
    /// prevention bytes.
    pub(crate) start: usize,
}

/// What holds for a whole slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SliceHeader {
    /// Whether luma has sample adaptive offsets.
    pub(crate) sao_luma: bool,
    /// Whether chroma has sample adaptive offsets.
    pub(crate) sao_chroma: bool,
    /// `SliceQpY`, from `-IntraFormat::qp_offset` to 51.
    pub(crate) qp: i32,
    /// What is added to the quantiser for Cb and Cr, -12 to 12.
    pub(crate) chroma_qp: [i32; 2],
    /// `cu_chroma_qp_offset_enabled_flag`.
    pub(crate) unit_chroma_qp: bool,
    /// How the in-loop filters work in this slice.
    pub(crate) filters: SliceFilters,
}

/// What a slice says of the in-loop filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SliceFilters {
    /// `slice_deblocking_filter_disabled_flag`.
    pub(crate) deblocking_off: bool,
    /// Twice `slice_beta_offset_div2`, -12 to 12.
    pub(crate) beta_offset: i32,
    /// Twice `slice_tc_offset_div2`, -12 to 12.
    pub(crate) tc_offset: i32,
    /// `slice_loop_filter_across_slices_enabled_flag`: whether filters work across the left and the upper boundary.
    pub(crate) across_slices: bool,
}

impl SliceSegment {
    /// Reads a slice of a random access picture. `before` is the header of the slice before, if there is one. `None`
    /// for inter slices, for slices of another picture parameter set, and for what is cut or out of range.
    pub(crate) fn read(nal: &[u8], format: &IntraFormat, before: Option<&SliceHeader>) -> Option<Self> {
        let set = &format.picture;
        let mut bits = RbspReader::of_nal(nal);
        let first = bits.bit()?;
        // `no_output_of_prior_pics_flag`.
        bits.skip(1);
        bits.unsigned().filter(|&number| number == set.id)?;
        let (mut address, mut is_dependent) = (0, false);
        if !first {
            is_dependent = set.dependent_slices && bits.bit()?;
            // Ceil(Log2(trees)) bits.
            let trees = u32::try_from(format.trees()).ok()?;
            let width = (trees - 1).checked_ilog2().map_or(0, |log2| log2 + 1);
            // The first tree belongs to the first segment.
            address = usize::try_from(bits.bits(width)?).ok().filter(|&address| address > 0)?;
        }
        let header = if is_dependent { *before? } else { SliceHeader::read(&mut bits, format, is_idr(nal))? };
        if format.wavefront || format.tiles.is_split {
            // Entry points tell where substreams begin. Each substream tells where it ends, so they are not needed.
            let entries = bits.unsigned().filter(|&n| n as usize <= format.trees())?;
            if entries > 0 {
                let len = bits.unsigned().filter(|&n| n < 32)? + 1;
                bits.skip(usize::try_from(entries.checked_mul(len)?).ok()?);
            }
        }
        if set.header_extension {
            let len = bits.unsigned().filter(|&n| n <= 256)?;
            bits.skip(usize::try_from(len * 8).ok()?);
        }
        Some(Self { address, is_dependent, header, start: bits.aligned()? })
    }
}

impl SliceHeader {
    /// Reads the fields that a dependent slice segment does not have.
    fn read(bits: &mut RbspReader, format: &IntraFormat, is_idr: bool) -> Option<Self> {
        let set = &format.picture;
        bits.skip(usize::try_from(set.extra_bits).ok()?);
        // An I slice.
        bits.unsigned().filter(|&kind| kind == 2)?;
        if set.output_flag {
            bits.skip(1);
        }
        if !is_idr {
            format.references.skip_in_slice(bits)?;
        }
        let (mut sao_luma, mut sao_chroma) = (false, false);
        if format.sao {
            sao_luma = bits.bit()?;
            sao_chroma = format.chroma_format != 0 && bits.bit()?;
        }
        let qp = set.initial_qp.checked_add(bits.signed()?)?;
        let mut chroma_qp = set.chroma_qp;
        if set.slice_chroma_qp {
            for qp in &mut chroma_qp {
                *qp = qp.checked_add(bits.signed()?)?;
            }
        }
        let unit_chroma_qp = set.range.chroma_qp_depth.is_some() && bits.bit()?;
        let filters = SliceFilters::read(bits, format, sao_luma || sao_chroma)?;
        let fits = (-format.qp_offset()..=51).contains(&qp) && chroma_qp.iter().all(|qp| (-12..=12).contains(qp));
        let unit_chroma_qp = unit_chroma_qp && format.chroma_format != 0;
        fits.then_some(Self { sao_luma, sao_chroma, qp, chroma_qp, unit_chroma_qp, filters })
    }
}

impl SliceFilters {
    fn read(bits: &mut RbspReader, format: &IntraFormat, has_sao: bool) -> Option<Self> {
        let set = &format.picture;
        let (mut deblocking_off, mut offsets) = (set.deblocking_off, set.deblocking_offsets);
        if set.override_deblocking && bits.bit()? {
            deblocking_off = bits.bit()?;
            if !deblocking_off {
                offsets = [bits.signed()?, bits.signed()?];
            }
        }
        let is_said = set.loop_filter_across && (has_sao || !deblocking_off);
        let across_slices = if is_said { bits.bit()? } else { set.loop_filter_across };
        let [beta_offset, tc_offset] = offsets.map(|offset| (-6..=6).contains(&offset).then(|| 2 * offset));
        Some(Self { deblocking_off, beta_offset: beta_offset?, tc_offset: tc_offset?, across_slices })
    }
}

#[cfg(test)]
mod tests {
    use image_ingest_samples::CpuTimer;

    use super::*;
    use crate::nal::NAL_SPS;
    use crate::parameters::picture::PictureParameterSet;
    use crate::parameters::sequence::SequenceParameterSet;
    use crate::tests::writer::Writer;

    /// 64 × 48 in 4:2:0 with sample adaptive offsets and 12 coding trees of 16 × 16. Slices may be dependent, may
    /// override deblocking, and have offsets for chroma; rows of coding trees are substreams.
    fn format() -> IntraFormat {
        let mut sequence = Writer::default();
        sequence.bits(0, 4).bits(0, 3).bits(1, 1).bits(0, 48).bits(0, 48);
        sequence.unsigned(&[0, 1, 64, 48]).bits(0, 1).unsigned(&[0, 0, 4]).bits(1, 1).unsigned(&[0, 0, 0]);
        sequence.unsigned(&[0, 1, 0, 2, 0, 0]).bits(0, 2).bits(1, 1).bits(0, 1).unsigned(&[0]).bits(0, 5).bits(1, 1);
        let mut picture = Writer::default();
        picture.unsigned(&[0, 0]).bits(1, 1).bits(0, 6).unsigned(&[0, 0, 0]).bits(0, 3).unsigned(&[2, 0]);
        picture.bits(1, 1).bits(0, 4).bits(1, 1).bits(1, 1).bits(1, 1).bits(0b10, 2).unsigned(&[1, 2]).bits(0, 2);
        picture.unsigned(&[0]).bits(0, 2).bits(1, 1);
        let sequence = SequenceParameterSet::read(&sequence.nal()).unwrap();
        IntraFormat::of(sequence, PictureParameterSet::read(&picture.nal()).unwrap(), &CpuTimer::default()).unwrap()
    }

    /// A slice of an IDR picture.
    fn nal(w: &Writer) -> Vec<u8> {
        let mut nal = w.nal();
        assert_eq!(nal[0], NAL_SPS << 1);
        nal[0] = 19 << 1;
        nal
    }

    /// The fields of an independent slice behind its address: an I slice with offsets for luma alone, a quantiser of
    /// 26 + 5, offsets -1 and 2 beside those of the picture, and deblocking as written by `deblocking`.
    fn slice(first: bool, deblocking: impl Fn(&mut Writer)) -> Writer {
        let mut w = Writer::default();
        w.bits(u32::from(first), 1).bits(0, 1).unsigned(&[0]);
        if !first {
            w.bits(0, 1).bits(6, 4);
        }
        w.unsigned(&[2]).bits(0b10, 2).unsigned(&[9, 2, 3]);
        deblocking(&mut w);
        w.unsigned(&[0]).bits(1, 1);
        w
    }

    #[test]
    fn a_slice_takes_the_filters_of_its_picture_or_has_its_own() {
        let read = |w: &Writer| SliceSegment::read(&nal(w), &format(), None);
        let taken = read(&slice(true, |w| _ = w.bits(0, 1).bits(1, 1))).unwrap();
        let filters = SliceFilters { deblocking_off: false, beta_offset: 2, tc_offset: -2, across_slices: true };
        assert_eq!((taken.address, taken.is_dependent, taken.header.filters), (0, false, filters));
        assert_eq!((taken.header.qp, taken.header.chroma_qp), (31, [-2, 2]));
        assert_eq!((taken.header.sao_luma, taken.header.sao_chroma), (true, false));
        let own = read(&slice(false, |w| _ = w.bits(0b10, 2).unsigned(&[12, 11]).bits(0, 1))).unwrap();
        let filters = SliceFilters { deblocking_off: false, beta_offset: -12, tc_offset: 12, across_slices: false };
        assert_eq!((own.address, own.header.filters), (6, filters));
        let off = read(&slice(true, |w| _ = w.bits(0b11, 2).bits(1, 1))).unwrap();
        assert!(off.header.filters.deblocking_off && off.header.filters.across_slices);
        // Offsets of 7 and of 2³⁰, which twice is beyond 32 bits.
        for beyond in [13, (1 << 31) - 1] {
            assert!(read(&slice(true, |w| _ = w.bits(0b10, 2).unsigned(&[beyond, 0]).bits(0, 1))).is_none());
        }
    }

    #[test]
    fn a_dependent_segment_has_the_header_of_the_slice_before() {
        let format = format();
        let mut w = Writer::default();
        w.bits(0, 2).unsigned(&[0]).bits(1, 1).bits(11, 4).unsigned(&[0]).bits(1, 1);
        assert!(SliceSegment::read(&nal(&w), &format, None).is_none());
        let before = slice(true, |w| _ = w.bits(0, 1).bits(1, 1));
        let before = SliceSegment::read(&nal(&before), &format, None).unwrap().header;
        let segment = SliceSegment::read(&nal(&w), &format, Some(&before)).unwrap();
        assert!(segment.is_dependent && segment.address == 11 && segment.header == before);
        // Address 0 is that of the first segment.
        let mut w = Writer::default();
        w.bits(0, 2).unsigned(&[0]).bits(1, 1).bits(0, 4).unsigned(&[0]).bits(1, 1);
        assert!(SliceSegment::read(&nal(&w), &format, Some(&before)).is_none());
    }
}
