//! Coding units: modes, transform trees, and blocks as they come.

use super::{Current, Decoder, Unit};
use crate::intra::cabac::{
    CBF_CHROMA, CBF_LUMA, CHROMA_MODE, Cabac, LUMA_MODE_KNOWN, PART_MODE, QP_DELTA, SPLIT_TRANSFORM,
};
use crate::intra::picture::Sample;
use crate::intra::predict::{DC, HORIZONTAL, PLANAR, Rules, VERTICAL, predict};
use crate::intra::residual::{self, Scale, Shape};
use crate::intra::transform::{Kind, add};

/// A transform block on its way down the tree.
#[derive(Clone, Copy)]
struct Node {
    x: usize,
    y: usize,
    base: (usize, usize),
    log2: u32,
    depth: u32,
    index: u32,
    /// Coded block flags of Cb and Cr; bit 1 is the lower half of 4:2:2.
    chroma: [u32; 2],
}

impl<T: Sample> Decoder<'_, T> {
    /// § 7.3.8.5.
    pub(super) fn coding_unit(
        &mut self,
        current: &mut Current<'_, '_>,
        x: usize,
        y: usize,
        log2: u32,
        depth: u8,
    ) -> Option<()> {
        let smallest = log2 == self.sequence.min_coding_log2;
        let quartered = smallest && current.cabac.bin(PART_MODE) == 0;
        let (first, units) = (self.unit(x, y), 1 << (log2 - self.sequence.min_coding_log2));
        self.fill_units(first, units, |unit| *unit = Unit { slice: current.id, depth, qp: 0 });
        let (parts, side) = if quartered { (4, 1 << (log2 - 1)) } else { (1, 1 << log2) };
        let mut known = [0; 4];
        for known in &mut known[..parts] {
            *known = current.cabac.bin(LUMA_MODE_KNOWN);
        }
        let mut first_mode = DC;
        for (i, known) in known.into_iter().enumerate().take(parts) {
            let (x, y) = (x + (i & 1) * side, y + (i >> 1) * side);
            let mode = self.luma_mode(current, x, y, known == 1);
            if i == 0 {
                first_mode = mode;
            }
            for row in self.modes.chunks_mut(self.modes_across).skip(y / 4).take(side / 4) {
                row[x / 4..(x + side) / 4].fill(mode);
            }
        }
        if self.planes.len() > 1 {
            current.chroma_mode = chroma_mode(&mut current.cabac, first_mode, self.sequence.chroma_format);
        }
        current.quartered = quartered;
        let node = Node { x, y, base: (x, y), log2, depth: 0, index: 0, chroma: [0; 2] };
        self.transform_tree(current, node)?;
        self.last_qp = self.qp;
        let qp = self.qp as i8;
        self.fill_units(first, units, |unit| unit.qp = qp);
        Some(())
    }

    fn fill_units(&mut self, first: usize, side: usize, with: impl Fn(&mut Unit)) {
        for row in self.units[first..].chunks_mut(self.units_across).take(side) {
            row[..side].iter_mut().for_each(&with);
        }
    }

    /// § 8.4.2.
    fn luma_mode(&self, current: &mut Current<'_, '_>, x: usize, y: usize, known: bool) -> u8 {
        let mode = |there: bool, x: usize, y: usize| {
            let of_slice = there && self.units[self.unit(x, y)].slice == current.id;
            if of_slice { self.modes[y / 4 * self.modes_across + x / 4] } else { DC }
        };
        let inside = y & ((1 << self.sequence.tree_log2) - 1) > 0;
        let left = mode(x > 0, x.wrapping_sub(1), y);
        let above = mode(inside, x, y.wrapping_sub(1));
        let mut likely = match (left, above) {
            (a, b) if a != b => {
                let third = [PLANAR, DC, VERTICAL].into_iter().find(|&mode| mode != a && mode != b);
                [a, b, third.unwrap_or(VERTICAL)]
            }
            (PLANAR | DC, _) => [PLANAR, DC, VERTICAL],
            (a, _) => [a, 2 + (a + 29) % 32, 2 + (a - 1) % 32],
        };
        let cabac = &mut current.cabac;
        if known {
            let index = if cabac.bypass() == 0 { 0 } else { 1 + cabac.bypass() };
            return likely[index as usize];
        }
        likely.sort_unstable();
        likely.into_iter().fold(cabac.bypasses(5) as u8, |mode, likely| mode + u8::from(mode >= likely))
    }

    /// § 7.3.8.8.
    fn transform_tree(&mut self, current: &mut Current<'_, '_>, mut node: Node) -> Option<()> {
        let Node { x, y, log2, depth, .. } = node;
        let sequence = self.sequence;
        let deepest = sequence.max_transform_depth + u32::from(current.quartered);
        let forced = log2 > sequence.max_transform_log2 || (current.quartered && depth == 0);
        let free = !forced && log2 > sequence.min_transform_log2 && depth < deepest;
        let splits = if free { current.cabac.bin(SPLIT_TRANSFORM + 5 - log2 as usize) == 1 } else { forced };
        if splits && log2 <= sequence.min_transform_log2 {
            return None;
        }
        if log2 > 2 && self.planes.len() > 1 {
            let halves = sequence.chroma_format == 2 && (!splits || log2 == 3);
            for flags in &mut node.chroma {
                if depth == 0 || *flags != 0 {
                    let mut flag = || current.cabac.bin(CBF_CHROMA + depth as usize);
                    *flags = flag();
                    *flags |= if halves { flag() << 1 } else { 0 };
                }
            }
        }
        if !splits {
            let coded = current.cabac.bin(CBF_LUMA + usize::from(depth == 0)) == 1;
            return self.transform_unit(current, node, coded);
        }
        let half = 1 << (log2 - 1);
        let (base, chroma) = ((x, y), node.chroma);
        for (index, (x, y)) in [(x, y), (x + half, y), (x, y + half), (x + half, y + half)].into_iter().enumerate() {
            self.transform_tree(
                current,
                Node { x, y, base, log2: log2 - 1, depth: depth + 1, index: index as u32, chroma },
            )?;
        }
        Some(())
    }

    /// § 7.3.8.10.
    fn transform_unit(&mut self, current: &mut Current<'_, '_>, node: Node, coded: bool) -> Option<()> {
        let Node { x, y, log2, .. } = node;
        if (coded || node.chroma != [0; 2]) && self.set.qp_group_log2.is_some() && !self.qp_coded {
            self.read_qp_delta(current)?;
        }
        let mode = self.modes[y / 4 * self.modes_across + x / 4];
        self.block(current, 0, (x, y), log2, mode, coded)?;
        self.done.mark((x, y), 1 << log2, current.id);
        let ((x, y), log2) = match (log2, node.index) {
            _ if self.planes.len() == 1 => return Some(()),
            (3.., _) => ((x, y), log2 - 1),
            (_, 3) => (node.base, 2),
            _ => return Some(()),
        };
        for component in 1..3 {
            let (across, down) = self.planes[component].shift;
            for half in 0..if down == 0 { 2 } else { 1 } {
                let at = (x >> across, (y >> down) + (half << log2));
                let coded = node.chroma[component - 1] >> half & 1 == 1;
                self.block(current, component, at, log2, current.chroma_mode, coded)?;
            }
        }
        Some(())
    }

    /// § 7.3.8.14, § 8.6.1.
    fn read_qp_delta(&mut self, current: &mut Current<'_, '_>) -> Option<()> {
        let cabac = &mut current.cabac;
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
        let offset = 6 * (self.sequence.bit_depth as i32 - 8);
        if !(-(26 + offset / 2)..=25 + offset / 2).contains(&delta) {
            return None;
        }
        let qp = (self.predicted_qp + delta + 52 + 2 * offset).rem_euclid(52 + offset) - offset;
        self.set_qp(current, qp);
        Some(())
    }

    /// Predicts one block and adds its residual.
    fn block(
        &mut self,
        current: &mut Current<'_, '_>,
        component: usize,
        (x, y): (usize, usize),
        log2: u32,
        mode: u8,
        coded: bool,
    ) -> Option<()> {
        let sequence = self.sequence;
        let (is_luma, side, depth) = (component == 0, 1usize << log2, sequence.bit_depth);
        let plane = &mut self.planes[component];
        let mut border = plane.border((x, y), side, &self.done, current.id, depth);
        let (stride, start) = (plane.width, y * plane.width + x);
        let rules = Rules { is_luma, strong_smoothing: sequence.strong_smoothing, depth };
        let out = &mut plane.samples[start..];
        predict(&mut border, side, mode, rules, out, stride);
        if !coded {
            return Some(());
        }
        let scan = match (log2, mode) {
            (2, 6..=14) => 2,
            (2, 22..=30) => 1,
            (3, 6..=14) if is_luma => 2,
            (3, 22..=30) if is_luma => 1,
            _ => 0,
        };
        let shape = Shape { log2, is_luma, scan, may_skip: self.set.transform_skip, hides_signs: self.set.hides_signs };
        let factors = self.set.scaling(sequence).map(|scaling| scaling.factors(log2, component));
        let scale = Scale { qp: self.scaled_qp[component], depth, factors };
        let kind = match residual::read(&mut current.cabac, shape, scale, &mut self.block)? {
            true => Kind::Skip,
            false if is_luma && log2 == 2 => Kind::Sine,
            false => Kind::Cosine,
        };
        add(&mut self.block, side, kind, out, stride, depth);
        Some(())
    }
}

/// § 8.4.3.
fn chroma_mode(cabac: &mut Cabac<'_>, luma: u8, format: u32) -> u8 {
    let mode = if cabac.bin(CHROMA_MODE) == 0 {
        luma
    } else {
        let mode = [PLANAR, VERTICAL, HORIZONTAL, DC][cabac.bypasses(2) as usize];
        if mode == luma { 34 } else { mode }
    };
    if format == 2 { MODES_422[usize::from(mode)] } else { mode }
}

/// Table 8-3: what a direction becomes where chroma samples are half as wide.
static MODES_422: [u8; 35] = [
    0, 1, 2, 2, 2, 2, 3, 5, 7, 8, 10, 12, 13, 15, 17, 18, 19, 20, 21, 22, 23, 23, 24, 24, 25, 25, 26, 27, 27, 28, 28,
    29, 29, 30, 31,
];
