//! Adds sample adaptive offsets to one plane (ITU-T H.265 § 8.7.3).
//!
//! An offset depends on samples from before any offset, so a copy of a row of coding trees is made, with one row of
//! samples above and one below, and the plane is changed.

use std::ops::Range;

use image_ingest_samples::{CpuTimer, zeroed};

use crate::intra::filters::maps::{FilterMaps, OffsetKind, SampleOffsets};
use crate::intra::format::IntraFormat;
use crate::intra::plane::{Plane, PlaneSample};
use crate::intra::units::CodingUnits;
use crate::result::Result;

/// The offsets of one plane, and the rows of samples that they are derived from.
pub(crate) struct OffsetRows<'p, T> {
    format: &'p IntraFormat,
    units: &'p CodingUnits,
    maps: &'p FilterMaps,
    component: usize,
    /// The side of a coding tree in samples of the plane, across and down.
    tree: (usize, usize),
    /// Samples before any offset, rows as wide as the plane: one above a row of coding trees, its own, one below.
    source: Vec<T>,
}

/// A coding tree's part of a plane.
struct TreePart {
    columns: Range<usize>,
    rows: Range<usize>,
    /// Which neighbours the samples may look at, by row and column: 4 is the coding tree itself.
    open: [bool; 9],
}

impl<'p, T: PlaneSample> OffsetRows<'p, T> {
    /// Begins a plane.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(
        format: &'p IntraFormat,
        units: &'p CodingUnits,
        maps: &'p FilterMaps,
        component: usize,
        plane: &Plane<T>,
    ) -> Result<Self> {
        let side = 1usize << format.tree_log2;
        let tree = (side >> plane.shift.0, side >> plane.shift.1);
        Ok(Self { format, units, maps, component, tree, source: zeroed((tree.1 + 2) * plane.width)? })
    }

    /// Adds the offsets of a row of coding trees. Rows come in order, each when the next one is deblocked, too.
    ///
    /// # Errors
    ///
    /// When `timer` ends the work.
    pub(crate) fn filter_row(&mut self, plane: &mut Plane<T>, row: usize, timer: &CpuTimer<'_>) -> Result<()> {
        let width = plane.width;
        let top = row * self.tree.1;
        let rows = top..(top + self.tree.1).min(plane.height);
        // The first row of the copy is there already: the last of the row of coding trees above.
        let copied = rows.start * width..(rows.end + 1).min(plane.height) * width;
        self.source[width..][..copied.len()].copy_from_slice(&plane.samples[copied]);
        for column in 0..self.format.trees_across() {
            let offsets = self.maps.offsets[row * self.format.trees_across() + column][self.component];
            if offsets.kind == OffsetKind::None {
                continue;
            }
            timer.check()?;
            let left = column * self.tree.0;
            let columns = left..(left + self.tree.0).min(width);
            let part = TreePart { columns, rows: rows.clone(), open: self.open((column, row)) };
            self.add(plane, &part, offsets);
            if self.format.has_exact_blocks() {
                self.restore(plane, &part);
            }
        }
        self.source.copy_within(rows.len() * width..(rows.len() + 1) * width, 0);
        Ok(())
    }

    /// Which of the nine coding trees around one, by row and column, its samples may look at (§ 8.7.3.2). Of two slices
    /// the later one decides whether filters work across their boundary.
    fn open(&self, (column, row): (usize, usize)) -> [bool; 9] {
        let across = self.format.trees_across();
        let down = self.format.height.div_ceil(1 << self.format.tree_log2);
        let slice = |(column, row): (usize, usize)| usize::from(self.maps.tree_slices[row * across + column]);
        std::array::from_fn(|i| {
            let (Some(x), Some(y)) = ((column + i % 3).checked_sub(1), (row + i / 3).checked_sub(1)) else {
                return false;
            };
            if x >= across || y >= down {
                return false;
            }
            let (here, there) = (slice((column, row)), slice((x, y)));
            let across_tiles =
                self.format.picture.loop_filter_across_tiles || self.format.tiles.is_same((column, row), (x, y));
            across_tiles && (here == there || self.maps.slices[here.max(there)].across_slices)
        })
    }

    fn add(&self, plane: &mut Plane<T>, part: &TreePart, offsets: SampleOffsets) {
        let scale = self.format.picture.range.sao_scale_log2[usize::from(self.component > 0)];
        let values = offsets.offsets.map(|offset| i32::from(offset) << scale);
        let depth = self.format.bit_depth;
        match offsets.kind {
            OffsetKind::None => {}
            OffsetKind::Band(first) => {
                let bands = bands(first, values);
                for row in part.rows.clone() {
                    let to = &mut plane.samples[row * plane.width..][part.columns.clone()];
                    for sample in to {
                        let value = sample.wide();
                        *sample = T::clipped(value + bands[(value >> (depth - 5)) as usize & 31], depth);
                    }
                }
            }
            OffsetKind::Edge(class) => self.add_edges(plane, part, class, values),
        }
    }

    /// Adds the offsets of edges. `class` is the direction of the two neighbours that a sample is compared with:
    /// horizontal, vertical, and the two diagonals (table 8-13).
    fn add_edges(&self, plane: &mut Plane<T>, part: &TreePart, class: u8, values: [i32; 4]) {
        let (width, depth) = (plane.width, self.format.bit_depth);
        // The first neighbour lies so much to the left (0) or the right (2), and above (0); the second opposite.
        let (across, up) = [(0, 1), (1, 0), (0, 0), (2, 0)][usize::from(class & 3)];
        let Range { start: left, end: right } = part.columns;
        for row in part.rows.clone() {
            let is_first = row == part.rows.start;
            let is_last = row + 1 == part.rows.end;
            // The row of coding trees, of the nine, that a neighbour lies in.
            let above = if up == 0 && is_first { 0 } else { 1 };
            let below = if up == 0 && is_last { 2 } else { 1 };
            let is_open = |column: usize| {
                let tree_of = |across: usize| match across {
                    0 if column == left => 0,
                    2 if column + 1 == right => 2,
                    _ => 1,
                };
                part.open[above * 3 + tree_of(across)] && part.open[below * 3 + tree_of(2 - across)]
            };
            let line = (row - part.rows.start + 1) * width;
            let (first, second) = (line + across + up * width - width, line + 2 - across + width - up * width);
            for columns in [left..left + 1, left + 1..right - 1, right - 1..right] {
                if columns.is_empty() || !is_open(columns.start) {
                    continue;
                }
                let to = &mut plane.samples[row * width..][columns.clone()];
                let at = |start: usize| &self.source[start + columns.start..][..columns.len()];
                // `first` and `second` are one too large, so that neither is negative at column 0.
                let (a, b) = (at_before(&self.source, first, &columns), at_before(&self.source, second, &columns));
                add_edge_offsets(to, at(line), a, b, values, depth);
            }
        }
    }

    /// Puts back the samples of blocks that keep theirs.
    fn restore(&self, plane: &mut Plane<T>, part: &TreePart) {
        let (width, shift) = (plane.width, plane.shift);
        // The part begins at a whole block of 8 × 8 luma samples, of which a unit consists.
        let (across, down) = (8 >> shift.0, 8 >> shift.1);
        for row in part.rows.clone() {
            for column in part.columns.clone().step_by(across) {
                if self.units.at(column << shift.0, row / down * 8).is_exact {
                    let from = (row - part.rows.start + 1) * width + column;
                    plane.samples[row * width + column..][..across].copy_from_slice(&self.source[from..][..across]);
                }
            }
        }
    }
}

/// The samples at `columns`, where the sample at column 0 is at index `start - 1`.
fn at_before<'s, T>(source: &'s [T], start: usize, columns: &Range<usize>) -> &'s [T] {
    &source[start + columns.start - 1..][..columns.len()]
}

/// The offset of each of 32 bands: four from `first` on, which may go around (§ 8.7.3.2).
fn bands(first: u8, values: [i32; 4]) -> [i32; 32] {
    let mut bands = [0; 32];
    for (band, value) in (usize::from(first)..).zip(values) {
        bands[band & 31] = value;
    }
    bands
}

/// Adds to each sample the offset of its shape: below both neighbours, below one and like the other, above one and like
/// the other, above both (table 8-14). The choices are made without branches, so that a compiler may vectorise them.
#[inline]
fn add_edge_offsets<T: PlaneSample>(to: &mut [T], from: &[T], a: &[T], b: &[T], values: [i32; 4], depth: u32) {
    let [valley, half_valley, half_peak, peak] = values;
    for (((to, &sample), &a), &b) in to.iter_mut().zip(from).zip(a).zip(b) {
        let (sample, a, b) = (sample.wide(), a.wide(), b.wide());
        let shape = (sample - a).signum() + (sample - b).signum();
        let mut offset = if shape == -2 { valley } else { 0 };
        offset = if shape == -1 { half_valley } else { offset };
        offset = if shape == 1 { half_peak } else { offset };
        offset = if shape == 2 { peak } else { offset };
        *to = T::clipped(sample + offset, depth);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_an_edge_chooses_the_offset() {
        let from = [5u8, 5, 5, 5, 5, 5, 250];
        let (a, b) = ([9, 5, 5, 1, 9, 5, 1], [9, 9, 1, 1, 1, 5, 1]);
        let mut to = from;
        add_edge_offsets(&mut to, &from, &a, &b, [4, 3, -2, 7], 8);
        // Below both, below one, above one, above both, between, like both, and clipped.
        assert_eq!(to, [9, 8, 3, 12, 5, 5, 255]);
    }

    #[test]
    fn four_bands_have_offsets() {
        let bands = bands(30, [1, 2, -3, 4]);
        assert_eq!((bands[30], bands[31], bands[0], bands[1]), (1, 2, -3, 4));
        assert!(bands[2..30].iter().all(|&offset| offset == 0));
    }
}
