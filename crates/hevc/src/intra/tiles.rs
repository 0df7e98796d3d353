//! The order of coding trees: tile after tile, and by rows in each (ITU-T H.265 § 6.5.1).

use image_ingest_samples::{CpuTimer, DecodeError, zeroed};

use crate::parameters::picture::TileSyntax;
use crate::result::Result;

/// Where the tiles of a picture lie. A picture without tiles is one tile.
pub(crate) struct TileLayout {
    /// For each column of coding trees, the first column of its tile.
    left: Vec<u32>,
    /// For each row of coding trees, the first row of its tile.
    top: Vec<u32>,
    /// The coding trees in their order, each as its address in raster order.
    order: Vec<u32>,
    /// Whether there is more than one tile.
    pub(crate) is_split: bool,
}

/// Where a coding tree lies, in coding trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TreePlace {
    /// The address in raster order.
    pub(crate) address: usize,
    pub(crate) column: usize,
    pub(crate) row: usize,
    /// The first column of its tile.
    pub(crate) left: usize,
    /// The first row of its tile.
    pub(crate) top: usize,
}

impl TreePlace {
    /// Whether it is the first of its tile.
    pub(crate) fn starts_tile(self) -> bool {
        self.column == self.left && self.row == self.top
    }

    /// Whether it is the first in a row of its tile.
    pub(crate) fn starts_row(self) -> bool {
        self.column == self.left
    }
}

impl TileLayout {
    /// The tiles of a picture of `across` × `down` coding trees, both at least 1.
    ///
    /// # Errors
    ///
    /// - [`DecodeError::Malformed`]: the tiles do not fill the picture.
    /// - [`DecodeError::Work`]: there is no memory for the order, or `timer` ends the work.
    pub(crate) fn new(syntax: Option<&TileSyntax>, [across, down]: [u32; 2], timer: &CpuTimer<'_>) -> Result<Self> {
        let whole = || Ok::<_, DecodeError>((vec![0], vec![0]));
        let (columns, rows) = match syntax {
            None => whole()?,
            Some(TileSyntax::Uniform { columns, rows }) => (uniform(*columns, across)?, uniform(*rows, down)?),
            Some(TileSyntax::Explicit { widths, heights }) => (starts(widths, across)?, starts(heights, down)?),
        };
        let (left, top) = (first_of_each(&columns, across), first_of_each(&rows, down));
        let is_split = columns.len() * rows.len() > 1;
        let mut order = zeroed(left.len() * top.len())?;
        let mut next = order.iter_mut();
        let end = |starts: &[u32], tile: usize, all: u32| starts.get(tile + 1).copied().unwrap_or(all);
        for (tile_row, &top) in rows.iter().enumerate() {
            for (tile_column, &left) in columns.iter().enumerate() {
                for y in top..end(&rows, tile_row, down) {
                    timer.step()?;
                    let row = left..end(&columns, tile_column, across);
                    row.zip(next.by_ref()).for_each(|(x, to)| *to = y * across + x);
                }
            }
        }
        Ok(Self { left, top, order, is_split })
    }

    /// The place of coding tree `index` in decoding order; `None` behind the last.
    pub(crate) fn place(&self, index: usize) -> Option<TreePlace> {
        let address = *self.order.get(index)? as usize;
        let (column, row) = (address % self.left.len(), address / self.left.len());
        Some(TreePlace { address, column, row, left: self.left[column] as usize, top: self.top[row] as usize })
    }

    /// Whether the coding trees at two columns and rows are of the same tile.
    pub(crate) fn is_same(&self, a: (usize, usize), b: (usize, usize)) -> bool {
        self.left[a.0] == self.left[b.0] && self.top[a.1] == self.top[b.1]
    }
}

/// The first column or row of each of `count` tiles, as even as they can be.
fn uniform(count: u32, all: u32) -> Result<Vec<u32>> {
    if count == 0 || count > all {
        return Err(wrong());
    }
    let start = |i: u32| u64::from(i) * u64::from(all) / u64::from(count);
    (0..count).map(|i| u32::try_from(start(i)).map_err(|_| wrong())).collect()
}

/// The first column or row of each tile, given the sizes of all but the last, which has to be there.
fn starts(sizes: &[u32], all: u32) -> Result<Vec<u32>> {
    let mut starts = vec![0];
    let mut at = 0u32;
    for size in sizes {
        at = at.checked_add(*size).filter(|&at| at < all).ok_or_else(wrong)?;
        starts.push(at);
    }
    Ok(starts)
}

/// For each of `all` columns or rows the first of its tile.
fn first_of_each(starts: &[u32], all: u32) -> Vec<u32> {
    let mut next = starts.iter().copied().peekable();
    let mut first = 0;
    let of = |at| {
        if let Some(start) = next.next_if_eq(&at) {
            first = start;
        }
        first
    };
    (0..all).map(of).collect()
}

fn wrong() -> DecodeError {
    DecodeError::malformed("tiles that do not fill their picture")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(layout: &TileLayout) -> Vec<usize> {
        (0..).map_while(|index| layout.place(index)).map(|place| place.address).collect()
    }

    #[test]
    fn one_tile_is_in_raster_order() {
        let layout = TileLayout::new(None, [3, 2], &CpuTimer::default()).unwrap();
        assert_eq!((order(&layout), layout.is_split), ((0..6).collect(), false));
        assert!(layout.place(0).unwrap().starts_tile() && !layout.place(3).unwrap().starts_tile());
        assert!(layout.place(3).unwrap().starts_row());
    }

    #[test]
    fn tiles_follow_each_other() {
        // Columns of 2 and 3 trees, rows of 1 and 1.
        let layout =
            TileLayout::new(Some(&TileSyntax::Uniform { columns: 2, rows: 2 }), [5, 2], &CpuTimer::default()).unwrap();
        assert_eq!(order(&layout), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let explicit = TileSyntax::Explicit { widths: vec![2], heights: vec![2] };
        let layout = TileLayout::new(Some(&explicit), [3, 3], &CpuTimer::default()).unwrap();
        assert_eq!(order(&layout), [0, 1, 3, 4, 2, 5, 6, 7, 8]);
        let place = layout.place(5).unwrap();
        assert_eq!(place, TreePlace { address: 5, column: 2, row: 1, left: 2, top: 0 });
        assert!(place.starts_row() && !place.starts_tile());
        assert!(layout.is_same((0, 0), (1, 1)) && !layout.is_same((1, 1), (2, 1)) && !layout.is_same((0, 1), (0, 2)));
    }

    #[test]
    fn tiles_have_to_fill_the_picture() {
        let is_wrong = |syntax: &TileSyntax| TileLayout::new(Some(syntax), [3, 3], &CpuTimer::default()).is_err();
        assert!(!is_wrong(&TileSyntax::Uniform { columns: 3, rows: 1 }));
        assert!(is_wrong(&TileSyntax::Uniform { columns: 4, rows: 1 }));
        assert!(!is_wrong(&TileSyntax::Explicit { widths: vec![1, 1], heights: vec![] }));
        assert!(is_wrong(&TileSyntax::Explicit { widths: vec![2, 1], heights: vec![] }));
        assert!(is_wrong(&TileSyntax::Explicit { widths: vec![u32::MAX], heights: vec![] }));
    }
}
