//! Encodes a part of the canonical image, reduced, in one or more ways.

use image_ingest_resize::{ChromaGrid, PlanesFormat, PlanesReducer, RasterReducer};
use image_ingest_samples::{
    CpuTimer, Layout, Matrix, Orientation, Range, Rect, RowSink, SampleSlice, Siting, Size, WorkError, chroma_size,
};

use crate::canonical::{CanonicalKind, CanonicalSink};
use crate::encode::ImageEncoder;
use crate::error::Result;
use crate::plan::profile::Encoding;
use crate::plan::rendition::halved;

/// The encoders of one part of the canonical image at one size.
pub(super) struct FramedEncoders {
    crop: Rect,
    target: Size,
    /// Whether the rows that come are halved ones.
    pub(super) is_halved: bool,
    /// `None` where the rows are those of the canonical image, and before they come.
    reducer: Option<RowsReducer>,
    /// Samples of a row of each plane of the canonical image.
    strides: [usize; 3],
    encoders: Vec<(Encoding, ImageEncoder)>,
}

enum RowsReducer {
    Planes(PlanesReducer),
    Raster(Box<RasterReducer>),
}

impl FramedEncoders {
    /// Of this part of a canonical image of `size`, and of this size, without an encoder.
    pub(super) fn new(size: Size, crop: Rect, target: Size) -> Self {
        let is_halved = halved(size, crop, target).is_some();
        Self { crop, target, is_halved, reducer: None, strides: [0; 3], encoders: Vec::new() }
    }

    /// Whether this is the part of the canonical image and the size that are asked for.
    pub(super) fn shows(&self, crop: Rect, target: Size) -> bool {
        (self.crop, self.target) == (crop, target)
    }

    /// The place of the encoder of this encoding, which is added where there is none. Rows are turned by `orientation`, which all
    /// encoders of a frame share.
    ///
    /// # Errors
    ///
    /// As those of [`ImageEncoder::new`].
    pub(super) fn place(&mut self, encoding: Encoding, orientation: Orientation) -> Result<usize, WorkError> {
        if let Some(place) = self.encoders.iter().position(|(of, _)| *of == encoding) {
            return Ok(place);
        }
        self.encoders.push((encoding, ImageEncoder::new(encoding, orientation)?));
        Ok(self.encoders.len() - 1)
    }

    /// The files, in the order of their places.
    ///
    /// # Errors
    ///
    /// As those of [`ImageEncoder::finish`].
    pub(super) fn finish(self, timer: &CpuTimer<'_>) -> Result<Vec<Vec<u8>>> {
        let Self { reducer, mut encoders, .. } = self;
        match reducer {
            Some(RowsReducer::Planes(reducer)) => {
                reducer.finish_rows(|plane, rows| give(&mut encoders, plane, bytes(rows)?, timer))?;
            }
            Some(RowsReducer::Raster(reducer)) => {
                reducer.finish_rows(|rows| give(&mut encoders, 0, bytes(rows)?, timer))?;
            }
            None => (),
        }
        encoders.into_iter().map(|(_, encoder)| encoder.finish(timer)).collect()
    }
}

impl CanonicalSink for FramedEncoders {
    /// `size` is that of the canonical image, whether or not the rows that come are halved.
    fn begin(&mut self, kind: CanonicalKind, size: Size) -> Result<(), WorkError> {
        let target = self.target;
        let (size, crop) = halved(size, self.crop, target).unwrap_or((size, self.crop));
        let (width, half) = (size.width as usize, chroma_size(size, (2, 2)).width as usize);
        self.strides = if kind == CanonicalKind::Rgb { [3 * width, 0, 0] } else { [width, half, half] };
        if (crop, target) != (Rect::whole(size), size) {
            self.reducer = Some(match kind {
                CanonicalKind::Rgb => {
                    RowsReducer::Raster(Box::new(RasterReducer::new(size, Layout::Rgb, 8, crop, target)?))
                }
                CanonicalKind::Gray | CanonicalKind::Ycbcr420 => {
                    let format = PlanesFormat {
                        size,
                        bit_depth: 8,
                        subsampling: (kind == CanonicalKind::Ycbcr420).then_some((2, 2)),
                        siting: Siting::Centred,
                        range: Range::Full,
                        matrix: Matrix::Bt601,
                    };
                    RowsReducer::Planes(PlanesReducer::new(format, crop, target, ChromaGrid::Half)?)
                }
            });
        }
        self.encoders.iter_mut().try_for_each(|(_, encoder)| encoder.begin(kind, target))
    }

    fn take(&mut self, plane: usize, rows: &[u8], timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        let Self { reducer, strides, encoders, .. } = self;
        let stride = *strides.get(plane).ok_or_else(|| WorkError::internal("rows of a fourth plane"))?;
        match reducer {
            Some(RowsReducer::Planes(reducer)) => {
                reducer.take_rows(plane, SampleSlice::U8(rows), stride)?;
                reducer.take_finished(plane, |rows| give(encoders, plane, bytes(rows)?, timer))
            }
            Some(RowsReducer::Raster(reducer)) => {
                reducer.take_rows(plane, SampleSlice::U8(rows), stride)?;
                reducer.take_finished(|rows| give(encoders, plane, bytes(rows)?, timer))
            }
            None => give(encoders, plane, rows, timer),
        }
    }
}

fn give(
    encoders: &mut [(Encoding, ImageEncoder)],
    plane: usize,
    rows: &[u8],
    timer: &CpuTimer<'_>,
) -> Result<(), WorkError> {
    encoders.iter_mut().try_for_each(|(_, encoder)| encoder.take(plane, rows, timer))
}

fn bytes(samples: SampleSlice<'_>) -> Result<&[u8], WorkError> {
    match samples {
        SampleSlice::U8(samples) => Ok(samples),
        SampleSlice::U16(_) => Err(WorkError::internal("rows of another depth than announced")),
    }
}
