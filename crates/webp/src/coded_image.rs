//! Finds one coded image among chunks: `VP8 `, `VP8 ` with `ALPH` before it, or `VP8L` (RFC 9649 § 2.5, § 2.6, §
//! 2.7.1.2).

use image_ingest_samples::{CpuTimer, DecodeError, Size};

use crate::result::Result;
use crate::riff::RiffChunks;

/// What a picture is coded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bitstream {
    /// A VP8 key frame (RFC 6386), lossy.
    Vp8,
    /// VP8L (RFC 9649 § 3), lossless.
    Vp8l,
}

/// One coded image: a still picture, or a frame of an animation.
#[derive(Debug)]
pub struct CodedImage<'a> {
    /// What it is coded in.
    pub bitstream: Bitstream,
    /// Its size, as the first bytes of the bitstream say.
    pub size: Size,
    /// Whether it has alpha: an `ALPH` chunk before VP8, or VP8L whose header announces alpha.
    pub alpha: bool,
    /// The chunks from `ALPH`, or else from the image chunk, to the end of the image chunk. libwebp reads such bytes as
    /// it reads a file.
    pub data: &'a [u8],
    /// The image chunk alone.
    from_chunk: &'a [u8],
}

impl<'a> CodedImage<'a> {
    /// Reads up to the first image chunk. Only the last `ALPH` chunk before `VP8 ` counts, as in libwebp.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`, `deadline`, `cancelled`.
    pub(crate) fn read(mut chunks: RiffChunks<'a>, timer: &CpuTimer<'_>) -> Result<Self> {
        let mut alpha = None;
        loop {
            timer.step()?;
            let start = chunks.rest();
            let chunk = chunks.next().unwrap_or_else(|| Err(DecodeError::malformed("no image data")))?;
            let since = |start: &'a [u8]| start.get(..start.len() - chunks.rest().len()).unwrap_or_default();
            match &chunk.name {
                b"ALPH" => alpha = Some(start),
                b"VP8 " => {
                    let (bitstream, size) = (Bitstream::Vp8, vp8_size(chunk.data)?);
                    let data = since(alpha.unwrap_or(start));
                    return Ok(Self { bitstream, size, alpha: alpha.is_some(), data, from_chunk: since(start) });
                }
                b"VP8L" => {
                    let (size, alpha) = vp8l_header(chunk.data)?;
                    let data = since(start);
                    return Ok(Self { bitstream: Bitstream::Vp8l, size, alpha, data, from_chunk: data });
                }
                _ => {}
            }
        }
    }

    /// The data of the `VP8 ` chunk, with the byte that pads it where its length is odd. libwebp reads that byte as a
    /// part of the frame, and so do we: a frame whose last byte is lost may still be whole with it.
    ///
    /// # Errors
    ///
    /// `malformed` for VP8L, and when the first partition leaves the chunk (RFC 6386 § 9.1).
    pub fn frame(&self) -> Result<&'a [u8]> {
        let chunk = RiffChunks::in_chunk(self.from_chunk).next();
        let chunk = chunk.unwrap_or_else(|| Err(DecodeError::malformed("no VP8 frame")))?;
        if chunk.name != *b"VP8 " {
            return Err(DecodeError::malformed("no VP8 frame"));
        }
        let frame = chunk.data;
        // A key frame's tag: 5 bits for what kind of frame it is, and 19 for the length of the first partition.
        let first_partition = frame.first_chunk().map(|&[t0, t1, t2]| u32::from_le_bytes([t0, t1, t2, 0]) >> 5);
        if first_partition.is_some_and(|len| (len as usize) < frame.len()) {
            Ok(self.from_chunk.get(8..).unwrap_or_default())
        } else {
            Err(DecodeError::malformed("the first partition leaves its chunk"))
        }
    }

    /// The data of a `VP8L` chunk after its header (RFC 9649 § 3.4), with its padding as for [`frame`](Self::frame); empty
    /// for VP8.
    #[must_use]
    pub fn vp8l_data(&self) -> &'a [u8] {
        // The chunk's name, its length and the header come before.
        if self.bitstream == Bitstream::Vp8l { self.data.get(8 + 5..).unwrap_or_default() } else { &[] }
    }

    /// The data of its `ALPH` chunk, where it has one.
    #[must_use]
    pub fn alpha_chunk(&self) -> Option<&'a [u8]> {
        RiffChunks::in_chunk(self.data).next()?.ok().filter(|chunk| chunk.name == *b"ALPH").map(|chunk| chunk.data)
    }
}

/// Reads a VP8 key frame's size (RFC 6386 § 9.1): 14 bits each. The two bits above them are a scale for the display,
/// which is only a hint.
fn vp8_size(data: &[u8]) -> Result<Size> {
    let Some(&[tag, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1]) = data.first_chunk() else {
        return Err(DecodeError::malformed("no VP8 key frame"));
    };
    // Bit 0 is 0 for a key frame, bits 1 to 3 are a version from 0 to 3, bit 4 tells that the frame is shown.
    if tag & 1 != 0 || (tag >> 1) & 7 > 3 || tag & 0x10 == 0 {
        return Err(DecodeError::malformed("not a shown VP8 key frame of a known version"));
    }
    let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
    let size = Size::new(side(w0, w1), side(h0, h1));
    if size.pixels() == 0 { Err(DecodeError::malformed("a side is 0")) } else { Ok(size) }
}

/// Reads a VP8L header: the size, and whether alpha is used (RFC 9649 § 3.4). Each side less one takes 14 bits, so a
/// side is from 1 to 16 384.
fn vp8l_header(data: &[u8]) -> Result<(Size, bool)> {
    let Some((&[0x2F, b0, b1, b2, b3], _)) = data.split_first_chunk() else {
        return Err(DecodeError::malformed("no VP8L signature"));
    };
    let bits = u32::from_le_bytes([b0, b1, b2, b3]);
    if bits >> 29 != 0 {
        return Err(DecodeError::malformed("unknown VP8L version"));
    }
    Ok((Size::new((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1), bits & (1 << 28) != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vp8_size_has_14_bits_a_side_and_a_scale_that_is_ignored() {
        let frame = |tag, bytes: [u8; 4]| [&[tag, 0, 0, 0x9D, 0x01, 0x2A], &bytes[..]].concat();
        assert_eq!(vp8_size(&frame(0x10, [0x05, 0x40, 0x03, 0xC0])).unwrap(), Size::new(5, 3));
        assert_eq!(vp8_size(&frame(0x16, [0xFF, 0x3F, 0xFF, 0x3F])).unwrap(), Size::new(16_383, 16_383));
        // An inter frame, a version that there is not, a frame that is not shown, a side of 0.
        for (tag, width) in [(0x11, 5), (0x18, 5), (0x00, 5), (0x10, 0)] {
            assert!(matches!(vp8_size(&frame(tag, [width, 0, 3, 0])), Err(DecodeError::Malformed { .. })), "{tag:#x}");
        }
    }

    #[test]
    fn a_vp8l_header_has_sides_less_one_alpha_and_a_version() {
        let bits = (5u32 - 1) | (3 - 1) << 14 | 1 << 28;
        let header = |bits: u32| [&[0x2F], &bits.to_le_bytes()[..]].concat();
        assert_eq!(vp8l_header(&header(bits)).unwrap(), (Size::new(5, 3), true));
        assert_eq!(vp8l_header(&header(0x0FFF_FFFF)).unwrap(), (Size::new(16_384, 16_384), false));
        assert!(matches!(vp8l_header(&header(1 << 29)), Err(DecodeError::Malformed { .. })));
        assert!(matches!(vp8l_header(&[0x2E, 0, 0, 0, 0]), Err(DecodeError::Malformed { .. })));
    }

    #[test]
    fn alpha_stands_before_its_image_and_belongs_to_its_data() {
        let frame = [0x30, 0, 0, 0x9D, 0x01, 0x2A, 1, 0, 1, 0];
        let image = [b"VP8 \x0a\0\0\0", &frame[..]].concat();
        let list = [b"ALPH\x01\0\0\0\x00\0OTHR\0\0\0\0", &image[..]].concat();
        let with_alpha = CodedImage::read(RiffChunks::in_chunk(&list), &CpuTimer::default()).unwrap();
        assert_eq!((with_alpha.alpha, with_alpha.data), (true, &list[..]));
        assert_eq!(with_alpha.alpha_chunk(), Some(&[0][..]));
        assert_eq!(with_alpha.frame().unwrap(), frame);
        let alone = CodedImage::read(RiffChunks::in_chunk(&image), &CpuTimer::default()).unwrap();
        // The first partition of 1 byte is within the 10 bytes of the chunk.
        assert_eq!((alone.alpha, alone.frame().unwrap()), (false, &frame[..]));
    }

    #[test]
    fn of_two_alpha_chunks_the_last_counts() {
        let frame = b"VP8 \x0a\0\0\0\x30\0\0\x9D\x01\x2A\x01\0\x01\0";
        let list = [&b"ALPH\x02\0\0\0\x00\x05ALPH\x02\0\0\0\x00\x07"[..], frame].concat();
        let image = CodedImage::read(RiffChunks::in_chunk(&list), &CpuTimer::default()).unwrap();
        assert_eq!((image.alpha_chunk(), image.data.len()), (Some(&[0, 7][..]), 10 + frame.len()));
    }

    #[test]
    fn vp8l_data_have_their_padding() {
        let image =
            CodedImage::read(RiffChunks::in_chunk(b"VP8L\x07\0\0\0\x2F\0\0\0\0\x08\x09\x07"), &CpuTimer::default())
                .unwrap();
        assert_eq!(image.vp8l_data(), [8, 9, 7]);
    }

    #[test]
    fn a_frame_has_its_padding_and_a_first_partition_within_its_chunk() {
        let frame = |first_partition: u16| {
            let [tag, length] = (first_partition << 5 | 0x10).to_le_bytes();
            let image = [b"VP8 \x0b\0\0\0", &[tag, length, 0, 0x9D, 0x01, 0x2A, 1, 0, 1, 0, 7, 9][..]].concat();
            CodedImage::read(RiffChunks::in_chunk(&image), &CpuTimer::default()).unwrap().frame().map(<[u8]>::to_vec)
        };
        assert_eq!(frame(10).unwrap().last(), Some(&9));
        assert!(matches!(frame(11), Err(DecodeError::Malformed { .. })));
        let lossless =
            CodedImage::read(RiffChunks::in_chunk(b"VP8L\x05\0\0\0\x2F\0\0\0\0\0"), &CpuTimer::default()).unwrap();
        assert!(matches!(lossless.frame(), Err(DecodeError::Malformed { .. })));
    }
}
