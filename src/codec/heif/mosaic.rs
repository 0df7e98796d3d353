//! Coded pictures, and how they make up one.

use image_ingest_heif::Grid;
use image_ingest_hevc::{CodedFormat, DecoderConfiguration, Usability};
use image_ingest_samples::Size;

use crate::error::{Error, Result};

/// Coded pictures, and the picture or plane that they make up.
#[derive(Debug)]
pub(super) struct Mosaic<'a> {
    pub(super) arrangement: Arrangement,
    pub(super) size: Size,
    /// At least one.
    pub(super) leaves: Vec<Leaf<'a>>,
}

impl Mosaic<'_> {
    /// The chroma format of its coded pictures as subsampling factors; `None` for luma alone.
    pub(super) fn subsampling(&self) -> Option<(u8, u8)> {
        self.leaves.first().and_then(|leaf| subsampling(leaf.config.chroma_format))
    }

    /// Bits per sample of its coded pictures.
    pub(super) fn bit_depth(&self) -> u8 {
        self.leaves.first().map_or(8, |leaf| leaf.config.bit_depth)
    }

    /// Where tile `index` lies in the whole, and how much of it is shown there.
    ///
    /// # Errors
    ///
    /// `internal` for a tile outside the whole, which the probe refuses.
    pub(super) fn place(&self, index: usize, tile: &Leaf<'_>) -> Result<((u32, u32), Size)> {
        let misplaced = || Error::internal("a tile outside its picture");
        let index = u32::try_from(index).map_err(|_| misplaced())?;
        let (column, row) = (index % self.columns().max(1), index / self.columns().max(1));
        let along = |place: u32, tile: u32, whole: u32| {
            let start = place.checked_mul(tile)?;
            Some((start, whole.checked_sub(start)?.min(tile)))
        };
        let (x, width) = along(column, tile.size.width, self.size.width).ok_or_else(misplaced)?;
        let (y, height) = along(row, tile.size.height, self.size.height).ok_or_else(misplaced)?;
        Ok(((x, y), Size::new(width, height)))
    }

    /// Of tiles in a row.
    pub(super) fn columns(&self) -> u32 {
        if let Arrangement::Grid(grid) = self.arrangement { grid.columns } else { 1 }
    }
}

/// How coded pictures make up an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrangement {
    Single,
    Grid(Grid),
    /// Pictures over each other, on a canvas of this red, green, blue and alpha.
    Overlay {
        fill: [u16; 4],
    },
}

/// One coded picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leaf<'a> {
    pub(super) item: u32,
    pub(super) size: Size,
    pub(super) config: DecoderConfiguration<'a>,
    pub(super) sequence: CodedFormat,
}

impl Leaf<'_> {
    /// Before the conformance window.
    pub(super) fn coded_size(&self) -> Size {
        self.sequence.coded
    }

    /// What its sequence parameter set says of colour.
    pub(super) fn usability(&self) -> Usability {
        self.sequence.usability
    }
}

/// A chroma format as subsampling factors; `None` for luma alone.
pub(super) fn subsampling(chroma_format: u8) -> Option<(u8, u8)> {
    match chroma_format {
        0 => None,
        1 => Some((2, 2)),
        2 => Some((2, 1)),
        _ => Some((1, 1)),
    }
}
