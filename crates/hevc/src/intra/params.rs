//! Parameter sets and slice headers (ITU-T H.265 § 7.3.2, § 7.3.6), as far as an intra picture needs them; `None` for what
//! this decoder leaves to libde265, and for what is cut or out of range.

use crate::config::{sequence_bits, skip_reference_sets};
use crate::rbsp::{RbspReader, payload};

/// A sequence parameter set.
pub(crate) struct SequenceParameters {
    id: u32,
    /// 0 is luma alone, 1 is 4:2:0, 2 is 4:2:2.
    pub(crate) chroma_format: u32,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) bit_depth: u32,
    pub(crate) min_coding_log2: u32,
    pub(crate) tree_log2: u32,
    pub(crate) min_transform_log2: u32,
    pub(crate) max_transform_log2: u32,
    pub(crate) max_transform_depth: u32,
    scaling: Option<Scaling>,
    pub(crate) sao: bool,
    pub(crate) strong_smoothing: bool,
}

impl SequenceParameters {
    pub(crate) fn read(nal: &[u8]) -> Option<Self> {
        let (mut bits, sub_layers, id) = sequence_bits(nal)?;
        // 4:4:4 has rules of its own.
        let chroma_format = bits.unsigned().filter(|&c| c <= 2)?;
        let (width, height) = (bits.unsigned()?, bits.unsigned()?);
        if bits.bit()? {
            bits.skip_unsigned(4)?;
        }
        let bit_depth = bits.unsigned().filter(|&d| d <= 4)? + 8;
        if bits.unsigned()? + 8 != bit_depth && chroma_format != 0 {
            return None;
        }
        let order_count_bits = bits.unsigned().filter(|&n| n <= 12)? + 4;
        for _ in 0..if bits.bit()? { sub_layers + 1 } else { 1 } {
            bits.unsigned().filter(|&pictures| pictures < 16)?;
            bits.skip_unsigned(2)?;
        }
        let min_coding_log2 = bits.unsigned().filter(|&n| n <= 3)? + 3;
        let tree_log2 = min_coding_log2 + bits.unsigned().filter(|&n| n <= 3)?;
        let min_transform_log2 = bits.unsigned().filter(|&n| n <= 3)? + 2;
        let max_transform_log2 = min_transform_log2 + bits.unsigned().filter(|&n| n <= 3)?;
        let deepest = tree_log2.checked_sub(min_transform_log2)?;
        bits.unsigned().filter(|&inter| inter <= deepest)?;
        let max_transform_depth = bits.unsigned().filter(|&n| n <= deepest)?;
        let scaling = if bits.bit()? {
            Some(if bits.bit()? { Scaling::read(&mut bits)? } else { Scaling::standard() })
        } else {
            None
        };
        bits.skip(1);
        let sao = bits.bit()?;
        // PCM.
        if bits.bit()? {
            return None;
        }
        skip_reference_sets(&mut bits)?;
        if bits.bit()? {
            let long_term = bits.unsigned().filter(|&n| n <= 32)?;
            bits.skip(usize::try_from(long_term * (order_count_bits + 1)).ok()?);
        }
        bits.skip(1);
        let strong_smoothing = bits.bit()?;
        if bits.bit()? {
            skip_usability(&mut bits)?;
        }
        // Extensions.
        if bits.bit()? && bits.bits(8)? != 0 {
            return None;
        }
        bits.aligned()?;
        let aligned = |side: u32| side > 0 && side.is_multiple_of(1 << min_coding_log2);
        let fits = sub_layers < 7
            && (4..=6).contains(&tree_log2)
            && max_transform_log2 <= tree_log2.min(5)
            && min_transform_log2 < min_coding_log2
            && aligned(width)
            && aligned(height);
        fits.then_some(Self {
            id,
            chroma_format,
            width: usize::try_from(width).ok()?,
            height: usize::try_from(height).ok()?,
            bit_depth,
            min_coding_log2,
            tree_log2,
            min_transform_log2,
            max_transform_log2,
            max_transform_depth,
            scaling,
            sao,
            strong_smoothing,
        })
    }

    pub(crate) fn trees_across(&self) -> usize {
        self.width.div_ceil(1 << self.tree_log2)
    }

    pub(crate) fn trees(&self) -> usize {
        self.trees_across() * self.height.div_ceil(1 << self.tree_log2)
    }
}

/// Annex E.2.1; what describes decoders' buffers is left alone.
fn skip_usability(bits: &mut RbspReader) -> Option<()> {
    if bits.bit()? && bits.bits(8)? == 255 {
        bits.skip(32);
    }
    if bits.bit()? {
        bits.skip(1);
    }
    if bits.bit()? {
        bits.skip(4);
        if bits.bit()? {
            bits.skip(24);
        }
    }
    if bits.bit()? {
        bits.skip_unsigned(2)?;
    }
    bits.skip(3);
    if bits.bit()? {
        bits.skip_unsigned(4)?;
    }
    if bits.bit()? {
        bits.skip(64);
        if bits.bit()? {
            bits.unsigned()?;
        }
        if bits.bit()? {
            return None;
        }
    }
    if bits.bit()? {
        bits.skip(3);
        bits.skip_unsigned(5)?;
    }
    Some(())
}

/// A picture parameter set.
pub(crate) struct PictureParameters {
    id: u32,
    extra_bits: u32,
    output_flag: bool,
    pub(crate) hides_signs: bool,
    initial_qp: i32,
    pub(crate) transform_skip: bool,
    /// Blocks of this size have a quantiser of their own; `None` where the whole slice has one.
    pub(crate) qp_group_log2: Option<u32>,
    chroma_qp: [i32; 2],
    slice_chroma_qp: bool,
    /// Rows of coding trees are substreams.
    pub(crate) wavefront: bool,
    loop_filter_across: bool,
    override_deblocking: bool,
    deblocking_off: bool,
    scaling: Option<Scaling>,
    extension: bool,
}

impl PictureParameters {
    pub(crate) fn read(nal: &[u8], sequence: &SequenceParameters) -> Option<Self> {
        let mut bits = RbspReader::of_nal(nal);
        let id = bits.unsigned().filter(|&id| id < 64)?;
        bits.unsigned().filter(|&of| of == sequence.id)?;
        // Dependent slice segments.
        if bits.bit()? {
            return None;
        }
        let output_flag = bits.bit()?;
        let extra_bits = bits.bits(3)?;
        let hides_signs = bits.bit()?;
        bits.skip(1);
        bits.skip_unsigned(2)?;
        let initial_qp = bits.signed()?.checked_add(26)?;
        bits.skip(1);
        let transform_skip = bits.bit()?;
        let qp_group_log2 = if bits.bit()? { Some(sequence.tree_log2.checked_sub(bits.unsigned()?)?) } else { None };
        let chroma_qp = [bits.signed()?, bits.signed()?];
        let slice_chroma_qp = bits.bit()?;
        bits.skip(2);
        // Blocks that bypass the transform, tiles.
        if bits.bit()? || bits.bit()? {
            return None;
        }
        let wavefront = bits.bit()?;
        let loop_filter_across = bits.bit()?;
        let (mut override_deblocking, mut deblocking_off) = (false, false);
        if bits.bit()? {
            override_deblocking = bits.bit()?;
            deblocking_off = bits.bit()?;
            if !deblocking_off {
                bits.skip_unsigned(2)?;
            }
        }
        let scaling = if bits.bit()? { Some(Scaling::read(&mut bits)?) } else { None };
        if scaling.is_some() && sequence.scaling.is_none() {
            return None;
        }
        bits.skip(1);
        bits.unsigned().filter(|&merge_log2| merge_log2 + 2 <= sequence.tree_log2)?;
        let extension = bits.bit()?;
        if bits.bit()? && bits.bits(8)? != 0 {
            return None;
        }
        bits.aligned()?;
        let small = chroma_qp.iter().all(|qp| (-12..=12).contains(qp));
        (small && qp_group_log2.is_none_or(|log2| log2 >= sequence.min_coding_log2)).then_some(Self {
            id,
            extra_bits,
            output_flag,
            hides_signs,
            initial_qp,
            transform_skip,
            qp_group_log2,
            chroma_qp,
            slice_chroma_qp,
            wavefront,
            loop_filter_across,
            override_deblocking,
            deblocking_off,
            scaling,
            extension,
        })
    }

    /// The factors in force, if any.
    pub(crate) fn scaling<'a>(&'a self, sequence: &'a SequenceParameters) -> Option<&'a Scaling> {
        sequence.scaling.as_ref().map(|of_sequence| self.scaling.as_ref().unwrap_or(of_sequence))
    }
}

/// A slice header, and its data with emulation prevention bytes removed.
pub(crate) struct SliceHeader {
    /// The first coding tree.
    pub(crate) address: usize,
    pub(crate) sao_luma: bool,
    pub(crate) sao_chroma: bool,
    pub(crate) qp: i32,
    /// What is added to the quantiser for each chroma plane.
    pub(crate) chroma_qp: [i32; 2],
    pub(crate) data: Vec<u8>,
}

impl SliceHeader {
    pub(crate) fn read(nal: &[u8], sequence: &SequenceParameters, set: &PictureParameters) -> Option<Self> {
        let mut bits = RbspReader::of_nal(nal.get(..nal.len().min(MAX_HEADER_BYTES))?);
        let first = bits.bit()?;
        bits.skip(1);
        bits.unsigned().filter(|&of| of == set.id)?;
        let mut address = 0;
        if !first {
            let trees = u32::try_from(sequence.trees()).ok()?;
            address = usize::try_from(bits.bits((trees - 1).checked_ilog2().map_or(0, |log2| log2 + 1))?).ok()?;
        }
        bits.skip(usize::try_from(set.extra_bits).ok()?);
        // An intra slice.
        bits.unsigned().filter(|&kind| kind == 2)?;
        if set.output_flag {
            bits.skip(1);
        }
        let (mut sao_luma, mut sao_chroma) = (false, false);
        if sequence.sao {
            sao_luma = bits.bit()?;
            sao_chroma = sequence.chroma_format != 0 && bits.bit()?;
        }
        let qp = set.initial_qp.checked_add(bits.signed()?)?;
        let mut chroma_qp = set.chroma_qp;
        if set.slice_chroma_qp {
            for qp in &mut chroma_qp {
                *qp = qp.checked_add(bits.signed()?)?;
            }
        }
        let mut deblocking_off = set.deblocking_off;
        if set.override_deblocking && bits.bit()? {
            deblocking_off = bits.bit()?;
            if !deblocking_off {
                bits.skip_unsigned(2)?;
            }
        }
        if set.loop_filter_across && (sao_luma || sao_chroma || !deblocking_off) {
            bits.skip(1);
        }
        if set.wavefront {
            let entries = bits.unsigned().filter(|&n| n as usize <= sequence.trees())?;
            if entries > 0 {
                let len = bits.unsigned().filter(|&n| n < 32)? + 1;
                bits.skip(usize::try_from(entries.checked_mul(len)?).ok()?);
            }
        }
        if set.extension {
            let len = bits.unsigned().filter(|&n| n <= 256)?;
            bits.skip(usize::try_from(len * 8).ok()?);
        }
        let start = bits.aligned()?;
        let depth_offset = 6 * (i32::try_from(sequence.bit_depth).ok()? - 8);
        let fits = (-depth_offset..=51).contains(&qp) && chroma_qp.iter().all(|qp| (-12..=12).contains(qp));
        let mut data = payload(nal.get(2..)?)?;
        data.drain(..start.min(data.len()));
        fits.then_some(Self { address, sao_luma, sao_chroma, qp, chroma_qp, data })
    }
}

/// Entry points of the largest picture's rows fit.
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Scaling factors (§ 7.4.5) by size (4 × 4 to 32 × 32) and component, rows tight.
pub(crate) struct Scaling(Vec<Vec<u8>>);

impl Scaling {
    /// For a block of `1 << log2` samples a side of luma (0), Cb (1) or Cr (2), intra.
    pub(crate) fn factors(&self, log2: u32, component: usize) -> &[u8] {
        &self.0[(log2 as usize - 2) * 6 + component]
    }

    fn standard() -> Self {
        Self::expanded(&std::array::from_fn(|i| (standard_list(i), 16)))
    }

    /// § 7.3.4.
    fn read(bits: &mut RbspReader) -> Option<Self> {
        let mut lists: [([u8; 64], u8); 24] = std::array::from_fn(|i| (standard_list(i), 16));
        for size in 0..4 {
            let step = if size == 3 { 3 } else { 1 };
            for matrix in (0..6).step_by(step) {
                let index = size * 6 + matrix;
                if !bits.bit()? {
                    let back = usize::try_from(bits.unsigned()?).ok()?.checked_mul(step)?;
                    lists[index] = if back == 0 {
                        (standard_list(index), 16)
                    } else {
                        lists[size * 6 + matrix.checked_sub(back)?]
                    };
                    continue;
                }
                let mut next = 8i32;
                if size > 1 {
                    next = bits.signed().filter(|v| (-7..=247).contains(v))? + 8;
                    lists[index].1 = u8::try_from(next).ok()?;
                }
                for to in lists[index].0.iter_mut().take(if size == 0 { 16 } else { 64 }) {
                    next = (next + bits.signed().filter(|v| (-128..=127).contains(v))? + 256) & 255;
                    *to = u8::try_from(next).ok()?;
                }
            }
        }
        Some(Self::expanded(&lists))
    }

    fn expanded(lists: &[([u8; 64], u8); 24]) -> Self {
        let expand = |index: usize| {
            let (list, dc) = &lists[index];
            let size = index / 6;
            let (side, coded) = (4usize << size, if size == 0 { 4 } else { 8 });
            let mut factors = vec![16; side * side];
            for (i, &(x, y)) in crate::intra::scan::diagonal(coded).iter().enumerate() {
                let ratio = side / coded;
                for row in 0..ratio {
                    let at = (y * ratio + row) * side + x * ratio;
                    factors[at..at + ratio].fill(list[i]);
                }
            }
            if size > 1 {
                factors[0] = *dc;
            }
            factors
        };
        Self((0..24).map(expand).collect())
    }
}

/// Table 7-5 and table 7-6, intra and inter.
fn standard_list(index: usize) -> [u8; 64] {
    match (index / 6, index % 6) {
        (0, _) => [16; 64],
        (_, 0..3) => INTRA,
        _ => INTER,
    }
}

#[rustfmt::skip]
const INTRA: [u8; 64] = [
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 17, 16, 17, 16, 17, 18, 17, 18, 18, 17, 18, 21, 19, 20, 21, 20, 19, 21, 24, 22, 22, 24,
    24, 22, 22, 24, 25, 25, 27, 30, 27, 25, 25, 29, 31, 35, 35, 31, 29, 36, 41, 44, 41, 36, 47, 54, 54, 47, 65, 70, 65, 88, 88, 115,
];

#[rustfmt::skip]
const INTER: [u8; 64] = [
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 17, 17, 17, 17, 17, 18, 18, 18, 18, 18, 18, 20, 20, 20, 20, 20, 20, 20, 24, 24, 24, 24,
    24, 24, 24, 24, 25, 25, 25, 25, 25, 25, 25, 28, 28, 28, 28, 28, 28, 33, 33, 33, 33, 33, 41, 41, 41, 41, 54, 54, 54, 71, 71, 91,
];

#[cfg(test)]
mod tests;
