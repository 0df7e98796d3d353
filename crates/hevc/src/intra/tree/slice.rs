//! Decodes one slice: coding tree after coding tree (ITU-T H.265 § 7.3.8.1, § 7.3.8.2).

use image_ingest_samples::CpuTimer;

use super::state::{PictureDecoder, SliceState};
use crate::intra::cabac::Cabac;
use crate::intra::contexts::{SAO_MERGE, SAO_TYPE, initial};
use crate::intra::plane::PlaneSample;
use crate::intra::slice_header::SliceHeader;

impl<T: PlaneSample> PictureDecoder<'_, T> {
    /// Decodes one slice, which has to begin where the one before has ended. `None` for what no slice may be, and when
    /// `timer` ends it, which it may at each row.
    ///
    /// With `wavefront` each row of coding trees is a substream. It starts with the contexts after the second tree of
    /// the row above, if that is of this slice (§ 9.3.1).
    pub(crate) fn slice(&mut self, header: &SliceHeader, timer: &CpuTimer<'_>) -> Option<()> {
        if header.address != self.count {
            return None;
        }
        self.slices = self.slices.checked_add(1)?;
        let cabac = Cabac::new(&header.data, header.qp);
        let mut slice = SliceState { header, id: self.slices, cabac, chroma_mode: 0, quartered: false };
        self.last_qp = header.qp;
        self.set_qp(&slice, header.qp);
        let (across, total) = (self.format.trees_across(), self.format.trees());
        let mut saved = slice.cabac.contexts;
        loop {
            let (column, row) = (self.count % across, self.count / across);
            if column == 0 {
                timer.check().ok()?;
            }
            if self.format.wavefront && column == 0 && self.count != header.address {
                slice.cabac.next_substream()?;
                let above_right = self.count - across + 1;
                let inherits = across > 1 && self.trees[above_right] == slice.id;
                slice.cabac.contexts = if inherits { saved } else { initial(header.qp) };
                self.last_qp = header.qp;
                self.set_qp(&slice, header.qp);
            }
            self.trees[self.count] = slice.id;
            self.tree(&mut slice, column, row)?;
            self.count += 1;
            if self.format.wavefront && column == 1 {
                saved = slice.cabac.contexts;
            }
            if slice.cabac.terminate() {
                return slice.cabac.ends_here().then_some(());
            }
            if self.count == total {
                return None;
            }
            // `end_of_subset_one_bit`.
            if self.format.wavefront && self.count.is_multiple_of(across) && !slice.cabac.terminate() {
                return None;
            }
        }
    }

    /// Decodes one coding tree (§ 7.3.8.2).
    fn tree(&mut self, slice: &mut SliceState<'_, '_>, column: usize, row: usize) -> Option<()> {
        if slice.header.sao_luma || slice.header.sao_chroma {
            self.skip_sao(slice, column, row);
        }
        let log2 = self.format.tree_log2;
        self.coding(slice, column << log2, row << log2, log2, 0)
    }

    /// Reads past the sample adaptive offsets of a coding tree (§ 7.3.8.3), an in-loop filter.
    fn skip_sao(&self, slice: &mut SliceState<'_, '_>, column: usize, row: usize) {
        let across = self.format.trees_across();
        let same = |there: bool, back: usize| there && self.trees[self.count - back] == slice.id;
        let cabac = &mut slice.cabac;
        if same(column > 0, 1) && cabac.bin(SAO_MERGE) == 1 {
            return;
        }
        if same(row > 0, across) && cabac.bin(SAO_MERGE) == 1 {
            return;
        }
        // `cMax` of the offsets.
        let most = (1 << (self.format.bit_depth.min(10) - 5)) - 1;
        let mut kind = 0;
        for component in 0..self.planes.len() {
            let on = if component == 0 { slice.header.sao_luma } else { slice.header.sao_chroma };
            if !on {
                continue;
            }
            if component < 2 {
                kind = if cabac.bin(SAO_TYPE) == 0 { 0 } else { 1 + cabac.bypass() };
            }
            if kind == 0 {
                continue;
            }
            let mut offsets = 0;
            for _ in 0..4 {
                let mut offset = 0;
                while offset < most && cabac.bypass() == 1 {
                    offset += 1;
                }
                offsets += u32::from(offset > 0);
            }
            // Band offsets (1) have signs and a position, edge offsets a class, which Cr takes from Cb.
            cabac.bypasses(match (kind, component) {
                (1, _) => offsets + 5,
                (_, 2) => 0,
                _ => 2,
            });
        }
    }
}
