//! Hands on a grid while it is decoded, one row of tiles at a time, so that the whole picture never exists.

use std::collections::VecDeque;

use image_ingest_samples::{DecodeError, PictureView, RowSink, SampleSlice, Samples, Size, chroma_size};

use crate::result::Result;
use crate::tiled_planes::TiledPlanes;

/// The rows of tiles that are being filled. On several threads, tiles come in any order; a row is handed on once it and
/// all rows above it are full.
pub struct TileRows {
    /// Of the whole picture.
    size: Size,
    tile: Size,
    subsampling: Option<(u8, u8)>,
    bit_depth: u8,
    columns: usize,
    /// From row `first` of tiles on, each with the number of tiles that it lacks.
    rows: VecDeque<(TiledPlanes, usize)>,
    first: usize,
    /// A row's memory, to be used again.
    spare: Option<TiledPlanes>,
    /// Rows of luma samples that were handed on.
    handed_on: u32,
}

impl TileRows {
    /// For a picture of `size` made of `columns` tiles of size `tile` a row.
    #[must_use]
    pub fn new(size: Size, tile: Size, columns: u32, subsampling: Option<(u8, u8)>, bit_depth: u8) -> Self {
        let columns = usize::try_from(columns.max(1)).unwrap_or(usize::MAX);
        let (rows, spare) = (VecDeque::new(), None);
        Self { size, tile, subsampling, bit_depth, columns, rows, first: 0, spare, handed_on: 0 }
    }

    /// Puts tile `index` in its place, and hands the rows that are full to `sink`.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`] for a tile unlike the others; [`DecodeError::Work`], with the errors of `sink`.
    pub fn paste(&mut self, tile: &PictureView<'_>, index: usize, sink: &mut dyn RowSink) -> Result<()> {
        let misplaced = || DecodeError::internal("a tile out of its order");
        let ahead = (index / self.columns).checked_sub(self.first).ok_or_else(misplaced)?;
        while self.rows.len() <= ahead {
            let row = match self.spare.take() {
                Some(row) => row,
                None => {
                    let size = Size::new(self.size.width, self.tile.height.min(self.size.height));
                    TiledPlanes::new(size, self.subsampling, self.bit_depth)?
                }
            };
            self.rows.push_back((row, self.columns));
        }
        let column = u32::try_from(index % self.columns).map_err(|_| misplaced())?;
        let (row, lacking) = self.rows.get_mut(ahead).ok_or_else(misplaced)?;
        row.paste(tile, self.tile, (column * self.tile.width, 0))?;
        *lacking = lacking.saturating_sub(1);
        while self.rows.front().is_some_and(|(_, lacking)| *lacking == 0) {
            let Some((row, _)) = self.rows.pop_front() else { break };
            self.hand_on(&row, sink)?;
            self.first += 1;
            self.spare = Some(row);
        }
        Ok(())
    }

    /// Hands on a row of tiles, of which the last may reach over the lower edge.
    fn hand_on(&mut self, row: &TiledPlanes, sink: &mut dyn RowSink) -> Result<()> {
        let shown = self.tile.height.min(self.size.height.saturating_sub(self.handed_on));
        let luma = Size::new(self.size.width, shown);
        self.handed_on += shown;
        let chroma = self.subsampling.map(|subsampling| chroma_size(luma, subsampling));
        for (plane, size) in [Some(luma), chroma, chroma].into_iter().enumerate() {
            let Some(size) = size else { continue };
            let wrong = || DecodeError::internal("a row of tiles without the samples of its tiles");
            let len = usize::try_from(size.pixels()).map_err(|_| wrong())?;
            let samples = match row.plane(plane).ok_or_else(wrong)? {
                Samples::U8(v) => SampleSlice::U8(v.get(..len).ok_or_else(wrong)?),
                Samples::U16(v) => SampleSlice::U16(v.get(..len).ok_or_else(wrong)?),
            };
            sink.take_rows(plane, samples, usize::try_from(size.width).map_err(|_| wrong())?)?;
        }
        Ok(())
    }
}
