//! Puts the rows of a frame on its canvas, which is transparent around it.

use image_ingest_samples::{CpuTimer, Rect, RowSink, SampleRows, Size, WorkError, zeroed};

use crate::error::Result;

/// Takes the RGBA rows of a frame and hands on those of the canvas.
pub(super) struct CanvasRows<'a, S> {
    sink: &'a mut S,
    /// Asked before each row: a canvas may have many more of them than the frame.
    timer: &'a CpuTimer<'a>,
    canvas: Size,
    /// A row of the canvas: transparent, but for what the last row of the frame left in it.
    row: Vec<u8>,
    /// The samples of `row` that belong to the frame.
    inside: std::ops::Range<usize>,
    /// Rows of the canvas that are left.
    left: u32,
}

impl<'a, S: RowSink> CanvasRows<'a, S> {
    /// Hands on the rows above `place`, which lies on the canvas.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`, and what `sink` returns.
    pub(super) fn new(sink: &'a mut S, canvas: Size, place: Rect, timer: &'a CpuTimer<'a>) -> Result<Self> {
        let start = place.left as usize * 4;
        let inside = start..start + place.size.width as usize * 4;
        let row = zeroed(canvas.width as usize * 4)?;
        let mut rows = Self { sink, timer, canvas, row, inside, left: canvas.height };
        (0..place.top).try_for_each(|_| rows.hand_on())?;
        Ok(rows)
    }

    /// Hands on the rows below the frame.
    ///
    /// # Errors
    ///
    /// `deadline`, `cancelled`, and what the sink returns.
    pub(super) fn finish(mut self) -> Result<()> {
        self.row.fill(0);
        Ok((0..self.left).try_for_each(|_| self.hand_on())?)
    }

    fn hand_on(&mut self) -> Result<(), WorkError> {
        self.timer.check()?;
        self.left = self.left.saturating_sub(1);
        self.sink.take_rows(0, SampleRows::u8(&self.row, self.canvas.width as usize * 4), self.timer)
    }
}

impl<S: RowSink> RowSink for CanvasRows<'_, S> {
    fn take_rows(&mut self, _: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
        for row in rows.bytes()?.chunks(rows.stride.max(1)) {
            let inside = self.row.get_mut(self.inside.clone()).filter(|inside| inside.len() == row.len());
            inside.ok_or_else(|| WorkError::internal("a frame beyond its canvas"))?.copy_from_slice(row);
            self.hand_on()?;
        }
        Ok(())
    }
}
