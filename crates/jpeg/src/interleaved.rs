//! Turns rows of components into interleaved rows on their way to a sink.

use image_ingest_samples::{Avx2, CpuTimer, RowSink, SampleRows, WorkError};

use crate::dispatch;
use crate::interleave::Interleaver;
use crate::work::Work;

/// Takes rows of components, and hands interleaved rows to another sink.
pub(crate) struct InterleavedRows<'s> {
    rows: Interleaver,
    sink: &'s mut dyn RowSink,
    avx2: Option<Avx2>,
    timer: &'s CpuTimer<'s>,
}

impl<'s> InterleavedRows<'s> {
    pub(crate) fn new(
        rows: Interleaver,
        sink: &'s mut dyn RowSink,
        avx2: Option<Avx2>,
        timer: &'s CpuTimer<'s>,
    ) -> Self {
        Self { rows, sink, avx2, timer }
    }
}

impl RowSink for InterleavedRows<'_> {
    fn take_rows(&mut self, plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
        self.rows.take(plane, rows.bytes()?, rows.stride).ok_or_else(misfit)?;
        while self.rows.has_row() {
            self.timer.check()?;
            dispatch::run(Work::Interleave(&mut self.rows), self.avx2).map_err(|_| misfit())?;
            self.sink.take_rows(0, SampleRows::u8(&self.rows.row, self.rows.row.len()), self.timer)?;
        }
        Ok(())
    }
}

fn misfit() -> WorkError {
    WorkError::Internal { reason: "rows of a component that do not fit the frame".into() }
}
