//! Derives the quantiser of each coding unit (ITU-T H.265 § 8.6.1) and reads its difference (§ 7.3.8.14).

use super::state::{PictureDecoder, SliceState, UnitState};
use crate::intra::contexts::QP_DELTA;
use crate::intra::plane::PlaneSample;

impl<T: PlaneSample> PictureDecoder<'_, T> {
    /// Begins a group of coding units at `(x, y)` that share a quantiser, with the mean of its neighbours'.
    ///
    /// A neighbour counts where it lies in the same coding tree; the unit decoded before stands in for another.
    pub(super) fn start_qp_group(&mut self, slice: &SliceState<'_, '_>, x: usize, y: usize) {
        let [left, above] = self.neighbours(slice.id, x, y);
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
        let [cb, cr] = slice.header.chroma_qp;
        self.scaled_qp = [(qp + offset) as u32, chroma(cb), chroma(cr)];
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

/// `QpC` of an index of at most 57 (§ 8.6.1). From 30 on the quantiser of chroma rises more slowly in 4:2:0.
#[inline]
fn chroma_qp(index: i32, chroma_format: u32) -> i32 {
    match index {
        _ if chroma_format != 1 => index.min(51),
        ..30 => index,
        30..43 => CHROMA_QP[(index - 30) as usize],
        _ => index - 6,
    }
}

/// `QpC` of 4:2:0 for indices from 30 to 42 (table 8-10).
static CHROMA_QP: [i32; 13] = [29, 30, 31, 32, 33, 33, 34, 34, 35, 35, 36, 36, 37];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chroma_falls_behind_luma_step_by_step() {
        let mapped: Vec<_> = (-12..=57).map(|index| chroma_qp(index, 1)).collect();
        assert!(mapped.windows(2).all(|pair| (0..=1).contains(&(pair[1] - pair[0]))));
        let some = [-12, 29, 30, 31, 34, 35, 42, 43, 57];
        assert_eq!(some.map(|index| chroma_qp(index, 1)), [-12, 29, 29, 30, 33, 33, 37, 37, 51]);
        assert_eq!([33, 36, 38, 40].map(|index| chroma_qp(index, 1)), [32, 34, 35, 36]);
        assert_eq!([-12, 30, 51, 57].map(|index| chroma_qp(index, 2)), [-12, 30, 51, 51]);
    }
}
