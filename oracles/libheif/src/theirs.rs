//! Decodes the primary image of a file by libheif, to the planes that are coded.

use image_ingest_samples::{PictureView, PlaneView, Size};
use libheif_rs::{ColorSpace, DecodingOptions, HeifContext, Image, ImageHandle, LibHeif, Result};

/// The primary image as libheif sees it.
pub struct TheirPicture {
    /// After its transformations.
    pub displayed: Size,
    pub has_alpha: bool,
    pub is_premultiplied: bool,
    /// The primary item before its transformations, and its alpha plane where an item was named.
    pub decoded: Result<(Image, Option<Image>)>,
}

impl TheirPicture {
    /// Reads a file, and decodes its primary item, and `alpha_item` for the alpha plane.
    ///
    /// # Errors
    ///
    /// What libheif refuses before it decodes.
    pub fn read(library: &LibHeif, file: &[u8], alpha_item: Option<u32>) -> Result<Self> {
        let context = HeifContext::read_from_bytes(file)?;
        let handle = context.primary_image_handle()?;
        let alpha = || alpha_item.map(|item| decode(library, &context.image_handle(item)?)).transpose();
        Ok(Self {
            displayed: Size::new(handle.width(), handle.height()),
            has_alpha: handle.has_alpha_channel(),
            is_premultiplied: handle.is_premultiplied_alpha(),
            decoded: decode(library, &handle).and_then(|primary| Ok((primary, alpha()?))),
        })
    }
}

/// The Y′CbCr planes of an image; none where it has other ones.
pub fn view(image: &Image) -> PictureView<'_> {
    let planes = image.planes();
    [planes.y, planes.cb, planes.cr].map(|plane| {
        let plane = plane?;
        Some(PlaneView {
            bytes: plane.data,
            width: usize::try_from(plane.width).ok()?,
            height: usize::try_from(plane.height).ok()?,
            stride: plane.stride,
            bit_depth: plane.bits_per_pixel,
        })
    })
}

/// Decodes an item without its transformations and to its own code points: by default, libheif converts samples of others
/// than sRGB's.
fn decode(library: &LibHeif, handle: &ImageHandle) -> Result<Image> {
    let mut options = DecodingOptions::new();
    if let Some(options) = &mut options {
        options.set_ignore_transformations(true);
        options.set_output_image_nclx_profile_passthrough(true);
        // Else tiles that cannot be decoded are left black.
        options.set_strict_decoding(true);
    }
    library.decode(handle, ColorSpace::Undefined, options)
}
