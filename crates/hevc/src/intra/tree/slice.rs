//! Decodes one slice segment: coding tree after coding tree (ITU-T H.265 § 7.3.8.1, § 7.3.8.2).

use image_ingest_samples::CpuTimer;

use super::state::{PictureDecoder, SliceState, UnitModes};
use crate::intra::cabac::Cabac;
use crate::intra::contexts::EntropyState;
use crate::intra::plane::PlaneSample;
use crate::intra::slice_header::{SliceHeader, SliceSegment};
use crate::intra::tiles::TreePlace;

impl<T: PlaneSample> PictureDecoder<'_, T> {
    /// Decodes a slice segment of `data`, which has to begin where the one before has ended. `None` for what no slice
    /// may be, and when `timer` ends it, which it may at every coding tree.
    pub(crate) fn segment(&mut self, segment: &SliceSegment, data: &[u8], timer: &CpuTimer<'_>) -> Option<()> {
        let header = &segment.header;
        let first = self.format.tiles.place(self.count).filter(|first| first.address == segment.address)?;
        self.begin(segment, first)?;
        let cabac = Cabac::new(data, self.first_state(segment, first)?)?;
        let mut slice = SliceState { header, region: self.regions, cabac, unit: UnitModes::default() };
        #[cfg(feature = "recorder")]
        {
            slice.cabac.recorder = self.recorder.take();
        }
        if !segment.is_dependent || self.starts_substream(first) {
            self.last_qp = header.qp;
        }
        self.set_qp(&slice, self.last_qp);
        let mut place = first;
        loop {
            // A tree of 64 × 64 pixels in 4:4:4 with a large coefficient for each sample takes a millisecond.
            timer.check().ok()?;
            self.tree(&mut slice, place)?;
            self.count += 1;
            if slice.cabac.is_exhausted() {
                return None;
            }
            if self.format.wavefront && place.column == place.left + 1 {
                self.row_state = Some(slice.cabac.state());
            }
            #[cfg(feature = "recorder")]
            if let Some(recorder) = &mut slice.cabac.recorder {
                recorder.ends_tree();
            }
            if slice.cabac.terminate() {
                self.segment_state = Some(slice.cabac.state());
                let is_whole = slice.cabac.ends_here();
                #[cfg(feature = "recorder")]
                {
                    self.recorder = slice.cabac.recorder.take();
                }
                return is_whole.then_some(());
            }
            place = self.format.tiles.place(self.count)?;
            if self.starts_substream(place) {
                self.next_substream(&mut slice, place, first)?;
            }
        }
    }

    /// Begins a slice, or goes on with one that has to be there. A region begins with each slice and with each tile.
    fn begin(&mut self, segment: &SliceSegment, first: TreePlace) -> Option<()> {
        if !segment.is_dependent {
            self.slices = self.slices.checked_add(1)?;
            self.slice_starts_row = first.starts_row();
            self.unit_chroma_qp = [0; 2];
            if let Some(maps) = &mut self.maps {
                maps.slices.push(segment.header.filters);
            }
        }
        if !segment.is_dependent || first.starts_tile() {
            self.regions = self.regions.checked_add(1)?;
        }
        (self.slices > 0).then_some(())
    }

    /// Whether a coding tree begins a substream: that of a tile, or with wavefronts that of a row of a tile.
    fn starts_substream(&self, place: TreePlace) -> bool {
        place.starts_tile() || (self.format.wavefront && place.starts_row())
    }

    /// The state at the start of a slice segment (§ 9.3.1). `None` for one that begins a row in a slice that has begun
    /// within another row, which no slice may with wavefronts (§ 7.4.7.1).
    fn first_state(&self, segment: &SliceSegment, first: TreePlace) -> Option<EntropyState> {
        if !segment.is_dependent {
            return Some(EntropyState::initial(segment.header.qp));
        }
        if self.starts_substream(first) {
            return self.substream_state(&segment.header, first, self.regions);
        }
        self.segment_state
    }

    /// Goes on with the substream that begins at `place`, in the slice segment that begins at `first`.
    fn next_substream(&mut self, slice: &mut SliceState<'_, '_>, place: TreePlace, first: TreePlace) -> Option<()> {
        // `end_of_subset_one_bit`.
        if !slice.cabac.terminate() || (self.format.wavefront && !first.starts_row()) {
            return None;
        }
        if place.starts_tile() {
            self.regions = self.regions.checked_add(1)?;
            slice.region = self.regions;
        }
        let state = self.substream_state(slice.header, place, slice.region)?;
        slice.cabac.next_substream(state)?;
        self.last_qp = slice.header.qp;
        self.set_qp(slice, self.last_qp);
        Some(())
    }

    /// The state at the start of a substream: with wavefronts that after the second tree of the row above, if that is
    /// of this region (§ 9.3.1).
    fn substream_state(&self, header: &SliceHeader, place: TreePlace, region: u16) -> Option<EntropyState> {
        if place.starts_tile() {
            return Some(EntropyState::initial(header.qp));
        }
        if !self.slice_starts_row {
            return None;
        }
        let across = self.format.trees_across();
        let has_next = place.column + 1 < across;
        // A tree that begins no tile has a row of its tile above.
        let inherits = has_next && self.trees[place.address + 1 - across] == region;
        let inherited = self.row_state.filter(|_| inherits);
        Some(inherited.unwrap_or_else(|| EntropyState::initial(header.qp)))
    }

    /// Decodes one coding tree (§ 7.3.8.2).
    fn tree(&mut self, slice: &mut SliceState<'_, '_>, place: TreePlace) -> Option<()> {
        self.trees[place.address] = slice.region;
        if slice.header.sao_luma || slice.header.sao_chroma {
            self.read_offsets(slice, place);
        }
        if let Some(maps) = &mut self.maps {
            maps.tree_slices[place.address] = self.slices - 1;
        }
        let log2 = self.format.tree_log2;
        self.coding(slice, place.column << log2, place.row << log2, log2, 0)
    }
}
