//! Reads the header of an intra slice segment (ITU-T H.265 § 7.3.6.1).

use crate::intra::format::IntraFormat;
use crate::rbsp::{RbspReader, payload};

/// A slice header, and the slice's data.
pub(crate) struct SliceHeader {
    /// The first coding tree, in raster order.
    pub(crate) address: usize,
    /// Whether luma has sample adaptive offsets.
    pub(crate) sao_luma: bool,
    /// Whether chroma has sample adaptive offsets.
    pub(crate) sao_chroma: bool,
    /// `SliceQpY`, from `-IntraFormat::qp_offset` to 51.
    pub(crate) qp: i32,
    /// What is added to the quantiser for Cb and Cr, -12 to 12.
    pub(crate) chroma_qp: [i32; 2],
    /// `slice_segment_data` without emulation prevention bytes.
    pub(crate) data: Vec<u8>,
}

impl SliceHeader {
    /// Reads a slice of an IDR picture. `None` for inter slices, for slices of another picture parameter set, and for
    /// what is cut or out of range.
    pub(crate) fn read(nal: &[u8], format: &IntraFormat) -> Option<Self> {
        let set = &format.picture;
        let mut bits = RbspReader::of_nal(nal);
        let first = bits.bit()?;
        // `no_output_of_prior_pics_flag`.
        bits.skip(1);
        bits.unsigned().filter(|&number| number == set.id)?;
        let mut address = 0;
        if !first {
            // Ceil(Log2(trees)) bits.
            let trees = u32::try_from(format.trees()).ok()?;
            address = usize::try_from(bits.bits((trees - 1).checked_ilog2().map_or(0, |log2| log2 + 1))?).ok()?;
        }
        bits.skip(usize::try_from(set.extra_bits).ok()?);
        // An I slice.
        bits.unsigned().filter(|&kind| kind == 2)?;
        if set.output_flag {
            bits.skip(1);
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
        skip_loop_filters(&mut bits, format, sao_luma || sao_chroma)?;
        if format.wavefront {
            // Entry points tell where rows of coding trees begin. Each row tells where it ends, so they are not needed.
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
        let start = bits.aligned()?;
        let fits = (-format.qp_offset()..=51).contains(&qp) && chroma_qp.iter().all(|qp| (-12..=12).contains(qp));
        let mut data = payload(nal.get(2..)?)?;
        data.drain(..start.min(data.len()));
        fits.then_some(Self { address, sao_luma, sao_chroma, qp, chroma_qp, data })
    }
}

/// Skips the fields of the deblocking filter, and of filters across slices.
fn skip_loop_filters(bits: &mut RbspReader, format: &IntraFormat, has_sao: bool) -> Option<()> {
    let set = &format.picture;
    let mut deblocking_off = set.deblocking_off;
    if set.override_deblocking && bits.bit()? {
        deblocking_off = bits.bit()?;
        if !deblocking_off {
            bits.skip_unsigned(2)?;
        }
    }
    if set.loop_filter_across && (has_sao || !deblocking_off) {
        bits.skip(1);
    }
    Some(())
}
