//! Reads the sample adaptive offsets of a coding tree (ITU-T H.265 § 7.3.8.3).

use super::state::{PictureDecoder, SliceState};
use crate::intra::cabac::Cabac;
use crate::intra::contexts::{SAO_MERGE, SAO_TYPE};
use crate::intra::filters::maps::{OffsetKind, SampleOffsets, TreeOffsets};
use crate::intra::plane::PlaneSample;
use crate::intra::tiles::TreePlace;

impl<T: PlaneSample> PictureDecoder<'_, T> {
    /// Reads the offsets of a coding tree, and notes them where the filters are asked for. A tree may take those of the
    /// tree to its left, or of the one above, if these are of the same region.
    pub(super) fn read_offsets(&mut self, slice: &mut SliceState<'_, '_>, place: TreePlace) {
        let across = self.format.trees_across();
        let same = |there: bool, back: usize| there && self.trees[place.address - back] == slice.region;
        let before = [(place.column > 0, 1), (place.row > 0, across)];
        let taken = before.into_iter().find(|&(there, back)| same(there, back) && slice.cabac.bin(SAO_MERGE) == 1);
        let Some((_, back)) = taken else {
            let offsets = self.new_offsets(slice);
            if let Some(maps) = &mut self.maps {
                maps.offsets[place.address] = offsets;
            }
            return;
        };
        if let Some(maps) = &mut self.maps {
            maps.offsets[place.address] = maps.offsets[place.address - back];
        }
    }

    fn new_offsets(&self, slice: &mut SliceState<'_, '_>) -> TreeOffsets {
        // `cMax` of the offsets.
        let most = (1 << (self.format.bit_depth.min(10) - 5)) - 1;
        let mut offsets = TreeOffsets::default();
        let cabac = &mut slice.cabac;
        let mut kind = 0;
        for component in 0..self.planes.len() {
            let on = if component == 0 { slice.header.sao_luma } else { slice.header.sao_chroma };
            if !on {
                continue;
            }
            // Cr takes its kind, and the class of its edges, from Cb.
            if component < 2 {
                kind = if cabac.bin(SAO_TYPE) == 0 { 0 } else { 1 + cabac.bypass() };
            }
            let class = if component == 2 { Some(offsets[1].kind) } else { None };
            offsets[component] = match kind {
                0 => SampleOffsets::default(),
                1 => band(cabac, most),
                _ => edge(cabac, most, class),
            };
        }
        offsets
    }
}

/// The sizes of the four offsets, 0 to `most`.
fn sizes(cabac: &mut Cabac<'_>, most: i8) -> [i8; 4] {
    let mut sizes = [0; 4];
    for size in &mut sizes {
        while *size < most && cabac.bypass() == 1 {
            *size += 1;
        }
    }
    sizes
}

/// The offsets of four bands. Those that are not 0 have signs, and the first band follows.
fn band(cabac: &mut Cabac<'_>, most: i8) -> SampleOffsets {
    let mut offsets = sizes(cabac, most);
    for offset in offsets.iter_mut().filter(|offset| **offset != 0) {
        if cabac.bypass() == 1 {
            *offset = -*offset;
        }
    }
    SampleOffsets { kind: OffsetKind::Band(cabac.bypasses(5) as u8), offsets }
}

/// The offsets of the four shapes of an edge. The first two are valleys, which are filled, and the others are peaks.
fn edge(cabac: &mut Cabac<'_>, most: i8, class: Option<OffsetKind>) -> SampleOffsets {
    let [a, b, c, d] = sizes(cabac, most);
    let kind = class.unwrap_or_else(|| OffsetKind::Edge(cabac.bypasses(2) as u8));
    SampleOffsets { kind, offsets: [a, b, -c, -d] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intra::cabac::tests::Encoder;
    use crate::intra::contexts::EntropyState;

    fn read(write: impl Fn(&mut Encoder), offsets: impl Fn(&mut Cabac<'_>) -> SampleOffsets) -> SampleOffsets {
        let mut encoder = Encoder::new(26);
        write(&mut encoder);
        encoder.terminate(true);
        let data = encoder.bytes();
        let mut cabac = Cabac::new(&data, EntropyState::initial(26)).unwrap();
        let offsets = offsets(&mut cabac);
        assert!(cabac.terminate() && cabac.ends_here());
        offsets
    }

    #[test]
    fn bands_have_sizes_then_signs_then_a_position() {
        // Sizes 2, 0, 7 (the largest has no end) and 1; signs of the three that are not 0; band 30.
        let write = |w: &mut Encoder| {
            let bins = [(0b110, 3), (0, 1), (0x7F, 7), (0b10, 2), (0b101, 3), (30, 5)];
            bins.into_iter().for_each(|(value, count)| w.bypasses(value, count));
        };
        let expected = SampleOffsets { kind: OffsetKind::Band(30), offsets: [-2, 0, 7, -1] };
        assert_eq!(read(write, |cabac| band(cabac, 7)), expected);
    }

    #[test]
    fn edges_fill_valleys_and_cut_peaks() {
        let write = |class: &[(u32, u32)], w: &mut Encoder| {
            let sizes = [(0b10, 2), (0b110, 3), (0, 1), (0b1110, 4)];
            sizes.iter().chain(class).for_each(|&(value, bits)| w.bypasses(value, bits));
        };
        let expected = SampleOffsets { kind: OffsetKind::Edge(3), offsets: [1, 2, 0, -3] };
        assert_eq!(read(|w| write(&[(3, 2)], w), |cabac| edge(cabac, 7, None)), expected);
        // Cr takes the class of Cb.
        assert_eq!(read(|w| write(&[], w), |cabac| edge(cabac, 7, Some(expected.kind))), expected);
    }
}
