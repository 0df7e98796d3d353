//! What the in-loop filters need to know of a picture, noted while its slices are decoded.

use image_ingest_samples::{CpuTimer, defaults_within, zeroed};

use crate::intra::format::IntraFormat;
use crate::intra::slice_header::SliceFilters;
use crate::result::Result;

/// The notes of one picture.
pub(crate) struct FilterMaps {
    /// For each square of 8 × 8 luma samples, rows tight: whether its left (1) and its upper (2) side are edges of
    /// transform blocks. Smaller blocks have edges in between, which are not filtered (ITU-T H.265 § 8.7.2.3). A larger
    /// block covers whole squares, so a side is an edge from end to end or not at all.
    edges: Vec<u8>,
    edges_across: usize,
    /// For each coding tree, by address: its sample adaptive offsets.
    pub(crate) offsets: Vec<TreeOffsets>,
    /// For each coding tree, by address: the index of its slice.
    pub(crate) tree_slices: Vec<u16>,
    /// Each slice.
    pub(crate) slices: Vec<SliceFilters>,
}

/// The left side of a square is an edge.
pub(crate) const LEFT: u8 = 1;

/// The upper side of a square is an edge.
pub(crate) const UPPER: u8 = 2;

/// The sample adaptive offsets of a coding tree, by component.
pub(crate) type TreeOffsets = [SampleOffsets; 3];

/// The sample adaptive offsets of one component of a coding tree (§ 7.4.9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SampleOffsets {
    /// What the offsets depend on.
    pub(crate) kind: OffsetKind,
    /// The four offsets, -31 to 31, before they are scaled.
    pub(crate) offsets: [i8; 4],
}

/// What the offset of a sample depends on (`SaoTypeIdx`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum OffsetKind {
    /// Nothing: there are no offsets.
    #[default]
    None,
    /// The sample's value: four bands of 32, from this one on.
    Band(u8),
    /// Two neighbours of the sample: those of `sao_eo_class`.
    Edge(u8),
}

impl FilterMaps {
    /// The notes of a picture of which nothing is decoded.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, and when `timer` ends the work.
    pub(crate) fn new(format: &IntraFormat, timer: &CpuTimer<'_>) -> Result<Self> {
        let edges_across = format.width / 8;
        Ok(Self {
            edges: zeroed(edges_across * (format.height / 8))?,
            edges_across,
            offsets: defaults_within(if format.sao { format.trees() } else { 0 }, timer)?,
            tree_slices: zeroed(format.trees())?,
            slices: Vec::new(),
        })
    }

    /// Notes the left and the upper edge of a block of `side` luma samples at `(x, y)`.
    pub(crate) fn add_edges(&mut self, (x, y): (usize, usize), side: usize) {
        let (column, row, squares) = (x / 8, y / 8, side.div_ceil(8));
        if x.is_multiple_of(8) {
            for edges in self.edges.chunks_mut(self.edges_across).skip(row).take(squares) {
                edges[column] |= LEFT;
            }
        }
        if y.is_multiple_of(8) {
            let start = row * self.edges_across + column;
            self.edges[start..start + squares].iter_mut().for_each(|edges| *edges |= UPPER);
        }
    }

    /// The edges of a row of squares.
    pub(crate) fn edges_of_row(&self, row: usize) -> &[u8] {
        &self.edges[row * self.edges_across..][..self.edges_across]
    }

    /// Whether any coding tree has offsets for the plane `component`.
    ///
    /// # Errors
    ///
    /// When `timer` ends the work.
    pub(crate) fn has_offsets(&self, component: usize, timer: &CpuTimer<'_>) -> Result<bool> {
        for trees in self.offsets.chunks(1 << 16) {
            timer.check()?;
            if trees.iter().any(|tree| tree[component].kind != OffsetKind::None) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The filters of the slice that holds the coding tree at `address`.
    pub(crate) fn slice_of(&self, address: usize) -> SliceFilters {
        self.slices[usize::from(self.tree_slices[address])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_lie_on_the_grid_of_8() {
        let mut maps = FilterMaps {
            edges: vec![0; 4 * 3],
            edges_across: 4,
            offsets: Vec::new(),
            tree_slices: Vec::new(),
            slices: Vec::new(),
        };
        // A block of 16, one of 8 to its right, and four of 4 below that.
        maps.add_edges((0, 0), 16);
        maps.add_edges((16, 0), 8);
        [(16, 8), (20, 8), (16, 12), (20, 12)].into_iter().for_each(|at| maps.add_edges(at, 4));
        let both = LEFT | UPPER;
        assert_eq!(maps.edges_of_row(0), [both, UPPER, both, 0]);
        assert_eq!(maps.edges_of_row(1), [LEFT, 0, both, 0]);
        assert_eq!(maps.edges_of_row(2), [0; 4]);
    }
}
