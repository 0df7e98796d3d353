//! Splits coding trees into coding units, and reads their prediction modes (ITU-T H.265 § 7.3.8.4, § 7.3.8.5).

use super::state::{PictureDecoder, SliceState, UnitModes};
use super::transform_tree::TransformNode;
use crate::intra::cabac::Cabac;
use crate::intra::contexts::{CHROMA_MODE, LUMA_MODE_KNOWN, PART_MODE, SPLIT_CODING, TRANSQUANT_BYPASS};
use crate::intra::plane::PlaneSample;
use crate::intra::predict::{DC, HORIZONTAL, PLANAR, VERTICAL};
use crate::intra::units::UnitState;

impl<T: PlaneSample> PictureDecoder<'_, T> {
    /// Decodes a node of a coding tree at `(x, y)` and all below it (§ 7.3.8.4).
    ///
    /// A node that reaches over an edge of the picture is split without a flag, unless it is of the smallest size, and
    /// the parts outside are left out. Sizes are multiples of the smallest coding block, so what is decoded lies
    /// inside. The depth is at most 3: trees are at most 64 × 64 and coding blocks at least 8 × 8.
    pub(super) fn coding(
        &mut self,
        slice: &mut SliceState<'_, '_>,
        x: usize,
        y: usize,
        log2: u32,
        depth: u8,
    ) -> Option<()> {
        let side = 1 << log2;
        let (width, height) = (self.format.width, self.format.height);
        let splits = if x + side <= width && y + side <= height && log2 > self.format.min_coding_log2 {
            let deeper = self.neighbours(slice.region, x, y).into_iter().flatten().filter(|unit| unit.depth > depth);
            slice.cabac.bin(SPLIT_CODING + deeper.count()) == 1
        } else {
            log2 > self.format.min_coding_log2
        };
        if self.format.qp_group_log2.is_some_and(|group| log2 >= group) {
            self.start_qp_group(slice, x, y);
        }
        if self.format.chroma_qp_group_log2.is_some_and(|group| log2 >= group) {
            self.unit_chroma_qp_coded = false;
        }
        if !splits {
            return self.coding_unit(slice, x, y, log2, depth);
        }
        let half = side / 2;
        for (x, y) in [(x, y), (x + half, y), (x, y + half), (x + half, y + half)] {
            if x < width && y < height {
                self.coding(slice, x, y, log2 - 1, depth + 1)?;
            }
        }
        Some(())
    }

    /// Decodes a coding unit (§ 7.3.8.5), all of which are intra. One of the smallest size may have four luma modes.
    ///
    /// Neighbours look at the quantiser of a unit when it is whole.
    fn coding_unit(&mut self, slice: &mut SliceState<'_, '_>, x: usize, y: usize, log2: u32, depth: u8) -> Option<()> {
        let format = self.format;
        let bypass = format.picture.transquant_bypass && slice.cabac.bin(TRANSQUANT_BYPASS) == 1;
        let smallest = log2 == format.min_coding_log2;
        let quartered = smallest && slice.cabac.bin(PART_MODE) == 0;
        slice.unit = UnitModes { quartered, half_log2: log2 - 1, bypass, ..UnitModes::default() };
        let pcm = format.pcm.filter(|pcm| !quartered && (pcm.min_log2..=pcm.max_log2).contains(&log2));
        let pcm = pcm.filter(|_| slice.cabac.terminate());
        let is_exact = bypass || pcm.is_some_and(|pcm| pcm.loop_filter_off);
        let state = UnitState { region: slice.region, depth, qp: 0, is_exact };
        self.units.fill((x, y), log2, |unit| *unit = state);
        if let Some(pcm) = pcm {
            self.pcm(slice, (x, y), log2, pcm)?;
        } else {
            self.read_modes(slice, (x, y), log2);
            self.transform_tree(slice, TransformNode::root(x, y, log2))?;
        }
        self.last_qp = self.qp;
        let qp = self.qp as i8;
        self.units.fill((x, y), log2, |unit| unit.qp = qp);
        Some(())
    }

    /// Reads the modes of a coding unit of side `1 << log2` at `(x, y)`. The flags of all luma modes come before the
    /// modes, and those before the modes of chroma: one, or in 4:4:4 one for each of luma.
    fn read_modes(&mut self, slice: &mut SliceState<'_, '_>, (x, y): (usize, usize), log2: u32) {
        let (parts, side) = if slice.unit.quartered { (4, 1 << (log2 - 1)) } else { (1, 1 << log2) };
        let mut known = [0; 4];
        for known in &mut known[..parts] {
            *known = slice.cabac.bin(LUMA_MODE_KNOWN);
        }
        let mut luma = [DC; 4];
        for (i, known) in known.into_iter().enumerate().take(parts) {
            let (x, y) = (x + (i & 1) * side, y + (i >> 1) * side);
            luma[i] = self.luma_mode(slice, x, y, known == 1);
            self.fill_modes((x, y), side, luma[i]);
        }
        let format = self.format.chroma_format;
        let chroma_parts = match format {
            0 => 0,
            3 => parts,
            _ => 1,
        };
        for (i, &luma) in luma.iter().enumerate().take(chroma_parts) {
            (slice.unit.chroma[i], slice.unit.chroma_is_luma[i]) = chroma_mode(&mut slice.cabac, luma, format);
        }
    }

    /// Notes the luma mode of a square block.
    pub(super) fn fill_modes(&mut self, (x, y): (usize, usize), side: usize, mode: u8) {
        for row in self.modes.chunks_mut(self.modes_across).skip(y / 4).take(side / 4) {
            row[x / 4..(x + side) / 4].fill(mode);
        }
    }

    /// Reads the luma mode of the block at `(x, y)` (§ 8.4.2).
    ///
    /// The modes of the left and the upper neighbour make three modes likely. `known` tells that the mode is one of
    /// them. Any other is coded as its index among the remaining 32. An upper neighbour in another coding tree counts
    /// as DC.
    fn luma_mode(&self, slice: &mut SliceState<'_, '_>, x: usize, y: usize, known: bool) -> u8 {
        let mode = |there: bool, x: usize, y: usize| {
            let of_region = there && self.units.at(x, y).region == slice.region;
            if of_region { self.modes[y / 4 * self.modes_across + x / 4] } else { DC }
        };
        let inside = y & ((1 << self.format.tree_log2) - 1) > 0;
        let left = mode(x > 0, x.wrapping_sub(1), y);
        let above = mode(inside, x, y.wrapping_sub(1));
        let likely = likely_modes(left, above);
        let cabac = &mut slice.cabac;
        if known {
            let index = if cabac.bypass() == 0 { 0 } else { 1 + cabac.bypass() };
            return likely[index as usize];
        }
        other_mode(likely, cabac.bypasses(5) as u8)
    }
}

/// The three modes that the neighbours' modes make likely, in their order (§ 8.4.2). Two neighbours of one direction
/// make it and the two directions beside it likely. Beside 2 and 34 lie 33 and 3.
#[inline]
fn likely_modes(left: u8, above: u8) -> [u8; 3] {
    match (left, above) {
        (a, b) if a != b => {
            let third = [PLANAR, DC, VERTICAL].into_iter().find(|&mode| mode != a && mode != b);
            [a, b, third.unwrap_or(VERTICAL)]
        }
        (PLANAR | DC, _) => [PLANAR, DC, VERTICAL],
        (a, _) => [a, 2 + (a + 29) % 32, 2 + (a - 1) % 32],
    }
}

/// Mode `index` (0 to 31) of those that are not likely, in ascending order: each likely mode that is not larger adds
/// one.
#[inline]
fn other_mode(mut likely: [u8; 3], index: u8) -> u8 {
    likely.sort_unstable();
    likely.into_iter().fold(index, |mode, likely| mode + u8::from(mode >= likely))
}

/// Reads the mode of both chroma planes (§ 8.4.3): that of luma, or one of four. Where that one is the mode of luma,
/// which has a code already, it stands for mode 34. Tells, too, whether it was coded as that of luma.
fn chroma_mode(cabac: &mut Cabac<'_>, luma: u8, format: u32) -> (u8, bool) {
    let is_luma = cabac.bin(CHROMA_MODE) == 0;
    let mode = if is_luma {
        luma
    } else {
        let mode = [PLANAR, VERTICAL, HORIZONTAL, DC][cabac.bypasses(2) as usize];
        if mode == luma { 34 } else { mode }
    };
    (if format == 2 { MODES_422[usize::from(mode)] } else { mode }, is_luma)
}

/// What a direction becomes in 4:2:2, where chroma samples are twice as wide as high (table 8-3).
static MODES_422: [u8; 35] = [
    0, 1, 2, 2, 2, 2, 3, 5, 7, 8, 10, 12, 13, 15, 17, 18, 19, 20, 21, 22, 23, 23, 24, 24, 25, 25, 26, 27, 27, 28, 28,
    29, 29, 30, 31,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_make_three_modes_likely() {
        assert_eq!(likely_modes(DC, DC), [PLANAR, DC, VERTICAL]);
        assert_eq!(likely_modes(PLANAR, PLANAR), [PLANAR, DC, VERTICAL]);
        // A direction of both, and those beside it: 2 + ((a + 29) % 32) and 2 + ((a - 2 + 1) % 32).
        assert_eq!(likely_modes(HORIZONTAL, HORIZONTAL), [10, 9, 11]);
        assert_eq!((likely_modes(2, 2), likely_modes(34, 34)), ([2, 33, 3], [34, 33, 3]));
        // Two modes, and the first of planar, DC and vertical that is neither.
        assert_eq!(likely_modes(30, 2), [30, 2, PLANAR]);
        assert_eq!(likely_modes(PLANAR, 30), [PLANAR, 30, DC]);
        assert_eq!((likely_modes(DC, PLANAR), likely_modes(PLANAR, VERTICAL)), ([1, 0, 26], [0, 26, 1]));
    }

    #[test]
    fn the_other_modes_are_all_but_the_likely_ones() {
        for likely in [[0, 1, 26], [34, 33, 3], [30, 2, 0]] {
            let others: Vec<_> = (0..32).map(|index| other_mode(likely, index)).collect();
            assert_eq!(others, (0..35).filter(|mode| !likely.contains(mode)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn directions_of_4_2_2_are_those_of_samples_twice_as_wide() {
        let angle = |steps: i32| steps.signum() * [0, 2, 5, 9, 13, 17, 21, 26, 32][steps.unsigned_abs() as usize];
        let (from_left, from_above) = (|mode: i32| angle(10 - mode), |mode: i32| angle(mode - 26));
        // A direction from the left falls twice as far for each sample: the nearest mode stands for it.
        for mode in 6..=14 {
            let distance = |to: i32| (from_left(to) - 2 * from_left(mode)).abs();
            let mapped = i32::from(MODES_422[mode as usize]);
            assert_eq!(distance(mapped), (2..=17).map(distance).min().unwrap(), "mode {mode}");
        }
        // A direction from above moves half as far for each row.
        for mode in 18..=34 {
            let mapped = i32::from(MODES_422[mode as usize]);
            assert!((2 * from_above(mapped) - from_above(mode)).abs() <= 5, "mode {mode}");
        }
    }
}
