//! The planes of one decoded picture.

use image_ingest_samples::{PictureView, PlaneView, Samples};

/// A decoded picture at its coded size, before the conformance window.
pub struct DecodedPicture {
    /// Bits per sample, 8 to 12.
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
    /// A view of the planes, as [`TiledPlanes::paste`](crate::TiledPlanes::paste) takes it.
    #[must_use]
    pub fn view(&self) -> PictureView<'_> {
        std::array::from_fn(|channel| {
            let DecodedPlane { width, height, samples } = self.planes.get(channel)?;
            PlaneView::of(samples, *width, *height, self.bit_depth)
        })
    }
}
