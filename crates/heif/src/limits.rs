//! The limits of a file's structure.

use image_ingest_samples::DecodeError;

use crate::result::Result;

/// Bounds on the structure of a file. Each is inclusive, and is checked before memory is taken for what it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeifLimits {
    /// Boxes inside each other; a box that stands in no other has depth 1.
    pub depth: u32,
    /// Items of the file, and entries of each of its tables of items.
    pub items: u32,
    /// Inputs of one derived item, such as the tiles of a grid. All derived items of a file together may have four
    /// times as many.
    pub tiles: u32,
    /// Extents of one item. All items of a file together may have eight for each item that there may be.
    pub extents: u32,
}

impl HeifLimits {
    pub(crate) fn check_items(&self, count: u32) -> Result<()> {
        DecodeError::check_limit("items", u64::from(count), u64::from(self.items))
    }
}
