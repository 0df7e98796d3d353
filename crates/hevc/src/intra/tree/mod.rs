//! Coding trees (ITU-T H.265 § 7.3.8): slices, splits and quantisers.

mod unit;

use image_ingest_samples::{CpuTimer, zeroed};

use crate::intra::cabac::{Cabac, SAO_MERGE, SAO_TYPE, SPLIT_CODING, initial};
use crate::intra::params::{PictureParameters, SequenceParameters, SliceHeader};
use crate::intra::picture::{Done, Plane, Sample};
use crate::intra::transform::Block;
use crate::result::Result;

/// A picture while its slices are decoded.
pub(crate) struct Decoder<'p, T> {
    sequence: &'p SequenceParameters,
    set: &'p PictureParameters,
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
    slice: &'s SliceHeader,
    id: u8,
    cabac: Cabac<'c>,
    chroma_mode: u8,
    /// Whether the coding unit has four luma modes.
    quartered: bool,
}

impl<'p, T: Sample> Decoder<'p, T> {
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(sequence: &'p SequenceParameters, set: &'p PictureParameters) -> Result<Self> {
        let (width, height) = (sequence.width, sequence.height);
        let shifts: &[(u32, u32)] = match sequence.chroma_format {
            0 => &[(0, 0)],
            1 => &[(0, 0), (1, 1), (1, 1)],
            _ => &[(0, 0), (1, 0), (1, 0)],
        };
        let planes = shifts.iter().map(|&shift| {
            let (width, height) = (width >> shift.0, height >> shift.1);
            Ok(Plane { samples: zeroed(width * height)?, width, height, shift })
        });
        let unit = 1 << sequence.min_coding_log2;
        Ok(Self {
            sequence,
            set,
            planes: planes.collect::<Result<_>>()?,
            done: Done::new(width, height)?,
            units: zeroed((width / unit) * (height / unit))?,
            units_across: width / unit,
            modes: zeroed((width / 4) * (height / 4))?,
            modes_across: width / 4,
            block: Box::new(Block { coefficients: [0; 1024], columns: 0, rows: 0, is_flat: false }),
            trees: zeroed(sequence.trees())?,
            count: 0,
            slices: 0,
            qp: 0,
            last_qp: 0,
            predicted_qp: 0,
            qp_coded: false,
            scaled_qp: [0; 3],
        })
    }

    /// Decodes one slice, which has to follow the one before; `None` for what no slice may be, and when `timer` ends it.
    pub(crate) fn slice(&mut self, slice: &SliceHeader, timer: &CpuTimer<'_>) -> Option<()> {
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
            if column == 0 {
                timer.check().ok()?;
            }
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
    pub(crate) fn finish(self) -> Option<Vec<Plane<T>>> {
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
}

/// Table 8-10, from 30 on.
static CHROMA_QP: [i32; 13] = [29, 30, 31, 32, 33, 33, 34, 34, 35, 35, 36, 36, 37];
