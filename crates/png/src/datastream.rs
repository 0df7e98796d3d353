//! Reads a PNG datastream: the image header, where the image data begins, and the chunks that say something about the
//! picture.
//!
//! A picture whose image data is whole counts as whole, whatever follows it: `IEND` may be missing, cut or damaged, and
//! the walk ends without a complaint at the first chunk behind the image data that is cut, damaged or no chunk at all.
//! An intact chunk that a decoder must understand and that is not known stays `unsupported`, behind the image data too.
//! Whether the image data itself is whole is for [`PngPicture`] to find.

use std::borrow::Cow;

use image_ingest_samples::{CpuTimer, DecodeError};

use crate::chunks::Chunks;
use crate::expand::Expand;
use crate::header::{ColorType, ImageHeader};
use crate::image_data::ImageData;
use crate::picture::PngPicture;
use crate::picture_chunks::PictureChunks;
use crate::result::Result;
use crate::zlib::inflated;

/// A PNG file whose chunks were read, and whose image data was not.
///
/// ```
/// use image_ingest_png::Datastream;
/// use image_ingest_samples::{CpuTimer, DecodeError};
///
/// let no_image_data = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55";
/// assert!(matches!(Datastream::read(no_image_data, &CpuTimer::default()), Err(DecodeError::Truncated { .. })));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Datastream<'a> {
    /// What `IHDR` says.
    pub header: ImageHeader,
    /// What the other chunks say about the picture.
    pub chunks: PictureChunks<'a>,
    data: ImageData<'a>,
}

impl<'a> Datastream<'a> {
    /// Reads all chunks up to `IEND`, or up to the first that is damaged behind the image data.
    ///
    /// No memory is taken by the size that the header announces; [`ImageHeader::read`] gives that size beforehand.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`] for a file that is no PNG, a wrong header or palette, or image data in several
    /// places; [`DecodeError::Truncated`] where the file ends before the image data begins;
    /// [`DecodeError::Unsupported`] for a critical chunk that is not known, and for Xcode's variant of PNG;
    /// [`DecodeError::Work`] where the budget ends.
    pub fn read(bytes: &'a [u8], timer: &CpuTimer<'_>) -> Result<Self> {
        let mut walk = Chunks::new(bytes)?;
        let header = ImageHeader::next(&mut walk)?;
        let mut chunks = PictureChunks::default();
        let data = loop {
            timer.step()?;
            let chunk = walk.next().unwrap_or_else(|| Err(DecodeError::truncated("no image data")))?;
            match &chunk.name {
                b"IDAT" => break ImageData { first: chunk, rest: walk.clone() },
                b"IEND" => return Err(DecodeError::malformed("no IDAT")),
                _ => chunks.note_before_data(&header, &chunk, timer)?,
            }
        };
        if header.color_type == ColorType::Palette && chunks.palette.is_none() {
            return Err(DecodeError::malformed("no PLTE before IDAT"));
        }
        let mut inside = true;
        for chunk in walk.map_while(Result::ok).take_while(|chunk| chunk.name != *b"IEND") {
            timer.step()?;
            if inside && chunk.name == *b"IDAT" {
                continue;
            }
            inside = false;
            if chunk.is_critical() && !chunk.crc_holds(timer)? {
                break;
            }
            chunks.note_after_data(&chunk, timer)?;
        }
        Ok(Self { header, chunks, data })
    }

    /// Whether decoded pixels have alpha, stored with each pixel or made from `tRNS`.
    #[must_use]
    pub fn has_alpha(&self) -> bool {
        self.header.color_type.has_alpha() || self.chunks.transparency.is_some()
    }

    /// The ICC profile of `iCCP` (§ 11.3.2.3), inflated; `None` where there is none, or where its stream is damaged or
    /// gives more than `max_bytes`.
    ///
    /// # Errors
    ///
    /// `limit_exceeded` for a stream of too many short blocks, `out_of_memory`, `deadline`, `cancelled`.
    pub fn icc_profile(&self, max_bytes: u64, timer: &CpuTimer<'_>) -> Result<Option<Vec<u8>>> {
        self.chunks.iccp.and_then(profile_stream).map_or(Ok(None), |stream| inflated(stream, max_bytes, timer))
    }

    /// The block of Exif, which begins with a TIFF header, with or without `Exif\0\0` before it: that of the first
    /// valid `eXIf`, or of a raw profile in a text chunk where there is no such `eXIf`.
    ///
    /// # Errors
    ///
    /// As [`icc_profile`](Self::icc_profile).
    pub fn exif(&self, timer: &CpuTimer<'_>) -> Result<Option<Cow<'a, [u8]>>> {
        match self.chunks.exif {
            Some(block) => Ok(Some(Cow::Borrowed(block))),
            None => Ok(self.chunks.raw_profiles.exif(timer)?.map(Cow::Owned)),
        }
    }

    /// The picture of these chunks, ready to be decoded.
    #[must_use]
    pub fn picture(&self) -> PngPicture<'a> {
        let PictureChunks { palette, transparency, .. } = self.chunks;
        let expand = Expand::new(&self.header, palette, transparency, self.chunks.range());
        PngPicture::new(self.header, self.data.clone(), expand)
    }
}

/// The zlib stream of `iCCP` (§ 11.3.2.3), behind a name of at most 79 bytes, a zero byte and compression method 0.
fn profile_stream(data: &[u8]) -> Option<&[u8]> {
    let name_len = data.iter().take(80).position(|&b| b == 0)?;
    data.get(name_len + 1..)?.strip_prefix(&[0])
}
