//! Walks the blocks of a GIF data stream without copying (GIF89a § 17–26).

use image_ingest_gif::SubBlocks;
use image_ingest_samples::Size;

use crate::error::{Error, Result};
use crate::upload::format::Format;

/// The first frame, and what of the logical screen matters to it.
#[derive(Debug, Clone)]
pub(super) struct FirstFrame<'a> {
    /// The logical screen, grown to hold the frame.
    pub(super) canvas: Size,
    pub(super) left: u16,
    pub(super) top: u16,
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) interlaced: bool,
    pub(super) transparent: Option<u8>,
    /// The colour table in force, three bytes an entry; `None` where the file has none.
    pub(super) palette: Option<&'a [u8]>,
    /// Bits of an index as LZW has it, 1 to 11.
    pub(super) min_code_size: u8,
    /// The LZW codes.
    pub(super) data: SubBlocks<'a>,
    /// What follows the frame.
    rest: &'a [u8],
}

impl<'a> FirstFrame<'a> {
    /// Reads up to the end of the first frame's data, or of the file: whether the data is whole is for its codes to tell.
    ///
    /// # Errors
    ///
    /// `malformed`, `truncated`.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut blocks = Blocks { rest: bytes };
        let screen = Screen::read(&mut blocks)?;
        let mut transparent = None;
        loop {
            match blocks.byte()? {
                // The last graphic control before an image is the image's (GIF89a § 23).
                EXTENSION => transparent = blocks.extension()?.unwrap_or(transparent),
                IMAGE if blocks.image_is_empty() => blocks.skip_image()?,
                IMAGE => return Self::read_image(blocks, &screen, transparent),
                // A block terminator too many, which every decoder in the field steps over.
                0 => {}
                TRAILER => return Err(malformed("no frame")),
                _ => return Err(malformed("not a block where one must begin")),
            }
        }
    }

    /// Reads the image whose separator was read.
    fn read_image(mut blocks: Blocks<'a>, screen: &Screen<'a>, transparent: Option<u8>) -> Result<Self> {
        let [left, top, width, height] = [blocks.u16()?, blocks.u16()?, blocks.u16()?, blocks.u16()?];
        let flags = blocks.byte()?;
        let local = blocks.color_table(flags)?;
        let palette = local.or(screen.palette);
        let min_code_size = blocks.byte()?;
        // § 22 has 8 at most. Up to 11, a code for every index fits the 12 bits that codes have, and decoders read it.
        if !(1..=11).contains(&min_code_size) {
            return Err(malformed("LZW minimum code size outside 1–11"));
        }
        let data = SubBlocks::of(blocks.rest);
        if blocks.skip_sub_blocks().is_err() {
            blocks.rest = &[];
        }
        let reach = |start: u16, len: u16| u32::from(start) + u32::from(len);
        let canvas = Size::new(screen.width.max(reach(left, width)), screen.height.max(reach(top, height)));
        let interlaced = flags & 0x40 != 0;
        let rest = blocks.rest;
        Ok(Self { canvas, left, top, width, height, interlaced, transparent, palette, min_code_size, data, rest })
    }

    /// Whether every pixel of the canvas comes from the frame.
    pub(super) fn covers_canvas(&self) -> bool {
        let size = Size::new(self.width.into(), self.height.into());
        (self.left, self.top, size) == (0, 0, self.canvas)
    }

    /// The frames of the whole file; damage after the first ends the count.
    ///
    /// Each step consumes input and costs the same whatever it holds, so the walk is bounded by the upload's size.
    pub(super) fn count_frames(&self) -> u32 {
        let mut blocks = Blocks { rest: self.rest };
        let mut frames = 1_u32;
        loop {
            let more = match blocks.byte() {
                Ok(EXTENSION) => blocks.extension().map(|_| false),
                Ok(IMAGE) => blocks.skip_image().map(|()| true),
                Ok(0) => Ok(false),
                _ => return frames,
            };
            match more {
                Ok(frame) => frames = frames.saturating_add(frame.into()),
                Err(_) => return frames,
            }
        }
    }
}

/// The logical screen (§ 18) and the global colour table (§ 19).
struct Screen<'a> {
    width: u32,
    height: u32,
    palette: Option<&'a [u8]>,
}

impl<'a> Screen<'a> {
    fn read(blocks: &mut Blocks<'a>) -> Result<Self> {
        if !matches!(blocks.take(6)?, b"GIF87a" | b"GIF89a") {
            return Err(malformed("no GIF signature"));
        }
        let (width, height) = (blocks.u16()?.into(), blocks.u16()?.into());
        let flags = blocks.byte()?;
        // Background colour index and pixel aspect ratio, which no decoder in the field honours.
        blocks.take(2)?;
        Ok(Self { width, height, palette: blocks.color_table(flags)? })
    }
}

/// What is left of the stream.
#[derive(Debug, Clone)]
struct Blocks<'a> {
    rest: &'a [u8],
}

impl<'a> Blocks<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or_else(cut)?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?.first().copied().unwrap_or_default())
    }

    fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    /// The colour table that a descriptor's flags announce: 2 to 256 entries.
    fn color_table(&mut self, flags: u8) -> Result<Option<&'a [u8]>> {
        if flags & 0x80 == 0 { Ok(None) } else { self.take(3 * (2 << (flags & 7))).map(Some) }
    }

    /// Steps over all sub-blocks and their terminator.
    fn skip_sub_blocks(&mut self) -> Result<()> {
        self.rest = SubBlocks::of(self.rest).after().ok_or_else(cut)?;
        Ok(())
    }

    /// Steps over an extension; the transparent index where it is a graphic control extension that has one (§ 23).
    fn extension(&mut self) -> Result<Option<Option<u8>>> {
        let label = self.byte()?;
        let first = SubBlocks::of(self.rest).next();
        self.skip_sub_blocks()?;
        Ok(match (label, first) {
            (GRAPHIC_CONTROL, Some(&[flags, _, _, index, ..])) => Some((flags & 1 != 0).then_some(index)),
            _ => None,
        })
    }

    /// Whether the image descriptor that follows is of no pixels.
    fn image_is_empty(&self) -> bool {
        matches!(self.rest, [_, _, _, _, 0, 0, ..] | [_, _, _, _, _, _, 0, 0, ..])
    }

    fn skip_image(&mut self) -> Result<()> {
        let flags = self.take(9)?.last().copied().unwrap_or_default();
        self.color_table(flags)?;
        self.byte()?;
        self.skip_sub_blocks()
    }
}

fn cut() -> Error {
    Error::truncated(Format::Gif, "the file ends before the first frame does")
}

fn malformed(reason: &str) -> Error {
    Error::malformed(Format::Gif, reason)
}

const EXTENSION: u8 = b'!';
const IMAGE: u8 = b',';
const TRAILER: u8 = b';';
const GRAPHIC_CONTROL: u8 = 0xF9;
