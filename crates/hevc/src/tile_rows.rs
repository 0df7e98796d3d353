//! Hands on a grid while it is decoded, one row of tiles at a time, so that the whole picture never exists.
//!
//! A row of tiles goes to the sink as soon as it is full. A grid of 200 megapixels needs 35 MB this way, and 350 MB
//! whole. Threads take tiles in order, so the rows that are filled at a time are few, and the first error in order is
//! known without waiting for the tiles behind it.

use std::collections::VecDeque;

use image_ingest_samples::{CpuTimer, DecodeError, PictureView, RowSink, SampleRows, Size, chroma_size};

use crate::result::Result;
use crate::tiled_planes::TiledPlanes;

/// The rows of tiles that are being filled.
///
/// Tiles may come in any order, as several threads decode them. A row of tiles is handed on once it and all rows above
/// it are full, so the sink has the rows of samples in their order.
///
/// ```
/// use image_ingest_hevc::TileRows;
/// use image_ingest_samples::{CpuTimer, PlaneView, RowSink, SampleRows, Samples, Size, WorkError};
///
/// struct Luma(Vec<u8>);
///
/// impl RowSink for Luma {
///     fn take_rows(&mut self, _plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
///         self.0.extend_from_slice(rows.bytes()?);
///         Ok(())
///     }
/// }
///
/// // A picture of 3 × 2 samples of luma alone, from two tiles of 2 × 2.
/// let mut rows = TileRows::new(Size::new(3, 2), Size::new(2, 2), 2, None, 8);
/// let tiles = [Samples::U8(vec![1, 2, 4, 5]), Samples::U8(vec![3, 0, 6, 0])];
/// let mut sink = Luma(Vec::new());
/// for index in [1, 0] {
///     rows.paste(&[PlaneView::of(&tiles[index], 2, 2, 8), None, None], index, &mut sink, &CpuTimer::default())?;
/// }
/// assert_eq!(sink.0, [1, 2, 3, 4, 5, 6]);
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
pub struct TileRows {
    /// The size of the whole picture.
    size: Size,
    tile: Size,
    subsampling: Option<(u8, u8)>,
    bit_depth: u8,
    columns: usize,
    /// The rows of tiles from row `first` on, each with the number of tiles that it lacks.
    rows: VecDeque<(TiledPlanes, usize)>,
    first: usize,
    /// The memory of a row that was handed on, for the next one. Every sample of it is written again.
    spare: Option<TiledPlanes>,
    /// Rows of luma samples that were handed on.
    handed_on: u32,
}

impl TileRows {
    /// Begins a picture of `size` made of `columns` tiles of size `tile` a row, in pixels. `subsampling` holds the
    /// factors across and down, and is `None` for luma alone.
    #[must_use]
    pub fn new(size: Size, tile: Size, columns: u32, subsampling: Option<(u8, u8)>, bit_depth: u8) -> Self {
        let columns = usize::try_from(columns.max(1)).unwrap_or(usize::MAX);
        let (rows, spare) = (VecDeque::new(), None);
        Self { size, tile, subsampling, bit_depth, columns, rows, first: 0, spare, handed_on: 0 }
    }

    /// Puts tile `index`, counted in raster order, into its place, and hands the rows that are full to `sink`. Each
    /// tile has to come once.
    ///
    /// # Errors
    ///
    /// - [`DecodeError::Malformed`]: the tile lacks a plane, is smaller than the others, or has another bit depth.
    /// - [`DecodeError::Work`]: there is no memory for the row, a tile of a row that was handed on comes again, `sink`
    ///   has failed, or `timer` ends the work.
    pub fn paste(
        &mut self,
        tile: &PictureView<'_>,
        index: usize,
        sink: &mut dyn RowSink,
        timer: &CpuTimer<'_>,
    ) -> Result<()> {
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
        row.paste(tile, self.tile, (column * self.tile.width, 0), timer)?;
        *lacking = lacking.saturating_sub(1);
        while self.rows.front().is_some_and(|(_, lacking)| *lacking == 0) {
            let Some((row, _)) = self.rows.pop_front() else { break };
            self.hand_on(&row, sink, timer)?;
            self.first += 1;
            self.spare = Some(row);
        }
        Ok(())
    }

    /// Hands on a row of tiles, some rows of each plane at a time. The last may reach over the lower edge: what lies behind it
    /// is left out.
    fn hand_on(&mut self, row: &TiledPlanes, sink: &mut dyn RowSink, timer: &CpuTimer<'_>) -> Result<()> {
        let shown = self.tile.height.min(self.size.height.saturating_sub(self.handed_on));
        let luma = Size::new(self.size.width, shown);
        self.handed_on += shown;
        let (_, factor) = self.subsampling.unwrap_or((1, 1));
        let chroma = self.subsampling.map(|subsampling| chroma_size(luma, subsampling));
        for top in (0..shown).step_by(ROWS_AT_ONCE as usize) {
            for (plane, size) in [Some(luma), chroma, chroma].into_iter().enumerate() {
                let Some(size) = size else { continue };
                timer.check()?;
                let factor = if plane == 0 { 1 } else { u32::from(factor) };
                let (start, end) = (top / factor, ((top + ROWS_AT_ONCE) / factor).min(size.height));
                let wrong = || DecodeError::internal("a row of tiles without the samples of its tiles");
                let stride = usize::try_from(size.width).map_err(|_| wrong())?;
                let part = start as usize * stride..end as usize * stride;
                let samples = row.plane(plane).and_then(|plane| plane.as_slice().get(part)).ok_or_else(wrong)?;
                sink.take_rows(plane, SampleRows { samples, stride }, timer)?;
            }
        }
        Ok(())
    }
}

/// Rows of luma that are handed on at once, and chroma's rows for them. A sink reduces so many of the widest picture in 2
/// ms.
const ROWS_AT_ONCE: u32 = 32;

#[cfg(test)]
mod tests {
    use image_ingest_samples::{CpuTimer, PlaneView, SampleRows, Samples, WorkError};

    use super::*;

    /// What was handed on: the plane, the stride and the samples of each call.
    #[derive(Default)]
    struct Calls(Vec<(usize, usize, Vec<u8>)>);

    impl RowSink for Calls {
        fn take_rows(&mut self, plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
            self.0.push((plane, rows.stride, rows.bytes()?.to_vec()));
            Ok(())
        }
    }

    /// Pastes tiles of 2 × 2 of luma, each full of its index, into 3 × 3 samples.
    fn pasted(order: [usize; 4]) -> Vec<Vec<(usize, usize, Vec<u8>)>> {
        let mut rows = TileRows::new(Size::new(3, 3), Size::new(2, 2), 2, None, 8);
        let paste = |index: usize| {
            let (samples, mut sink) = (Samples::U8(vec![u8::try_from(index).unwrap(); 4]), Calls::default());
            rows.paste(&[PlaneView::of(&samples, 2, 2, 8), None, None], index, &mut sink, &CpuTimer::default())
                .unwrap();
            sink.0
        };
        order.into_iter().map(paste).collect()
    }

    #[test]
    fn a_row_is_handed_on_when_it_and_those_above_are_full() {
        let (upper, lower) = ((0, 3, vec![0, 0, 1, 0, 0, 1]), (0, 3, vec![2, 2, 3]));
        assert_eq!(pasted([0, 1, 2, 3]), [vec![], vec![upper.clone()], vec![], vec![lower.clone()]]);
        assert_eq!(pasted([3, 2, 1, 0]), [vec![], vec![], vec![], vec![upper, lower]]);
    }

    #[test]
    fn a_tile_of_a_row_that_was_handed_on_is_internal() {
        let mut rows = TileRows::new(Size::new(2, 4), Size::new(2, 2), 1, None, 8);
        let samples = Samples::U8(vec![0; 4]);
        let view = [PlaneView::of(&samples, 2, 2, 8), None, None];
        rows.paste(&view, 0, &mut Calls::default(), &CpuTimer::default()).unwrap();
        let again = rows.paste(&view, 0, &mut Calls::default(), &CpuTimer::default());
        assert!(matches!(again, Err(DecodeError::Work(WorkError::Internal { .. }))));
    }

    #[test]
    fn chroma_rows_are_those_of_the_shown_luma() {
        let mut rows = TileRows::new(Size::new(4, 3), Size::new(4, 4), 1, Some((2, 2)), 8);
        let (y, c) = (Samples::U8(vec![1; 16]), Samples::U8(vec![2; 4]));
        let chroma = PlaneView::of(&c, 2, 2, 8);
        let mut sink = Calls::default();
        rows.paste(&[PlaneView::of(&y, 4, 4, 8), chroma, chroma], 0, &mut sink, &CpuTimer::default()).unwrap();
        assert_eq!(sink.0, [(0, 4, vec![1; 12]), (1, 2, vec![2; 4]), (2, 2, vec![2; 4])]);
    }
}
