//! Holds one row of MCUs of every component and hands its samples to the sink.

use image_ingest_samples::{Avx2, CpuTimer, RowSink, SampleRows, zeroed};

use crate::blocks::McuRow;
use crate::frame::DctFrame;
use crate::result::Result;

/// One row of MCUs of each component. It is filled and handed on once for each row of the picture.
pub(crate) struct McuRows<'s> {
    /// The samples per side of a decoded block, by component.
    pub(crate) sides: [usize; 4],
    pub(crate) components: Vec<McuRow>,
    /// The rows of samples that the picture still lacks, by component.
    missing: Vec<usize>,
    sink: &'s mut dyn RowSink,
    pub(crate) avx2: Option<Avx2>,
    pub(crate) timer: &'s CpuTimer<'s>,
}

impl<'s> McuRows<'s> {
    /// Buffers for the rows of `frame`, at most four components. `sides` are the samples per side of their decoded
    /// blocks: 8, 4, 2 or 1.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(
        frame: &DctFrame,
        sides: [usize; 4],
        sink: &'s mut dyn RowSink,
        avx2: Option<Avx2>,
        timer: &'s CpuTimer<'s>,
    ) -> Result<Self> {
        let (mut components, mut missing) = (Vec::new(), Vec::new());
        for (component, side) in frame.components.iter().zip(sides) {
            missing.push(frame.component_size(component, side).height as usize);
            let stride = (frame.mcus().0 * component.h) as usize * side;
            components.push(McuRow { stride, samples: zeroed(stride * component.v as usize * side)? });
        }
        Ok(Self { sides, components, missing, sink, avx2, timer })
    }

    /// Hands the components that were decoded to the sink: `decoded` gives the index of each and its rows of blocks.
    /// Rows below the picture, which fill the last MCUs, are left out.
    ///
    /// # Errors
    ///
    /// Those of the sink.
    pub(crate) fn hand_on(&mut self, decoded: impl Iterator<Item = (usize, usize)>) -> Result<()> {
        for (index, rows_of_blocks) in decoded {
            let McuRow { stride, samples } = &self.components[index];
            let rows = (rows_of_blocks * self.sides[index]).min(self.missing[index]);
            self.missing[index] -= rows;
            if rows > 0 {
                self.sink.take_rows(index, SampleRows::u8(&samples[..rows * stride], *stride), self.timer)?;
            }
        }
        Ok(())
    }
}
