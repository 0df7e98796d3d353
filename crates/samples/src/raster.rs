//! Interleaved samples.

use crate::budget::CpuTimer;
use crate::error::WorkError;
use crate::planes::ROWS_AT_ONCE;
use crate::samples::{RowSink, SampleRows, Samples, sample_count};
use crate::size::Size;

/// Interleaved samples, rows tight; alpha is not premultiplied.
#[derive(Debug, Clone, PartialEq)]
pub struct Raster {
    /// Width and height.
    pub size: Size,
    /// What a pixel is made of.
    pub layout: Layout,
    /// `width × height × channels` samples: `U8`, or `U16` spanning the full 0–65 535 whatever the source's depth.
    pub samples: Samples,
}

/// The components of an interleaved pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One component, gray.
    Gray,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha.
    Rgba,
    /// Ink amounts: 0 is no ink, whatever the file's polarity was.
    Cmyk,
}

impl Layout {
    /// Samples in a pixel.
    #[must_use]
    pub const fn channels(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }
}

impl Raster {
    /// A raster of these samples, if their length agrees with the size.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] when it does not.
    pub fn new(size: Size, layout: Layout, samples: Samples) -> Result<Self, WorkError> {
        if sample_count(size, layout.channels()) != Some(samples.len()) {
            return Err(WorkError::internal("raster length disagrees with its size"));
        }
        Ok(Self { size, layout, samples })
    }

    /// Hands all rows to `sink`, some at a time.
    ///
    /// # Errors
    ///
    /// Those of `sink`; [`WorkError::Deadline`], [`WorkError::Cancelled`].
    pub fn hand_on(&self, sink: &mut dyn RowSink, timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        let stride = self.size.width as usize * self.layout.channels();
        self.samples.as_slice().parts(samples_at_once(stride)).try_for_each(|samples| {
            timer.check()?;
            sink.take_rows(0, SampleRows { samples, stride }, timer)
        })
    }
}

/// How many samples of a whole picture a sink gets at a time: those of some rows, which it reduces in 2 ms or so.
pub(crate) fn samples_at_once(stride: usize) -> usize {
    const SAMPLES: usize = 1 << 19;
    (SAMPLES / stride.max(1)).clamp(1, ROWS_AT_ONCE as usize) * stride
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raster_agrees_with_its_size() {
        for (layout, channels) in [(Layout::Gray, 1), (Layout::Rgb, 3), (Layout::Rgba, 4), (Layout::Cmyk, 4)] {
            assert_eq!(layout.channels(), channels);
            let raster = |len| Raster::new(Size::new(3, 2), layout, Samples::U16(vec![0; len]));
            assert!(raster(6 * channels).is_ok());
            assert!(matches!(raster(6 * channels - 1), Err(WorkError::Internal { .. })));
        }
        assert!(Raster::new(Size::new(u32::MAX, u32::MAX), Layout::Rgba, Samples::U8(Vec::new())).is_err());
    }
}
