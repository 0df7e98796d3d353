//! Derives the quantiser of each coding unit (ITU-T H.265 § 8.6.1) and reads its difference (§ 7.3.8.14).

use super::state::{PictureDecoder, SliceState};
use crate::intra::chroma_qp::chroma_qp;
use crate::intra::contexts::{CHROMA_QP_INDEX, CHROMA_QP_OFFSET, QP_DELTA};
use crate::intra::plane::PlaneSample;
use crate::intra::units::UnitState;

impl<T: PlaneSample> PictureDecoder<'_, T> {
    /// Begins a group of coding units at `(x, y)` that share a quantiser, with the mean of its neighbours'.
    ///
    /// A neighbour counts where it lies in the same coding tree; the unit decoded before stands in for another.
    pub(super) fn start_qp_group(&mut self, slice: &SliceState<'_, '_>, x: usize, y: usize) {
        let [left, above] = self.neighbours(slice.region, x, y);
        let inside = |at: usize| at & ((1 << self.format.tree_log2) - 1) > 0;
        let qp = |unit: Option<UnitState>, inside: bool| {
            unit.filter(|_| inside).map_or(self.last_qp, |unit| i32::from(unit.qp))
        };
        let predicted = (qp(left, inside(x)) + qp(above, inside(y)) + 1) >> 1;
        self.predicted_qp = predicted;
        self.qp_coded = false;
        self.set_qp(slice, predicted);
    }

    /// Takes `qp` for the current coding unit, and derives the quantisers of the planes from it.
    ///
    /// `qp` and those of chroma lie in `-offset..=51`, so `scaled_qp` is not negative.
    pub(super) fn set_qp(&mut self, slice: &SliceState<'_, '_>, qp: i32) {
        self.qp = qp;
        let offset = self.format.qp_offset();
        let chroma =
            |shift: i32| (chroma_qp((qp + shift).clamp(-offset, 57), self.format.chroma_format) + offset) as u32;
        let ([cb, cr], [unit_cb, unit_cr]) = (slice.header.chroma_qp, self.unit_chroma_qp);
        self.scaled_qp = [(qp + offset) as u32, chroma(cb + unit_cb), chroma(cr + unit_cr)];
    }

    /// Reads what a group adds to the quantisers of chroma: nothing, or a pair of the list (§ 7.3.8.14).
    pub(super) fn read_chroma_qp_offset(&mut self, slice: &mut SliceState<'_, '_>) {
        let list = &self.format.picture.range.chroma_qp_list;
        let mut pair = None;
        if slice.cabac.bin(CHROMA_QP_OFFSET) == 1 {
            let mut index = 0;
            while index + 1 < list.len() && slice.cabac.bin(CHROMA_QP_INDEX) == 1 {
                index += 1;
            }
            pair = list.get(index);
        }
        self.unit_chroma_qp = pair.copied().unwrap_or_default();
        self.unit_chroma_qp_coded = true;
        self.set_qp(slice, self.qp);
    }

    /// Reads the quantiser of a group as a difference to the predicted one, which wraps around the range.
    ///
    /// The absolute value has up to five bins with contexts and then an Exp-Golomb code. The largest difference needs a
    /// prefix of 4 of it; one of more than 6 is refused here, before a shift could leave the range of 32 bits.
    pub(super) fn read_qp_delta(&mut self, slice: &mut SliceState<'_, '_>) -> Option<()> {
        let cabac = &mut slice.cabac;
        let mut delta = 0;
        while delta < 5 && cabac.bin(QP_DELTA + usize::from(delta > 0)) == 1 {
            delta += 1;
        }
        if delta == 5 {
            let mut bits = 0;
            while cabac.bypass() == 1 {
                delta += 1 << bits;
                bits += 1;
                if bits > 6 {
                    return None;
                }
            }
            delta += cabac.bypasses(bits) as i32;
        }
        if delta > 0 && cabac.bypass() == 1 {
            delta = -delta;
        }
        self.qp_coded = true;
        let offset = self.format.qp_offset();
        if !(-(26 + offset / 2)..=25 + offset / 2).contains(&delta) {
            return None;
        }
        let qp = (self.predicted_qp + delta + 52 + 2 * offset).rem_euclid(52 + offset) - offset;
        self.set_qp(slice, qp);
        Some(())
    }
}
