//! Rows on their way from a codec to the canonical image.

use image_ingest_color::PlaneCoding;
#[cfg(test)]
use image_ingest_samples::{Chroma, Planes, Raster, Siting, Size};
use image_ingest_samples::{Layout, SampleSlice, Samples, WorkError};

use crate::error::Result;

/// Takes rows that a codec cropped and reduced to the plan's target, while it decodes.
pub(crate) trait ReducedRows: Send {
    /// Says which rows will come, from the top.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`; `internal`.
    fn begin(&mut self, kind: RowKind) -> Result<()>;

    /// Takes the next whole rows of a plane, tight; how those of different planes alternate does not matter.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`; `internal`.
    fn take(&mut self, plane: usize, rows: SampleSlice<'_>) -> Result<(), WorkError>;
}

/// What a codec's rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowKind {
    /// Planes 0, 1 and 2 are luma, Cb and Cr, whose chroma is centred and lies on the grid that the plan names; or luma
    /// alone. They have 8 bits where `coding` says so, else 16.
    Ycbcr { coding: PlaneCoding, has_chroma: bool },
    /// Plane 0 has interleaved samples: of 8 bits, or deep ones spread over 16.
    Interleaved { layout: Layout, is_deep: bool },
}

/// Keeps rows, for benches and tests of single stages.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeptRows {
    /// `None` before the codec has said it.
    pub(crate) kind: Option<RowKind>,
    /// The samples of each plane.
    pub(crate) planes: [Samples; 3],
}

impl KeptRows {
    /// No rows.
    pub(crate) fn new() -> Self {
        Self { kind: None, planes: [const { Samples::U8(Vec::new()) }; 3] }
    }

    /// Gives all rows to `rows`.
    ///
    /// # Errors
    ///
    /// Those of `rows`; `internal` where no codec has said what they are.
    pub(crate) fn hand_on(&self, rows: &mut dyn ReducedRows) -> Result<()> {
        rows.begin(self.kind.ok_or_else(|| WorkError::internal("rows before their kind"))?)?;
        for (plane, samples) in self.planes.iter().enumerate().filter(|(_, samples)| !samples.is_empty()) {
            rows.take(plane, samples.as_slice())?;
        }
        Ok(())
    }
}

#[cfg(test)]
impl KeptRows {
    /// The planes of a picture of `size`, whose chroma is subsampled by `factor` both ways.
    pub(crate) fn into_planes(self, size: Size, factor: u8) -> Planes {
        let Some(RowKind::Ycbcr { coding: PlaneCoding { bit_depth, range, matrix }, has_chroma }) = self.kind else {
            panic!("no planes")
        };
        let [luma, cb, cr] = self.planes;
        let chroma = has_chroma.then_some(Chroma { cb, cr, subsampling: (factor, factor), siting: Siting::Centred });
        Planes { size, bit_depth, luma, chroma, range, matrix }.checked().unwrap()
    }

    /// The raster of a picture of `size`.
    pub(crate) fn into_raster(self, size: Size) -> Raster {
        let Some(RowKind::Interleaved { layout, .. }) = self.kind else { panic!("no interleaved samples") };
        let [samples, ..] = self.planes;
        Raster::new(size, layout, samples).unwrap()
    }
}

impl ReducedRows for KeptRows {
    fn begin(&mut self, kind: RowKind) -> Result<()> {
        self.kind = Some(kind);
        Ok(())
    }

    fn take(&mut self, plane: usize, rows: SampleSlice<'_>) -> Result<(), WorkError> {
        self.planes.get_mut(plane).ok_or_else(|| WorkError::internal("rows of a fourth plane"))?.extend(rows)
    }
}
