//! Reads past reference picture sets and descriptions of buffers (ITU-T H.265 § 7.3.7, § E.2.2), which no intra picture
//! needs.

use crate::rbsp::RbspReader;

/// What the slice headers of a picture other than of an IDR need of the sequence parameter set, to read past their
/// reference pictures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ReferenceSyntax {
    /// Bits of a picture's order count.
    pub(crate) order_count_bits: u32,
    /// `NumDeltaPocs` of each short-term set: at most 64 sets.
    pub(crate) short_term: Vec<u32>,
    /// `num_long_term_ref_pics_sps`; `None` where there are no long-term references.
    pub(crate) long_term: Option<u32>,
    /// `sps_temporal_mvp_enabled_flag`.
    pub(crate) temporal_vectors: bool,
}

impl ReferenceSyntax {
    /// Reads from `num_short_term_ref_pic_sets` to `sps_temporal_mvp_enabled_flag` (§ 7.3.2.2.1).
    pub(crate) fn read(bits: &mut RbspReader, order_count_bits: u32) -> Option<Self> {
        let count = bits.unsigned().filter(|&n| n <= 64)?;
        let mut short_term = Vec::new();
        for _ in 0..count {
            short_term.push(short_term_set(bits, &short_term, false)?);
        }
        let mut long_term = None;
        if bits.bit()? {
            let pictures = bits.unsigned().filter(|&pictures| pictures <= 32)?;
            bits.skip(usize::try_from(pictures.checked_mul(order_count_bits.checked_add(1)?)?).ok()?);
            long_term = Some(pictures);
        }
        Some(Self { order_count_bits, short_term, long_term, temporal_vectors: bits.bit()? })
    }

    /// Reads what a slice header says of reference pictures, from `slice_pic_order_cnt_lsb` on (§ 7.3.6.1).
    pub(crate) fn skip_in_slice(&self, bits: &mut RbspReader) -> Option<()> {
        let order_count_bits = usize::try_from(self.order_count_bits).ok()?;
        bits.skip(order_count_bits);
        let sets = u32::try_from(self.short_term.len()).ok()?;
        if !bits.bit()? {
            short_term_set(bits, &self.short_term, true)?;
        } else if sets > 1 {
            bits.bits((sets - 1).ilog2() + 1)?;
        }
        if let Some(in_sequence) = self.long_term {
            let known = if in_sequence > 0 { bits.unsigned().filter(|&n| n <= 32)? } else { 0 };
            let others = bits.unsigned().filter(|&n| n <= 32)?;
            for index in 0..known + others {
                if index >= known {
                    bits.skip(order_count_bits + 1);
                } else if in_sequence > 1 {
                    bits.bits((in_sequence - 1).ilog2() + 1)?;
                }
                if bits.bit()? {
                    bits.unsigned()?;
                }
            }
        }
        if self.temporal_vectors {
            bits.bit()?;
        }
        Some(())
    }
}

/// Reads a short-term reference picture set behind the sets `before` (§ 7.3.7), and tells how many pictures it has. The
/// number of pictures in a set that is predicted from another follows from the flags of that one.
fn short_term_set(bits: &mut RbspReader, before: &[u32], in_slice: bool) -> Option<u32> {
    if !before.is_empty() && bits.bit()? {
        let back = if in_slice { usize::try_from(bits.unsigned()?).ok()?.checked_add(1)? } else { 1 };
        let pictures = before.len().checked_sub(back).and_then(|at| before.get(at))?;
        bits.skip(1);
        bits.unsigned()?;
        let mut kept = 0;
        for _ in 0..=*pictures {
            let used = bits.bit()?;
            kept += u32::from(used || bits.bit()?);
        }
        return Some(kept);
    }
    let (earlier, later) = (bits.unsigned().filter(|&n| n <= 16)?, bits.unsigned().filter(|&n| n <= 16)?);
    for _ in 0..earlier + later {
        bits.unsigned()?;
        bits.skip(1);
    }
    Some(earlier + later)
}

/// Skips `hrd_parameters` with the common information (§ E.2.2).
pub(crate) fn skip_buffers(bits: &mut RbspReader, max_sub_layer: u32) -> Option<()> {
    let kinds = [bits.bit()?, bits.bit()?];
    let mut sub_pictures = false;
    if kinds != [false; 2] {
        sub_pictures = bits.bit()?;
        bits.skip(if sub_pictures { 8 + 5 + 1 + 5 } else { 0 });
        bits.skip(4 + 4 + if sub_pictures { 4 } else { 0 });
        bits.skip(5 + 5 + 5);
    }
    for _ in 0..=max_sub_layer {
        let fixed_in_general = bits.bit()?;
        let fixed = fixed_in_general || bits.bit()?;
        let mut low_delay = false;
        if fixed {
            bits.unsigned()?;
        } else {
            low_delay = bits.bit()?;
        }
        let buffers = if low_delay { 1 } else { bits.unsigned().filter(|&n| n < 32)? + 1 };
        for _ in 0..kinds.into_iter().filter(|&kind| kind).count() {
            for _ in 0..buffers {
                bits.skip_unsigned(if sub_pictures { 4 } else { 2 })?;
                bits.skip(1);
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::writer::Writer;

    #[test]
    fn a_set_that_is_predicted_has_what_its_flags_keep() {
        let mut w = Writer::default();
        // Two sets: of three pictures, and one predicted from it that keeps two of four. No long-term references.
        w.unsigned(&[2])
            .unsigned(&[2, 1])
            .unsigned(&[0])
            .bits(1, 1)
            .unsigned(&[0])
            .bits(1, 1)
            .unsigned(&[0])
            .bits(1, 1);
        w.bits(1, 1).bits(0, 1).unsigned(&[0]).bits(0b10_0100, 6).bits(0b01, 2).bits(1, 1);
        let syntax = ReferenceSyntax::read(&mut RbspReader::of_nal(&w.nal()), 8).unwrap();
        assert_eq!((syntax.short_term, syntax.long_term, syntax.temporal_vectors), (vec![3, 2], None, true));
    }

    #[test]
    fn a_slice_names_its_references_or_has_its_own() {
        let syntax = ReferenceSyntax {
            order_count_bits: 4,
            short_term: vec![1, 2, 3],
            long_term: Some(3),
            temporal_vectors: true,
        };
        let mut named = Writer::default();
        // Set 2 of three; one long-term picture of three, one of its own with a cycle; no vectors.
        named.bits(7, 4).bits(1, 1).bits(2, 2).unsigned(&[1, 1]).bits(1, 2).bits(0, 1).bits(9, 5).bits(1, 1);
        named.unsigned(&[4]).bits(0, 1).bits(0b101, 3);
        let mut own = Writer::default();
        // Predicted from the set two before, of 2 pictures: three flags. No long-term pictures.
        own.bits(7, 4).bits(0, 1).bits(1, 1).unsigned(&[1]).bits(0, 1).unsigned(&[0]).bits(0b111, 3);
        own.unsigned(&[0, 0]).bits(0, 1).bits(0b101, 3);
        for w in [named, own] {
            let mut bits = RbspReader::of_nal(&w.nal());
            syntax.skip_in_slice(&mut bits).unwrap();
            assert_eq!(bits.bits(3), Some(0b101));
        }
    }
}
