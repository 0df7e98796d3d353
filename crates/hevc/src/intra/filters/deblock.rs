//! Deblocking (ITU-T H.265 § 8.7.2): finds the edges to filter, and how strongly.
//!
//! All blocks are intra, so every edge of a transform block has boundary strength 2 (§ 8.7.2.4), and every edge of a
//! coding or prediction block is one of a transform block. What is left to find is which edges lie on the grid of 8 × 8
//! samples, and which of these a slice or a tile excludes.

use image_ingest_samples::CpuTimer;

use crate::intra::chroma_qp::chroma_qp;
use crate::intra::filters::edge::{EdgeLine, Keep, filter_chroma, filter_luma};
use crate::intra::filters::maps::{FilterMaps, LEFT, UPPER};
use crate::intra::format::IntraFormat;
use crate::intra::plane::{Plane, PlaneSample};
use crate::intra::units::CodingUnits;
use crate::result::Result;

/// What deblocking needs to know of a picture.
pub(crate) struct Deblocking<'p> {
    pub(crate) format: &'p IntraFormat,
    pub(crate) units: &'p CodingUnits,
    pub(crate) maps: &'p FilterMaps,
}

/// An edge of 8 luma samples.
#[derive(Clone, Copy)]
struct Edge {
    /// The luma position of the first sample behind it.
    x: usize,
    y: usize,
    /// Whether it is the left side of its square, and not the upper one.
    is_vertical: bool,
    /// The mean quantiser of both sides.
    qp: i32,
    beta_offset: i32,
    tc_offset: i32,
    /// Whether the sides before and behind it keep their samples.
    keep: Keep,
}

impl Deblocking<'_> {
    /// Filters the edges in a row of coding trees: all vertical ones, then all horizontal ones.
    ///
    /// # Errors
    ///
    /// When `timer` ends the work.
    pub(crate) fn filter_row<T: PlaneSample>(
        &self,
        planes: &mut [Plane<T>],
        row: usize,
        timer: &CpuTimer<'_>,
    ) -> Result<()> {
        let squares_down = 1usize << (self.format.tree_log2 - 3);
        let first = row * squares_down;
        let squares = first..(first + squares_down).min(self.format.height / 8);
        for is_vertical in [true, false] {
            for square_row in squares.clone() {
                timer.check()?;
                let wanted = if is_vertical { LEFT } else { UPPER };
                for (column, edges) in self.maps.edges_of_row(square_row).iter().enumerate() {
                    if edges & wanted == 0 {
                        continue;
                    }
                    if let Some(edge) = self.edge(column * 8, square_row * 8, is_vertical) {
                        self.filter_edge(planes, edge);
                    }
                }
            }
        }
        Ok(())
    }

    /// The edge at the left or the upper side of the square at `(x, y)`; `None` where it is not filtered: at the side of
    /// the picture, and where a slice or a tile says so (§ 8.7.2.3).
    fn edge(&self, x: usize, y: usize, is_vertical: bool) -> Option<Edge> {
        let (before_x, before_y) = if is_vertical { (x.checked_sub(1)?, y) } else { (x, y.checked_sub(1)?) };
        let log2 = self.format.tree_log2;
        let (tree, before) = ((x >> log2, y >> log2), (before_x >> log2, before_y >> log2));
        let address = |(column, row): (usize, usize)| row * self.format.trees_across() + column;
        let slice = self.maps.slice_of(address(tree));
        if slice.deblocking_off {
            return None;
        }
        if tree != before {
            let same_slice = self.maps.tree_slices[address(tree)] == self.maps.tree_slices[address(before)];
            let same_tile = self.format.tiles.is_same(tree, before);
            if !(same_slice || slice.across_slices) || !(same_tile || self.format.picture.loop_filter_across_tiles) {
                return None;
            }
        }
        let (unit, unit_before) = (self.units.at(x, y), self.units.at(before_x, before_y));
        Some(Edge {
            x,
            y,
            is_vertical,
            qp: (i32::from(unit.qp) + i32::from(unit_before.qp) + 1) >> 1,
            beta_offset: slice.beta_offset,
            tc_offset: slice.tc_offset,
            keep: Keep { before: unit_before.is_exact, behind: unit.is_exact },
        })
    }

    /// Filters an edge in all planes. In a plane of chroma the grid has 8 × 8 samples of that plane (§ 8.7.2.5.5).
    fn filter_edge<T: PlaneSample>(&self, planes: &mut [Plane<T>], edge: Edge) {
        let Edge { x, y, is_vertical, qp, beta_offset, tc_offset, keep } = edge;
        let depth = self.format.bit_depth;
        let scale = 1 << (depth - 8);
        for (component, plane) in planes.iter_mut().enumerate() {
            let (column, row) = (x >> plane.shift.0, y >> plane.shift.1);
            let start = row * plane.width + column;
            let line = |len: u32| {
                let (across, along) = if is_vertical { (1, plane.width) } else { (plane.width, 1) };
                EdgeLine { start, across, along, len: len as usize, keep, depth }
            };
            if component == 0 {
                let beta = BETA[(qp + beta_offset).clamp(0, 51) as usize] * scale;
                let tc = tc_of(qp + 2 + tc_offset) * scale;
                filter_luma(&mut plane.samples, line(8), beta, tc);
                continue;
            }
            let (place, shift_along) = if is_vertical { (column, plane.shift.1) } else { (row, plane.shift.0) };
            if place.is_multiple_of(8) {
                let index = qp + self.format.picture.chroma_qp[component - 1];
                let tc = tc_of(chroma_qp(index, self.format.chroma_format) + 2 + tc_offset) * scale;
                filter_chroma(&mut plane.samples, line(8 >> shift_along), tc);
            }
        }
    }
}

/// `tC'` (table 8-12), for any index.
fn tc_of(index: i32) -> i32 {
    TC[index.clamp(0, 53) as usize].into()
}

/// `β'` (table 8-12).
static BETA: [i32; 52] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 24, 26, 28,
    30, 32, 34, 36, 38, 40, 42, 44, 46, 48, 50, 52, 54, 56, 58, 60, 62, 64,
];

/// `tC'` (table 8-12).
static TC: [u8; 54] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4,
    5, 5, 6, 6, 7, 8, 9, 10, 11, 13, 14, 16, 18, 20, 22, 24,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strengths_are_those_of_table_8_12() {
        assert_eq!([0, 15, 16, 28, 29, 51].map(|index| BETA[index]), [0, 0, 6, 18, 20, 64]);
        assert_eq!([-5, 17, 18, 26, 27, 30, 31, 53, 60].map(tc_of), [0, 0, 1, 1, 2, 2, 3, 24, 24]);
        // From 28 on β' is twice the index less 38.
        assert!((28..52).all(|index| BETA[index] == 2 * index as i32 - 38));
    }
}
