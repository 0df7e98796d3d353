//! The planes of one decoded picture.

use image_ingest_samples::{CpuTimer, PictureView, PlaneView, Samples};

use crate::coded_format::CodedFormat;
use crate::result::Result;

/// A decoded picture inside its conformance window.
pub struct DecodedPicture {
    /// Bits per sample, 8 to 16.
    pub bit_depth: u8,
    /// Luma, and Cb and Cr where the picture has them.
    pub planes: Vec<DecodedPlane>,
}

/// One plane of a [`DecodedPicture`].
pub struct DecodedPlane {
    /// Samples across.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width × height` samples, rows tight; of 8 bits where the picture has 8, else of 16.
    pub samples: Samples,
}

impl DecodedPicture {
    /// Cuts off what is outside the conformance window of `format`, which is the format of this picture.
    pub(crate) fn crop(&mut self, format: &CodedFormat, shifts: &[(u32, u32)], timer: &CpuTimer<'_>) -> Result<()> {
        let side = |length: u32, shift: u32| (length >> shift) as usize;
        for (plane, &(across, down)) in self.planes.iter_mut().zip(shifts) {
            let (left, top) = (side(format.offset.0, across), side(format.offset.1, down));
            let size = (side(format.size.width, across), side(format.size.height, down));
            plane.crop((left, top), size, timer)?;
        }
        Ok(())
    }

    /// A view of the planes, as [`TiledPlanes::paste`](crate::TiledPlanes::paste) takes it.
    #[must_use]
    pub fn view(&self) -> PictureView<'_> {
        std::array::from_fn(|channel| {
            let DecodedPlane { width, height, samples } = self.planes.get(channel)?;
            PlaneView::of(samples, *width, *height, self.bit_depth)
        })
    }
}

impl DecodedPlane {
    /// Keeps `width` × `height` samples from `(left, top)` on, which have to be inside. They are moved to the front of
    /// the plane's own memory.
    fn crop(
        &mut self,
        (left, top): (usize, usize),
        (width, height): (usize, usize),
        timer: &CpuTimer<'_>,
    ) -> Result<()> {
        if (self.width, self.height) != (width, height) {
            match &mut self.samples {
                Samples::U8(samples) => move_rows(samples, self.width, (left, top), (width, height), timer)?,
                Samples::U16(samples) => move_rows(samples, self.width, (left, top), (width, height), timer)?,
            }
            (self.width, self.height) = (width, height);
        }
        Ok(())
    }
}

/// Moves each row to its place behind the one before. None is moved back, so none is overwritten before it is moved.
fn move_rows<T: Copy>(
    samples: &mut Vec<T>,
    stride: usize,
    (left, top): (usize, usize),
    (width, height): (usize, usize),
    timer: &CpuTimer<'_>,
) -> Result<()> {
    for y in 0..height {
        timer.check()?;
        let start = (top + y) * stride + left;
        samples.copy_within(start..start + width, y * width);
    }
    samples.truncate(width * height);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crop_keeps_a_rectangle() {
        let numbered = |width: usize, height: usize| DecodedPlane {
            width,
            height,
            samples: Samples::U16((0..).take(width * height).collect()),
        };
        let mut plane = numbered(4, 3);
        plane.crop((1, 1), (2, 2), &CpuTimer::default()).unwrap();
        assert_eq!((plane.width, plane.height), (2, 2));
        assert!(plane.samples == Samples::U16(vec![5, 6, 9, 10]));
        let mut plane = numbered(4, 3);
        plane.crop((0, 0), (4, 3), &CpuTimer::default()).unwrap();
        assert_eq!(plane.samples.len(), 12);
    }
}
