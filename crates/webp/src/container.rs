//! Walks the chunks of a WebP file to its primary image (RFC 9649 § 2).
//!
//! A file in the simple format is one image chunk. A file in the extended format begins with `VP8X`, which gives the
//! canvas and announces metadata and animation. As libwebp has it, `ICCP` and `EXIF` count only where `VP8X` announces
//! them. The background colour of `ANIM` is not read.

use image_ingest_samples::{CpuTimer, DecodeError, Rect, Size};

use crate::coded_image::CodedImage;
use crate::result::Result;
use crate::riff::RiffChunks;

/// What the container of a WebP file says.
///
/// ```
/// use image_ingest_samples::{CpuTimer, Size};
/// use image_ingest_webp::{Bitstream, Container};
///
/// // One pixel in VP8L.
/// let file = b"RIFF\x14\0\0\0WEBPVP8L\x08\0\0\0\x2F\0\0\0\0\x88\x88\x08";
/// let container = Container::read(file, &CpuTimer::default())?;
/// assert_eq!((container.canvas, container.frames), (Size::new(1, 1), None));
/// assert_eq!(container.image.bitstream, Bitstream::Vp8l);
/// assert_eq!(container.image.vp8l_data(), [0x88, 0x88, 0x08]);
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct Container<'a> {
    /// The size of the canvas in pixels; that of the image in a still picture.
    pub canvas: Size,
    /// The primary image: the still picture, or the first frame of an animation.
    pub image: CodedImage<'a>,
    /// Where the image lies on the canvas; the whole canvas in a still picture.
    pub place: Rect,
    /// The ICC profile (`ICCP`), where it is announced.
    pub icc: Option<&'a [u8]>,
    /// The Exif block (`EXIF`), where it is announced. Some writers put `Exif\0\0` before it.
    pub exif: Option<&'a [u8]>,
    /// How many frames an animation has; `None` for a still picture.
    pub frames: Option<u32>,
}

impl<'a> Container<'a> {
    /// Reads the whole container. A damaged chunk after the primary image ends the walk and is no error.
    ///
    /// # Errors
    ///
    /// `malformed`, and `truncated` where the file ends before the primary image does, or before metadata that is
    /// announced; `deadline`, `cancelled`.
    pub fn read(bytes: &'a [u8], timer: &CpuTimer<'_>) -> Result<Self> {
        let mut chunks = RiffChunks::in_webp(bytes)?;
        let first = chunks.clone().next().unwrap_or_else(|| Err(DecodeError::malformed("no chunk")))?;
        match &first.name {
            b"VP8X" => {
                chunks.next();
                Self::read_extended(first.data, chunks, timer)
            }
            // Only the extended format announces metadata: whatever else follows has no meaning.
            b"VP8 " | b"VP8L" => Ok(Self::of_still(CodedImage::read(chunks, timer)?, None, None)),
            _ => Err(DecodeError::malformed("the first chunk is no image")),
        }
    }

    fn of_still(image: CodedImage<'a>, icc: Option<&'a [u8]>, exif: Option<&'a [u8]>) -> Self {
        Self { canvas: image.size, place: Rect::whole(image.size), image, icc, exif, frames: None }
    }

    /// § 2.7: one byte of flags, three reserved bytes, and the sides of the canvas less one in 24 bits each.
    fn read_extended(header: &[u8], chunks: RiffChunks<'a>, timer: &CpuTimer<'_>) -> Result<Self> {
        let &[flags, _, _, _, w0, w1, w2, h0, h1, h2, ..] = header else {
            return Err(DecodeError::malformed("VP8X is too short"));
        };
        let canvas = Size::new(u24([w0, w1, w2]) + 1, u24([h0, h1, h2]) + 1);
        let find = |name, flag| if flags & flag == 0 { Ok(None) } else { find(chunks.clone(), name, timer) };
        let (icc, exif) = (find(b"ICCP", FLAG_ICC)?, find(b"EXIF", FLAG_EXIF)?);
        if flags & FLAG_ANIMATION == 0 {
            let still = Self::of_still(CodedImage::read(chunks, timer)?, icc, exif);
            return if still.canvas == canvas {
                Ok(still)
            } else {
                Err(DecodeError::malformed("canvas and image differ in size"))
            };
        }
        let (place, image) = read_first_frame(chunks.clone(), canvas, timer)?;
        let mut frames = 0_u32;
        for chunk in chunks.map_while(Result::ok) {
            timer.step()?;
            frames = frames.saturating_add((chunk.name == *b"ANMF").into());
        }
        Ok(Self { canvas, image, place, icc, exif, frames: Some(frames) })
    }
}

/// The data of the first chunk of this name. The walk ends where a chunk is damaged.
///
/// # Errors
///
/// `truncated` where the file ends before the chunk is found; `deadline`, `cancelled`.
fn find<'a>(chunks: RiffChunks<'a>, name: &[u8; 4], timer: &CpuTimer<'_>) -> Result<Option<&'a [u8]>> {
    for chunk in chunks {
        timer.step()?;
        match chunk {
            Ok(chunk) if chunk.name == *name => return Ok(Some(chunk.data)),
            Ok(_) => {}
            Err(error @ DecodeError::Truncated { .. }) => return Err(error),
            Err(_) => break,
        }
    }
    Ok(None)
}

/// The first `ANMF` chunk (§ 2.7.1.1): 16 bytes of place, size, duration and blending, and the chunks of its image.
/// Left and top are halved in the file, and sides are less one, so no sum of two of them is above 2²⁶.
fn read_first_frame<'a>(chunks: RiffChunks<'a>, canvas: Size, timer: &CpuTimer<'_>) -> Result<(Rect, CodedImage<'a>)> {
    for chunk in chunks {
        timer.step()?;
        let chunk = chunk?;
        if chunk.name != *b"ANMF" {
            continue;
        }
        let Some((&[x0, x1, x2, y0, y1, y2, w0, w1, w2, h0, h1, h2, ..], frame)) = chunk.data.split_first_chunk::<16>()
        else {
            return Err(DecodeError::malformed("ANMF is too short"));
        };
        let size = Size::new(u24([w0, w1, w2]) + 1, u24([h0, h1, h2]) + 1);
        let place = Rect { left: 2 * u24([x0, x1, x2]), top: 2 * u24([y0, y1, y2]), size };
        let image = CodedImage::read(RiffChunks::in_chunk(frame), timer)?;
        if image.size != size || !place.fits_in(canvas) {
            return Err(DecodeError::malformed("the first frame does not fit its place"));
        }
        return Ok((place, image));
    }
    Err(DecodeError::malformed("no frame in an animation"))
}

fn u24([b0, b1, b2]: [u8; 3]) -> u32 {
    u32::from_le_bytes([b0, b1, b2, 0])
}

/// Bits of the first byte of `VP8X` (§ 2.7).
const FLAG_ANIMATION: u8 = 0x02;
const FLAG_EXIF: u8 = 0x08;
const FLAG_ICC: u8 = 0x20;

#[cfg(test)]
mod tests {
    use super::*;

    /// A VP8L image of 2 × 3, whose data is not read here.
    const IMAGE: &[u8] = b"VP8L\x05\0\0\0\x2F\x01\x80\0\0\0";

    fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let pad: &[u8] = if data.len() % 2 == 1 { &[0] } else { &[] };
        [name, &u32::try_from(data.len()).unwrap().to_le_bytes()[..], data, pad].concat()
    }

    fn riff(chunks: &[&[u8]]) -> Vec<u8> {
        chunk(b"RIFF", &[b"WEBP", &chunks.concat()[..]].concat())
    }

    /// `VP8X` of a canvas whose sides are `width` and `height`, at most 256.
    fn vp8x(flags: u8, width: u16, height: u16) -> Vec<u8> {
        let [w, h] = [width, height].map(|side| u8::try_from(side - 1).unwrap());
        chunk(b"VP8X", &[flags, 0, 0, 0, w, 0, 0, h, 0, 0])
    }

    /// `ANMF` at twice (`left`, `top`), of 2 × 3.
    fn anmf(left: u8, top: u8) -> Vec<u8> {
        let fields = [left, 0, 0, top, 0, 0, 1, 0, 0, 2, 0, 0, 100, 0, 0, 0];
        chunk(b"ANMF", &[&fields, IMAGE].concat())
    }

    #[test]
    fn a_simple_file_has_no_metadata() {
        let file = riff(&[IMAGE, &chunk(b"EXIF", b"MM"), &chunk(b"ICCP", b"profile")]);
        let container = Container::read(&file, &CpuTimer::default()).unwrap();
        assert_eq!((container.canvas, container.place), (Size::new(2, 3), Rect::whole(Size::new(2, 3))));
        assert_eq!((container.icc, container.exif, container.frames), (None, None, None));
    }

    #[test]
    fn metadata_is_read_where_it_is_announced() {
        let file = |flags| riff(&[&vp8x(flags, 2, 3), &chunk(b"ICCP", b"profile"), IMAGE, &chunk(b"EXIF", b"MM")]);
        let read = |flags| {
            let file = file(flags);
            let container = Container::read(&file, &CpuTimer::default()).unwrap();
            (container.icc.map(<[u8]>::to_vec), container.exif.map(<[u8]>::to_vec))
        };
        assert_eq!(read(0), (None, None));
        assert_eq!(read(FLAG_ICC), (Some(b"profile".to_vec()), None));
        assert_eq!(read(FLAG_EXIF), (None, Some(b"MM".to_vec())));
    }

    #[test]
    fn a_still_picture_fills_its_canvas() {
        let file = riff(&[&vp8x(0, 2, 4), IMAGE]);
        assert_eq!(
            Container::read(&file, &CpuTimer::default()).unwrap_err().to_string(),
            "malformed: canvas and image differ in size"
        );
    }

    #[test]
    fn a_frame_has_its_place_and_later_ones_are_counted() {
        let file = riff(&[&vp8x(FLAG_ANIMATION, 10, 11), &anmf(4, 4), &chunk(b"ANMF", &[]), b"ANMF\xFF\0\0\0"]);
        let container = Container::read(&file, &CpuTimer::default()).unwrap();
        assert_eq!(container.place, Rect { left: 8, top: 8, size: Size::new(2, 3) });
        assert_eq!((container.canvas, container.frames), (Size::new(10, 11), Some(2)));
        let beyond = riff(&[&vp8x(FLAG_ANIMATION, 9, 11), &anmf(4, 4)]);
        assert!(matches!(Container::read(&beyond, &CpuTimer::default()), Err(DecodeError::Malformed { .. })));
    }

    #[test]
    fn every_prefix_of_a_file_is_truncated() {
        let file = riff(&[&vp8x(FLAG_EXIF, 2, 3), IMAGE, &chunk(b"EXIF", b"MM")]);
        for len in 0..file.len() {
            assert!(
                matches!(Container::read(&file[..len], &CpuTimer::default()), Err(DecodeError::Truncated { .. })),
                "{len}"
            );
        }
    }
}
