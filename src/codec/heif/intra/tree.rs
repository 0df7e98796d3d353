//! Coding trees (ITU-T H.265 § 7.3.8): splits, modes, quantisers, and blocks as they come.

use super::cabac::{
    CBF_CHROMA, CBF_LUMA, CHROMA_MODE, Cabac, LUMA_MODE_KNOWN, PART_MODE, QP_DELTA, SAO_MERGE, SAO_TYPE, SPLIT_CODING,
    SPLIT_TRANSFORM, initial,
};
use super::params::{PictureSet, Sequence, Slice};
use super::picture::{Done, Plane, Sample};
use super::predict::{DC, PLANAR, Rules, VERTICAL, predict};
use super::residual::{self, Scale, Shape};
use super::transform::{Block, Kind, add};
use crate::pixels::zeroed;

/// A picture while its slices are decoded.
pub(super) struct Decoder<'p, T> {
    sequence: &'p Sequence,
    set: &'p PictureSet,
    planes: Vec<Plane<T>>,
    done: Done,
    /// Of each smallest coding block: the slice that holds it, its depth in the tree, its quantiser.
    units: Vec<Unit>,
    units_across: usize,
    /// The luma mode of each 4 × 4 block.
    modes: Vec<u8>,
    modes_across: usize,
    block: Box<Block>,
    /// Of each coding tree: the slice.
    trees: Vec<u8>,
    /// Trees decoded.
    count: usize,
    slices: u8,
    qp: i32,
    /// Of the last coding unit.
    last_qp: i32,
    predicted_qp: i32,
    qp_coded: bool,
    /// Luma, Cb and Cr quantisers, offset by the depth.
    scaled_qp: [u32; 3],
}

#[derive(Clone, Copy, Default)]
struct Unit {
    slice: u8,
    depth: u8,
    qp: i8,
}

/// What a slice's blocks need of it.
struct Current<'s, 'c> {
    slice: &'s Slice,
    id: u8,
    cabac: Cabac<'c>,
    chroma_mode: u8,
    /// Whether the coding unit has four luma modes.
    quartered: bool,
}

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

impl<'p, T: Sample> Decoder<'p, T> {
    pub(super) fn new(sequence: &'p Sequence, set: &'p PictureSet) -> Option<Self> {
        let (width, height) = (sequence.width, sequence.height);
        let shifts: &[(u32, u32)] = match sequence.chroma_format {
            0 => &[(0, 0)],
            1 => &[(0, 0), (1, 1), (1, 1)],
            _ => &[(0, 0), (1, 0), (1, 0)],
        };
        let planes = shifts.iter().map(|&shift| {
            let (width, height) = (width >> shift.0, height >> shift.1);
            Some(Plane { samples: zeroed(width * height).ok()?, width, height, shift })
        });
        let unit = 1 << sequence.min_coding_log2;
        Some(Self {
            sequence,
            set,
            planes: planes.collect::<Option<_>>()?,
            done: Done::new(width, height)?,
            units: zeroed((width / unit) * (height / unit)).ok()?,
            units_across: width / unit,
            modes: zeroed((width / 4) * (height / 4)).ok()?,
            modes_across: width / 4,
            block: Box::new(Block { coefficients: [0; 1024], columns: 0, rows: 0, is_flat: false }),
            trees: zeroed(sequence.trees()).ok()?,
            count: 0,
            slices: 0,
            qp: 0,
            last_qp: 0,
            predicted_qp: 0,
            qp_coded: false,
            scaled_qp: [0; 3],
        })
    }

    /// Decodes one slice, which has to follow the one before.
    pub(super) fn slice(&mut self, slice: &Slice) -> Option<()> {
        if slice.address != self.count {
            return None;
        }
        self.slices = self.slices.checked_add(1)?;
        let cabac = Cabac::new(&slice.data, slice.qp);
        let mut current = Current { slice, id: self.slices, cabac, chroma_mode: 0, quartered: false };
        self.last_qp = slice.qp;
        self.set_qp(&current, slice.qp);
        let (across, total) = (self.sequence.trees_across(), self.sequence.trees());
        let mut saved = current.cabac.contexts;
        loop {
            let (column, row) = (self.count % across, self.count / across);
            if self.set.wavefront && column == 0 && self.count != slice.address {
                current.cabac.next_substream()?;
                let above_right = self.count - across + 1;
                let inherits = across > 1 && self.trees[above_right] == current.id;
                current.cabac.contexts = if inherits { saved } else { initial(slice.qp) };
                self.last_qp = slice.qp;
                self.set_qp(&current, slice.qp);
            }
            self.trees[self.count] = current.id;
            self.tree(&mut current, column, row)?;
            self.count += 1;
            if self.set.wavefront && column == 1 {
                saved = current.cabac.contexts;
            }
            if current.cabac.terminate() {
                return current.cabac.ends_here().then_some(());
            }
            if self.count == total {
                return None;
            }
            // The end of a substream.
            if self.set.wavefront && self.count.is_multiple_of(across) && !current.cabac.terminate() {
                return None;
            }
        }
    }

    /// The planes, if every coding tree is in them.
    pub(super) fn finish(self) -> Option<Vec<Plane<T>>> {
        (self.count == self.sequence.trees()).then_some(self.planes)
    }

    fn tree(&mut self, current: &mut Current<'_, '_>, column: usize, row: usize) -> Option<()> {
        if current.slice.sao_luma || current.slice.sao_chroma {
            self.skip_sao(current, column, row);
        }
        let log2 = self.sequence.tree_log2;
        self.coding(current, column << log2, row << log2, log2, 0)
    }

    /// § 7.3.8.3: read past, since what it filters is reduced.
    fn skip_sao(&self, current: &mut Current<'_, '_>, column: usize, row: usize) {
        let across = self.sequence.trees_across();
        let same = |there: bool, back: usize| there && self.trees[self.count - back] == current.id;
        let cabac = &mut current.cabac;
        if same(column > 0, 1) && cabac.bin(SAO_MERGE) == 1 {
            return;
        }
        if same(row > 0, across) && cabac.bin(SAO_MERGE) == 1 {
            return;
        }
        let most = (1 << (self.sequence.bit_depth.min(10) - 5)) - 1;
        let mut kind = 0;
        for component in 0..self.planes.len() {
            let on = if component == 0 { current.slice.sao_luma } else { current.slice.sao_chroma };
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
            // Band: signs and position; edge: a class for luma and one for both chroma planes.
            cabac.bypasses(match (kind, component) {
                (1, _) => offsets + 5,
                (_, 2) => 0,
                _ => 2,
            });
        }
    }

    fn unit(&self, x: usize, y: usize) -> usize {
        let log2 = self.sequence.min_coding_log2;
        (y >> log2) * self.units_across + (x >> log2)
    }

    /// The unit to the left, and the one above, if they are of this slice.
    fn neighbours(&self, id: u8, x: usize, y: usize) -> [Option<Unit>; 2] {
        let of_slice = |at: usize| Some(self.units[at]).filter(|unit| unit.slice == id);
        let left = if x > 0 { of_slice(self.unit(x - 1, y)) } else { None };
        let above = if y > 0 { of_slice(self.unit(x, y - 1)) } else { None };
        [left, above]
    }

    /// § 7.3.8.4.
    fn coding(&mut self, current: &mut Current<'_, '_>, x: usize, y: usize, log2: u32, depth: u8) -> Option<()> {
        let side = 1 << log2;
        let (width, height) = (self.sequence.width, self.sequence.height);
        let splits = if x + side <= width && y + side <= height && log2 > self.sequence.min_coding_log2 {
            let deeper = self.neighbours(current.id, x, y).into_iter().flatten().filter(|unit| unit.depth > depth);
            current.cabac.bin(SPLIT_CODING + deeper.count()) == 1
        } else {
            log2 > self.sequence.min_coding_log2
        };
        if self.set.qp_group_log2.is_some_and(|group| log2 >= group) {
            self.start_qp_group(current, x, y);
        }
        if !splits {
            return self.coding_unit(current, x, y, log2, depth);
        }
        let half = side / 2;
        for (x, y) in [(x, y), (x + half, y), (x, y + half), (x + half, y + half)] {
            if x < width && y < height {
                self.coding(current, x, y, log2 - 1, depth + 1)?;
            }
        }
        Some(())
    }

    /// § 8.6.1: the quantiser that a group starts from.
    fn start_qp_group(&mut self, current: &Current<'_, '_>, x: usize, y: usize) {
        let [left, above] = self.neighbours(current.id, x, y);
        // Only neighbours in the same coding tree count.
        let inside = |at: usize| at & ((1 << self.sequence.tree_log2) - 1) > 0;
        let qp =
            |unit: Option<Unit>, inside: bool| unit.filter(|_| inside).map_or(self.last_qp, |unit| i32::from(unit.qp));
        let predicted = (qp(left, inside(x)) + qp(above, inside(y)) + 1) >> 1;
        self.predicted_qp = predicted;
        self.qp_coded = false;
        self.set_qp(current, predicted);
    }

    fn set_qp(&mut self, current: &Current<'_, '_>, qp: i32) {
        self.qp = qp;
        let offset = 6 * (self.sequence.bit_depth as i32 - 8);
        let chroma = |shift: i32| {
            let index = (qp + shift).clamp(-offset, 57);
            let mapped = match index {
                _ if self.sequence.chroma_format != 1 => index.min(51),
                ..30 => index,
                30..43 => CHROMA_QP[(index - 30) as usize],
                _ => index - 6,
            };
            (mapped + offset) as u32
        };
        let [cb, cr] = current.slice.chroma_qp;
        self.scaled_qp = [(qp + offset) as u32, chroma(cb), chroma(cr)];
    }

    /// § 7.3.8.5.
    fn coding_unit(&mut self, current: &mut Current<'_, '_>, x: usize, y: usize, log2: u32, depth: u8) -> Option<()> {
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
        let mode = [PLANAR, VERTICAL, super::predict::HORIZONTAL, DC][cabac.bypasses(2) as usize];
        if mode == luma { 34 } else { mode }
    };
    if format == 2 { MODES_422[usize::from(mode)] } else { mode }
}

/// Table 8-3: what a direction becomes where chroma samples are half as wide.
static MODES_422: [u8; 35] = [
    0, 1, 2, 2, 2, 2, 3, 5, 7, 8, 10, 12, 13, 15, 17, 18, 19, 20, 21, 22, 23, 23, 24, 24, 25, 25, 26, 27, 27, 28, 28,
    29, 29, 30, 31,
];

/// Table 8-10, from 30 on.
static CHROMA_QP: [i32; 13] = [29, 30, 31, 32, 33, 33, 34, 34, 35, 35, 36, 36, 37];
