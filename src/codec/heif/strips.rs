//! Reduces a grid while it is decoded, one row of tiles at a time, so that the whole picture never exists; on several threads,
//! the rows in which tiles are in work.

use std::collections::VecDeque;

use super::canvas::{Canvas, Tile};
use super::image::Picture;
use crate::error::{Error, Result};
use crate::pixels::{Chroma, Planes, Samples, Siting, chroma_size};
use crate::plan::Plan;
use crate::reduce::{Bands, ChromaGrid, Part};
use crate::size::Size;

/// A picture on its way to the target: rows of tiles that are being filled, and what is reduced of those before them.
pub(super) struct Strips {
    size: Size,
    tile: Size,
    subsampling: Option<(u8, u8)>,
    bit_depth: u8,
    grid: ChromaGrid,
    columns: usize,
    /// From row `first` of tiles on, each with the number of tiles that it lacks.
    rows: VecDeque<(Canvas, usize)>,
    first: usize,
    /// A row's memory, to be used again.
    spare: Option<Canvas>,
    /// Rows of luma reduced.
    seen: u32,
    bands: Vec<PlaneBands>,
}

enum PlaneBands {
    U8(Bands<u8>),
    U16(Bands<u16>),
}

impl Strips {
    /// For `picture`, to the plan's target.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(super) fn new(picture: &Picture<'_>, plan: &Plan) -> Result<Self> {
        let Picture { whole, .. } = picture;
        let (size, subsampling, bit_depth) = (whole.size, whole.subsampling(), whole.bit_depth());
        let tile = whole.leaves.first().map_or(size, |leaf| leaf.size);
        let grid = plan.chroma_grid(bit_depth, picture.matrix);
        let mut parts = vec![Part::luma(size, plan.crop, plan.target)?];
        if let Some(subsampling) = subsampling {
            parts.extend([Part::chroma(size, subsampling, picture.siting, plan.crop, plan.target, grid)?; 2]);
        }
        let bands = parts.into_iter().map(|part| {
            Ok(if bit_depth > 8 { PlaneBands::U16(Bands::new(part)?) } else { PlaneBands::U8(Bands::new(part)?) })
        });
        let bands = bands.collect::<Result<_>>()?;
        let columns = usize::try_from(whole.columns().max(1)).unwrap_or(usize::MAX);
        let (rows, spare) = (VecDeque::new(), None);
        Ok(Self { size, tile, subsampling, bit_depth, grid, columns, rows, first: 0, spare, seen: 0, bands })
    }

    /// Puts tile `index` in its place, and reduces the rows that are full.
    ///
    /// # Errors
    ///
    /// `malformed` for a tile unlike the others; `out_of_memory`.
    pub(super) fn paste(&mut self, tile: &Tile<'_>, index: usize) -> Result<()> {
        let misplaced = || Error::internal("a tile out of its order");
        let ahead = (index / self.columns).checked_sub(self.first).ok_or_else(misplaced)?;
        while self.rows.len() <= ahead {
            let canvas = match self.spare.take() {
                Some(canvas) => canvas,
                None => {
                    let size = Size::new(self.size.width, self.tile.height.min(self.size.height));
                    Canvas::new(size, self.subsampling, self.bit_depth)?
                }
            };
            self.rows.push_back((canvas, self.columns));
        }
        let column = u32::try_from(index % self.columns).map_err(|_| misplaced())?;
        let (canvas, lacking) = self.rows.get_mut(ahead).ok_or_else(misplaced)?;
        canvas.paste(tile, self.tile, (column * self.tile.width, 0))?;
        *lacking = lacking.saturating_sub(1);
        while self.rows.front().is_some_and(|(_, lacking)| *lacking == 0) {
            let Some((canvas, _)) = self.rows.pop_front() else { break };
            self.push(&canvas)?;
            self.first += 1;
            self.spare = Some(canvas);
        }
        Ok(())
    }

    /// Takes a row of tiles, of which the last may reach over the lower edge.
    fn push(&mut self, strip: &Canvas) -> Result<()> {
        let rows = Size::new(self.size.width, self.tile.height.min(self.size.height.saturating_sub(self.seen)));
        self.seen += rows.height;
        for (channel, bands) in self.bands.iter_mut().enumerate() {
            let rows = match self.subsampling {
                Some(subsampling) if channel > 0 => chroma_size(rows, subsampling),
                _ => rows,
            };
            let wrong = || Error::internal("a strip without the rows of its tiles");
            let len = usize::try_from(rows.pixels()).map_err(|_| wrong())?;
            match (bands, strip.plane(channel)) {
                (PlaneBands::U8(bands), Some(Samples::U8(v))) => bands.push_rows(v.get(..len).ok_or_else(wrong)?)?,
                (PlaneBands::U16(bands), Some(Samples::U16(v))) => bands.push_rows(v.get(..len).ok_or_else(wrong)?)?,
                _ => return Err(wrong()),
            }
        }
        Ok(())
    }

    /// The reduced planes.
    ///
    /// # Errors
    ///
    /// As [`Bands::finish`].
    pub(super) fn finish(self, picture: &Picture<'_>, plan: &Plan) -> Result<Planes> {
        drop((self.rows, self.spare));
        let mut planes = self.bands.into_iter().map(|bands| {
            Ok::<_, Error>(match bands {
                PlaneBands::U8(bands) => Samples::U8(bands.finish()?),
                PlaneBands::U16(bands) => Samples::U16(bands.finish()?),
            })
        });
        let mut next = || planes.next().transpose();
        let luma = next()?.ok_or_else(|| Error::internal("strips without luma"))?;
        let subsampling = (self.grid.factor(), self.grid.factor());
        let chroma = match (next()?, next()?) {
            (Some(cb), Some(cr)) => Some(Chroma { cb, cr, subsampling, siting: Siting::Centred }),
            _ => None,
        };
        let (bit_depth, range) = (picture.whole.bit_depth(), picture.range);
        Planes { size: plan.target, bit_depth, luma, chroma, range, matrix: picture.matrix }.checked()
    }
}
