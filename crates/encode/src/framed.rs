//! Encodes a part of the canonical image, reduced, in one or more ways.

use image_ingest_resize::{ChromaGrid, PlanesFormat, PlanesReducer, RasterReducer};
use image_ingest_samples::{
    CpuTimer, Layout, Matrix, Orientation, Range, Rect, RowSink, SampleRows, SampleSlice, Siting, Size, WorkError,
    chroma_size,
};

use crate::encoding::Encoding;
use crate::image_encoder::ImageEncoder;
use crate::result::Result;
use crate::sink::{CanonicalKind, CanonicalSink};

/// A part of the upright canonical image, and the size at which it is shown: the part's or less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// The part, inside the canonical image.
    pub crop: Rect,
    /// The size that it is reduced to, at least one pixel.
    pub target: Size,
}

impl Frame {
    /// All of an image of `size`, as it is.
    #[must_use]
    pub fn whole(size: Size) -> Self {
        Self { crop: Rect::whole(size), target: size }
    }
}

/// The encoders of one part of the canonical image at one size.
pub(crate) struct FramedEncoders {
    frame: Frame,
    /// How rows are turned to stand upright.
    orientation: Orientation,
    /// Whether the rows that come are halved ones.
    pub(crate) is_halved: bool,
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
    /// Of this frame of a canonical image of `size`, upright, without an encoder. Rows come as they are stored.
    pub(crate) fn new(size: Size, orientation: Orientation, frame: Frame) -> Self {
        let is_halved = halved(size, frame).is_some();
        Self { frame, orientation, is_halved, reducer: None, strides: [0; 3], encoders: Vec::new() }
    }

    /// Whether this is the frame that is asked for.
    pub(crate) fn shows(&self, frame: Frame) -> bool {
        self.frame == frame
    }

    /// The place of the encoder of this encoding, which is added where there is none.
    ///
    /// # Errors
    ///
    /// As those of [`ImageEncoder::new`].
    pub(crate) fn place(&mut self, encoding: Encoding) -> Result<usize, WorkError> {
        if let Some(place) = self.encoders.iter().position(|(of, _)| *of == encoding) {
            return Ok(place);
        }
        self.encoders.push((encoding, ImageEncoder::new(encoding, self.orientation)?));
        Ok(self.encoders.len() - 1)
    }

    /// The files, in the order of their places.
    ///
    /// # Errors
    ///
    /// As those of [`ImageEncoder::finish`].
    pub(crate) fn finish(self, timer: &CpuTimer<'_>) -> Result<Vec<Vec<u8>>> {
        let Self { reducer, mut encoders, .. } = self;
        match reducer {
            Some(RowsReducer::Planes(reducer)) => {
                reducer.finish_rows(timer, |plane, rows| give(&mut encoders, plane, bytes(rows)?, timer))?;
            }
            Some(RowsReducer::Raster(reducer)) => {
                reducer.finish_rows(timer, |rows| give(&mut encoders, 0, bytes(rows)?, timer))?;
            }
            None => (),
        }
        encoders.into_iter().map(|(_, encoder)| encoder.finish(timer)).collect()
    }
}

impl CanonicalSink for FramedEncoders {
    /// `size` is that of the canonical image as it is stored, whether or not the rows that come are halved.
    fn begin(&mut self, kind: CanonicalKind, size: Size) -> Result<(), WorkError> {
        let Self { frame: Frame { crop, target }, orientation, .. } = *self;
        let size = stored(size, orientation);
        let (size, crop) = halved(size, self.frame).unwrap_or((size, crop));
        let rows = stored(size, orientation);
        let (width, half) = (rows.width as usize, chroma_size(rows, (2, 2)).width as usize);
        self.strides = if kind == CanonicalKind::Rgb { [3 * width, 0, 0] } else { [width, half, half] };
        if (crop, target) != (Rect::whole(size), size) {
            self.reducer = Some(match kind {
                CanonicalKind::Rgb => {
                    let reducer = RasterReducer::turned(orientation, size, Layout::Rgb, 8, crop, target)?;
                    RowsReducer::Raster(Box::new(reducer))
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
                    RowsReducer::Planes(PlanesReducer::turned(orientation, format, crop, target, ChromaGrid::Half)?)
                }
            });
        }
        let target = stored(target, orientation);
        self.encoders.iter_mut().try_for_each(|(_, encoder)| encoder.begin(kind, target))
    }

    fn take(&mut self, plane: usize, rows: &[u8], timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        let Self { reducer, strides, encoders, .. } = self;
        let stride = *strides.get(plane).ok_or_else(|| WorkError::internal("rows of a fourth plane"))?;
        match reducer {
            Some(RowsReducer::Planes(reducer)) => {
                reducer.take_rows(plane, SampleRows::u8(rows, stride), timer)?;
                reducer.take_finished(plane, |rows| give(encoders, plane, bytes(rows)?, timer))
            }
            Some(RowsReducer::Raster(reducer)) => {
                reducer.take_rows(plane, SampleRows::u8(rows, stride), timer)?;
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

/// How a picture lies that is upright of this size, and how one stands upright that lies so.
pub(crate) fn stored(size: Size, orientation: Orientation) -> Size {
    if orientation.swaps_axes() { size.transposed() } else { size }
}

/// The size of the halved picture and the part of it, where a rendition is made of halved rows: where both sides become a third
/// or less, and the part is of whole pairs of columns and rows.
fn halved(size: Size, Frame { crop, target }: Frame) -> Option<(Size, Rect)> {
    let is_small = 3 * u64::from(target.width) <= crop.size.width.into()
        && 3 * u64::from(target.height) <= crop.size.height.into();
    let is_even = [crop.left, crop.top, crop.size.width, crop.size.height].iter().all(|n| n.is_multiple_of(2));
    let half = |size: Size| Size::new(size.width / 2, size.height / 2);
    (is_small && is_even).then(|| (half(size), Rect { left: crop.left / 2, top: crop.top / 2, size: half(crop.size) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_a_third_is_made_of_halves_where_these_are_exact() {
        let whole = |(width, height), to: (u32, u32)| {
            let size = Size::new(width, height);
            halved(size, Frame { crop: Rect::whole(size), target: Size::new(to.0, to.1) })
        };
        let half = Size::new(1008, 756);
        assert_eq!(whole((2016, 1512), (640, 480)), Some((half, Rect::whole(half))));
        assert_eq!(whole((2016, 1512), (673, 505)), None, "more than a third");
        assert_eq!(whole((2048, 1365), (640, 427)), None, "an odd side");
        let square = |left, side| Rect { left, top: 0, size: Size::new(side, side) };
        let part = |crop| halved(Size::new(2016, 1512), Frame { crop, target: Size::new(256, 256) });
        assert_eq!(part(square(252, 1512)), Some((half, square(126, 756))));
        assert_eq!((part(square(252, 1511)), part(square(251, 1510))), (None, None), "an odd part");
    }
}
