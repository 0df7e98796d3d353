//! Reduces a plane or raster while it is being decoded, from rows in any number at a time.

use std::iter::once;

use fast_image_resize::images::Image;
use fast_image_resize::{ImageError, MulDiv, PixelType};

use image_ingest_samples::{CpuTimer, Layout, SampleSlice, Samples, WorkError, sample_count};

use crate::arithmetic::Arithmetic;
use crate::horizontal::Horizontal;
use crate::reduction::Reduction;
use crate::result::Result;
use crate::vertical::Vertical;
use crate::weights::Weights;

/// A plane or raster on its way to the target size.
///
/// Vertical go in from the top, as many at a time as a decoder has; the result does not depend on how many. Beside the
/// result only the rows that the next target row needs are kept, so no full-size frame has to exist.
///
/// ```text
/// let mut bands = RowReducer::<u8>::new(Reduction::raster(size, Layout::Rgb, plan.crop, plan.target)?)?;
/// while let Some(rows) = decoder.rows()? {
///     bands.push_rows(rows)?;
/// }
/// let samples = bands.finish()?;
/// ```
pub(crate) struct RowReducer<T: Arithmetic> {
    part: Reduction,
    /// Vertical pushed, used or not.
    seen: usize,
    rows: Vertical<T>,
    columns: Horizontal<T>,
    /// Scratch for rows whose alpha is multiplied in; `None` where there is nothing to premultiply.
    premultiplied: Option<Vec<T>>,
    out: Vec<T>,
}

impl<T: Arithmetic> RowReducer<T> {
    /// Nothing pushed yet.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(part: Reduction) -> Result<Self> {
        let Reduction { layout, window, target, .. } = part;
        let channels = layout.channels();
        let (down, across) = (Weights::new(&window.y, target.height)?, Weights::new(&window.x, target.width)?);
        let premultiplied = (layout == Layout::Rgba && (down.is_some() || across.is_some())).then(Vec::new);
        let rows = Vertical::new(down);
        let columns = Horizontal::new(across, channels, window.x.samples() as usize, target.width as usize)?;
        let len = sample_count(target, channels).ok_or(WorkError::OutOfMemory { bytes: u64::MAX })?;
        let mut out = Vec::new();
        out.try_reserve_exact(len).map_err(|_| WorkError::OutOfMemory { bytes: len as u64 })?;
        Ok(Self { part, seen: 0, rows, columns, premultiplied, out })
    }

    /// Reduces a whole buffer; one that is the target already is given back as it is.
    ///
    /// # Errors
    ///
    /// As [`Self::push_rows`] and [`Self::finish`]; `deadline`, `cancelled`.
    pub(crate) fn reduce(part: Reduction, samples: Vec<T>, timer: &CpuTimer<'_>) -> Result<Vec<T>> {
        if part.is_identity() {
            return Ok(samples);
        }
        let mut bands = Self::new(part)?;
        // A strip at a time, since alpha is premultiplied in a copy.
        samples.chunks(part.row_len() * 64).try_for_each(|strip| {
            timer.check()?;
            bands.push_rows(strip)
        })?;
        drop(samples);
        bands.finish()
    }

    /// Takes the next rows, whole and tight.
    ///
    /// # Errors
    ///
    /// `out_of_memory`; `internal` when `samples` is not whole rows, or more than the plane has.
    pub(crate) fn push_rows(&mut self, samples: &[T]) -> Result<()> {
        self.push_strided(samples, self.part.row_len())
    }

    /// Takes the next rows, which begin `stride` samples apart; the last may end where its samples do.
    ///
    /// # Errors
    ///
    /// As [`Self::push_rows`].
    pub(crate) fn push_strided(&mut self, samples: &[T], stride: usize) -> Result<()> {
        let Reduction { size, window, .. } = self.part;
        let row_len = self.part.row_len();
        let rows = samples.chunks(stride.max(1));
        let seen = self.seen + rows.len();
        if rows.clone().last().is_some_and(|row| row.len() < row_len) || seen > size.height as usize {
            return Err(WorkError::internal("rows that the plane does not have"));
        }
        let columns = self.part.used_columns();
        let above = (window.y.start as usize).saturating_sub(self.seen);
        let below = (window.y.end as usize).saturating_sub(self.seen);
        let rows = rows.take(below).skip(above).map(|row| &row[columns.clone()]);
        self.seen = seen;
        if let Some(premultiplied) = &mut self.premultiplied {
            let mut buffer = std::mem::take(premultiplied);
            buffer.clear();
            let len = rows.len() * columns.len();
            buffer.try_reserve(len).map_err(|_| WorkError::OutOfMemory { bytes: len as u64 })?;
            rows.for_each(|row| buffer.extend_from_slice(row));
            with_alpha(&mut buffer, |alpha, image| alpha.multiply_alpha_inplace(image))?;
            self.push_used(buffer.chunks_exact(columns.len()))?;
            self.premultiplied = Some(buffer);
            return Ok(());
        }
        self.push_used(rows)
    }

    /// Takes the parts of rows that the window touches, and as many copies of the last as the window reaches past it.
    fn push_used<'a>(&mut self, rows: impl Iterator<Item = &'a [T]> + Clone) -> Result<()> {
        let Reduction { size, window, .. } = self.part;
        let ended = self.seen == size.height as usize;
        let past = if ended { window.y.end.saturating_sub(size.height) as usize } else { 0 };
        let repeated = rows.clone().last().into_iter().flat_map(|row| std::iter::repeat_n(row, past));
        let Self { part, rows: down, columns, out, .. } = self;
        let mut rows = rows.chain(repeated);
        if T::DOWN_FIRST {
            let len = part.used_columns().len();
            down.push(rows, |write| columns.push(len, write, |row| append(out, row)))
        } else {
            rows.try_for_each(|row| {
                let write = |to: &mut [T]| to.copy_from_slice(row);
                columns.push(row.len(), write, |row| down.push(once(row), |write| append_with(out, row.len(), write)))
            })
        }
    }

    /// Ends the plane.
    ///
    /// # Errors
    ///
    /// `out_of_memory`; `internal` when rows are missing.
    pub(crate) fn finish(self) -> Result<Vec<T>> {
        let Self { part, rows: mut down, mut columns, premultiplied, mut out, .. } = self;
        if T::DOWN_FIRST {
            columns.finish(|row| append(&mut out, row))?;
        } else {
            columns.finish(|row| down.push(once(row), |write| append_with(&mut out, row.len(), write)))?;
        }
        if sample_count(part.target, part.layout.channels()) != Some(out.len()) {
            return Err(WorkError::internal("a plane ends before its last row"));
        }
        if premultiplied.is_some() {
            with_alpha(&mut out, |alpha, image| alpha.divide_alpha_inplace(image))?;
        }
        Ok(out)
    }
}

/// A reducer of 8-bit or of 16-bit samples.
pub(crate) enum AnyReducer {
    U8(RowReducer<u8>),
    U16(RowReducer<u16>),
}

impl AnyReducer {
    /// For samples of `bit_depth` bits.
    pub(crate) fn new(reduction: Reduction, bit_depth: u8) -> Result<Self> {
        Ok(if bit_depth > 8 { Self::U16(RowReducer::new(reduction)?) } else { Self::U8(RowReducer::new(reduction)?) })
    }

    /// Takes the next rows, which begin `stride` samples apart.
    pub(crate) fn take_rows(&mut self, rows: SampleSlice<'_>, stride: usize) -> Result<()> {
        match (self, rows) {
            (Self::U8(reducer), SampleSlice::U8(rows)) => reducer.push_strided(rows, stride),
            (Self::U16(reducer), SampleSlice::U16(rows)) => reducer.push_strided(rows, stride),
            _ => Err(WorkError::internal("rows of another depth than announced")),
        }
    }

    pub(crate) fn finish(self) -> Result<Samples> {
        Ok(match self {
            Self::U8(reducer) => Samples::U8(reducer.finish()?),
            Self::U16(reducer) => Samples::U16(reducer.finish()?),
        })
    }
}

fn append<T: Arithmetic>(out: &mut Vec<T>, row: &[T]) -> Result<()> {
    out.extend_from_slice(row);
    Ok(())
}

fn append_with<T: Arithmetic>(out: &mut Vec<T>, len: usize, write: &dyn Fn(&mut [T])) -> Result<()> {
    let start = out.len();
    out.resize(start + len, T::default());
    write(&mut out[start..]);
    Ok(())
}

/// Applies to RGBA samples, as one row of pixels.
pub(crate) fn with_alpha<T: Arithmetic>(
    samples: &mut [T],
    apply: impl Fn(&MulDiv, &mut Image<'_>) -> Result<(), ImageError>,
) -> Result<()> {
    let broken = |error: &dyn std::fmt::Display| WorkError::internal(format!("alpha: {error}"));
    let pixel_type = if size_of::<T>() == 1 { PixelType::U8x4 } else { PixelType::U16x4 };
    let pixels = u32::try_from(samples.len() / 4).map_err(|_| WorkError::internal("too many pixels at once"))?;
    let bytes = bytemuck::cast_slice_mut(samples);
    let mut image = Image::from_slice_u8(pixels, 1, bytes, pixel_type).map_err(|e| broken(&e))?;
    apply(&MulDiv::new(), &mut image).map_err(|e| broken(&e))
}
