//! Holds one row of MCUs of every component and hands its samples to the sink.

use image_ingest_samples::{CpuTimer, RowSink, SampleSlice, Size, zeroed};

use crate::blocks::McuRow;
use crate::dispatch::Avx2;
use crate::frame::PlanarFrame;
use crate::result::Result;
use crate::scale::DctScale;

/// One row of MCUs of each component. It is filled and handed on once for each row of the picture.
pub(crate) struct McuRows<'s> {
    scales: [DctScale; 2],
    pub(crate) components: Vec<McuRow>,
    /// The rows of samples that the picture still lacks, by component.
    missing: Vec<usize>,
    sink: &'s mut dyn RowSink,
    pub(crate) avx2: Option<Avx2>,
    pub(crate) timer: &'s CpuTimer<'s>,
}

impl<'s> McuRows<'s> {
    /// Buffers for the rows of `frame` at the DCT scales of luma and of chroma.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(
        frame: &PlanarFrame,
        scales: [DctScale; 2],
        sink: &'s mut dyn RowSink,
        avx2: Option<Avx2>,
        timer: &'s CpuTimer<'s>,
    ) -> Result<Self> {
        let (mut components, mut missing) = (Vec::new(), Vec::new());
        for (index, component) in frame.components.iter().enumerate() {
            let divisor = scales[usize::from(index > 0)].divisor();
            let Size { height, .. } = frame.component_size(component, divisor);
            missing.push(height as usize);
            let side = 8 / divisor;
            let stride = (frame.mcus().0 * component.h * side) as usize;
            components.push(McuRow { stride, samples: zeroed(stride * (component.v * side) as usize)? });
        }
        Ok(Self { scales, components, missing, sink, avx2, timer })
    }

    /// The samples per side of a decoded block of luma and of chroma.
    pub(crate) fn sides(&self) -> [usize; 2] {
        self.scales.map(|scale| 8 / scale.divisor() as usize)
    }

    /// Hands the components that were decoded to the sink: `decoded` gives the index of each and its rows of blocks.
    /// Rows below the picture, which fill the last MCUs, are left out.
    ///
    /// # Errors
    ///
    /// Those of the sink.
    pub(crate) fn hand_on(&mut self, decoded: impl Iterator<Item = (usize, usize)>) -> Result<()> {
        let sides = self.sides();
        for (index, rows_of_blocks) in decoded {
            let McuRow { stride, samples } = &self.components[index];
            let rows = (rows_of_blocks * sides[usize::from(index > 0)]).min(self.missing[index]);
            self.missing[index] -= rows;
            if rows > 0 {
                self.sink.take_rows(index, SampleSlice::U8(&samples[..rows * stride]), *stride)?;
            }
        }
        Ok(())
    }
}
