//! Finds the first frame of a GIF, and what of the file matters to it (GIF89a § 17 to 24).
//!
//! Where the specification and the decoders in use differ, this follows what Chromium's decoder (Wuffs) and Pillow
//! agree on: the canvas grows to hold the first frame, and the background colour and the pixel aspect ratio have no
//! effect.

use image_ingest_samples::{CpuTimer, DecodeError, PictureRows, Rect, RowSink, SampleRows, Size, WorkError};

use crate::blocks::{Blocks, EXTENSION, IMAGE, TRAILER};
use crate::interlaced::hand_on_interlaced;
use crate::lzw::{LzwDecoder, MAX_WINDOW};
use crate::result::Result;
use crate::sub_blocks::SubBlocks;

/// The first frame that has pixels, and its place on the canvas.
///
/// ```
/// use image_ingest_gif::FirstFrame;
/// use image_ingest_samples::{CpuTimer, Size};
///
/// // A canvas of 2 × 1 with the global colours black and red, and one frame: clear, 1, 1, end.
/// let file = b"GIF89a\x02\0\x01\0\x80\0\0\0\0\0\xff\0\0,\0\0\0\0\x02\0\x01\0\0\x02\x02\x4c\x0a\0;";
/// let timer = CpuTimer::default();
/// let frame = FirstFrame::read(file, &timer)?;
/// assert_eq!((frame.canvas, frame.transparent), (Size::new(2, 1), None));
/// assert_eq!(frame.colors(&timer)?[1], [255, 0, 0, 255]);
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FirstFrame<'a> {
    /// The logical screen, grown to hold the frame.
    pub canvas: Size,
    /// Columns of the canvas left of the frame.
    pub left: u16,
    /// Rows of the canvas above the frame.
    pub top: u16,
    /// Pixels across, not 0.
    pub width: u16,
    /// Pixels down, not 0.
    pub height: u16,
    /// Whether rows are stored in the order of appendix E.
    pub interlaced: bool,
    /// The index whose pixels are transparent.
    pub transparent: Option<u8>,
    /// The colour table in force, three bytes an entry; `None` where the file has none.
    palette: Option<&'a [u8]>,
    /// Bits of an index as LZW has it, 1 to 11.
    min_code_size: u8,
    /// The LZW codes.
    data: SubBlocks<'a>,
    /// What follows the frame.
    rest: &'a [u8],
}

impl<'a> FirstFrame<'a> {
    /// Reads up to the end of the first frame's data, or of the file: [`decode`](Self::decode) tells whether the data
    /// is whole.
    ///
    /// Images without pixels are passed over, and so are block terminators where a block must begin. No memory is
    /// taken.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`] for a file that is no GIF or has no frame, for bytes that begin no block, and for a
    /// code size outside 1–11; [`DecodeError::Truncated`] where the file ends before the frame's data begins;
    /// [`DecodeError::Work`] where the budget ends.
    pub fn read(bytes: &'a [u8], timer: &CpuTimer<'_>) -> Result<Self> {
        let mut blocks = Blocks { rest: bytes };
        let screen = Screen::read(&mut blocks)?;
        let mut transparent = None;
        loop {
            timer.step()?;
            match blocks.byte()? {
                // The last graphic control before an image is the image's (GIF89a § 23).
                EXTENSION => transparent = blocks.extension(timer)?.unwrap_or(transparent),
                IMAGE if blocks.image_is_empty() => blocks.skip_image(timer)?,
                IMAGE => return Self::read_image(blocks, &screen, transparent, timer),
                // A block terminator too many, which every decoder in use steps over.
                0 => {}
                TRAILER => return Err(DecodeError::malformed("no frame")),
                _ => return Err(DecodeError::malformed("not a block where one must begin")),
            }
        }
    }

    /// Reads the image whose separator was read (§ 20 to 22).
    fn read_image(
        mut blocks: Blocks<'a>,
        screen: &Screen<'a>,
        transparent: Option<u8>,
        timer: &CpuTimer<'_>,
    ) -> Result<Self> {
        let [left, top, width, height] = [blocks.u16()?, blocks.u16()?, blocks.u16()?, blocks.u16()?];
        let flags = blocks.byte()?;
        let local = blocks.color_table(flags)?;
        let palette = local.or(screen.palette);
        let min_code_size = blocks.byte()?;
        // § 22 has 8 at most. Up to 11, a code for every index fits the 12 bits that codes have, and decoders read it.
        if !(1..=11).contains(&min_code_size) {
            return Err(DecodeError::malformed("LZW minimum code size outside 1–11"));
        }
        let data = SubBlocks::of(blocks.rest);
        let rest = data.after(timer)?.unwrap_or_default();
        let reach = |start: u16, len: u16| u32::from(start) + u32::from(len);
        let canvas = Size::new(screen.width.max(reach(left, width)), screen.height.max(reach(top, height)));
        let interlaced = flags & 0x40 != 0;
        Ok(Self { canvas, left, top, width, height, interlaced, transparent, palette, min_code_size, data, rest })
    }

    /// Where the frame lies on its canvas.
    #[must_use]
    pub fn place(&self) -> Rect {
        Rect { left: self.left.into(), top: self.top.into(), size: Size::new(self.width.into(), self.height.into()) }
    }

    /// Whether every pixel of the canvas comes from the frame.
    #[must_use]
    pub fn covers_canvas(&self) -> bool {
        self.place() == Rect::whole(self.canvas)
    }

    /// Bits of an index, 1 to 8: by the colour table, or by the LZW code size where there is none.
    #[must_use]
    pub fn index_bits(&self) -> u8 {
        match self.palette {
            Some(palette) => u8::try_from((palette.len() / 3).ilog2()).unwrap_or(8),
            None => self.min_code_size.min(8),
        }
    }

    /// The frames of the whole file, 1 or more. Damage after the first frame ends the count.
    ///
    /// Each step consumes input and costs the same whatever it holds, so the walk is bounded by the upload's size.
    ///
    /// # Errors
    ///
    /// [`WorkError`].
    pub fn count_frames(&self, timer: &CpuTimer<'_>) -> Result<u32, WorkError> {
        let mut blocks = Blocks { rest: self.rest };
        let mut frames = 1_u32;
        loop {
            timer.step()?;
            let more = match blocks.byte() {
                Ok(EXTENSION) => blocks.extension(timer).map(|_| false),
                Ok(IMAGE) => blocks.skip_image(timer).map(|()| true),
                Ok(0) => Ok(false),
                _ => return Ok(frames),
            };
            match more {
                Ok(frame) => frames = frames.saturating_add(frame.into()),
                Err(DecodeError::Work(error)) => return Err(error),
                Err(_) => return Ok(frames),
            }
        }
    }

    /// Decodes the rows of `width` indices and gives them to `sink`, from the top.
    ///
    /// As many indices as [`held_indices`] says are held.
    ///
    /// # Errors
    ///
    /// Those of [`LzwDecoder::next_rows`], and of the sink; `Work` also where memory runs out.
    pub fn decode(&self, sink: &mut dyn RowSink, timer: &CpuTimer<'_>) -> Result<()> {
        let (width, height) = (usize::from(self.width), usize::from(self.height));
        if self.interlaced {
            return Ok(hand_on_interlaced(self.stored_rows(timer)?, [width, height], sink, timer)?);
        }
        let mut decoder = self.decoder(WINDOW, timer)?;
        while let Some(rows) = decoder.next_rows(timer)? {
            sink.take_rows(0, SampleRows::u8(rows, width), timer)?;
        }
        Ok(())
    }

    /// All rows, in the order in which they are stored.
    fn stored_rows(&self, timer: &CpuTimer<'_>) -> Result<PictureRows<u8>> {
        let (width, height) = (usize::from(self.width), usize::from(self.height));
        if width * height <= WHOLE {
            return Ok(PictureRows::of(self.decoder(WHOLE, timer)?.all_rows(timer)?, width)?);
        }
        let (mut decoder, mut rows) = (self.decoder(WINDOW, timer)?, PictureRows::zeroed(height, width, timer)?);
        let mut y = 0;
        while let Some(stored) = decoder.next_rows(timer)? {
            for row in stored.chunks(width) {
                rows.row_mut(y).copy_from_slice(row);
                y += 1;
            }
        }
        Ok(rows)
    }

    fn decoder(&self, window: usize, timer: &CpuTimer<'_>) -> Result<LzwDecoder<'a>> {
        LzwDecoder::new(self.min_code_size, self.data.clone(), [self.width, self.height], window, timer)
    }

    /// RGBA for all 256 indices.
    ///
    /// An index beyond the colour table is opaque black. Without any colour table, which § 18 leaves to the decoder,
    /// indices are levels of gray as in Pillow, or black and white where no index is above 1, as § 18 recommends for
    /// monochrome pictures and libnsgif has it. To know that, the frame is decoded up to its first index above 1. The
    /// transparent index is `[0; 4]`.
    ///
    /// # Errors
    ///
    /// Those of [`LzwDecoder::next_rows`], where there is no colour table.
    pub fn colors(&self, timer: &CpuTimer<'_>) -> Result<[[u8; 4]; 256]> {
        let mut colors = [[0, 0, 0, 255]; 256];
        match self.palette {
            Some(palette) => {
                for (color, &[r, g, b]) in colors.iter_mut().zip(palette.as_chunks().0) {
                    *color = [r, g, b, 255];
                }
            }
            None if self.is_monochrome(timer)? => colors[1] = [255; 4],
            None => colors.iter_mut().zip(0..=255).for_each(|(color, gray)| *color = [gray, gray, gray, 255]),
        }
        if let Some(index) = self.transparent {
            colors[usize::from(index)] = [0; 4];
        }
        Ok(colors)
    }

    /// Whether no index is above 1.
    fn is_monochrome(&self, timer: &CpuTimer<'_>) -> Result<bool> {
        let mut decoder = self.decoder(WINDOW, timer)?;
        while let Some(rows) = decoder.next_rows(timer)? {
            // Without a branch on each index, which would make it many times as slow.
            if rows.iter().fold(0, |bits, index| bits | index) > 1 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The most indices that [`FirstFrame::decode`] holds of a frame of this size, a byte each: some for the strings to come,
/// and all of them, beside these where they are many, where the frame is interlaced.
///
/// ```
/// use image_ingest_gif::held_indices;
/// use image_ingest_samples::Size;
///
/// assert_eq!(held_indices(Size::new(200, 100), true), 20_000);
/// assert!(held_indices(Size::new(16_000, 12_000), false) < 18_000_000);
/// ```
#[must_use]
pub fn held_indices(size: Size, interlaced: bool) -> u64 {
    let pixels = size.pixels();
    let all = if interlaced { pixels } else { 0 };
    if all > 0 && all <= WHOLE as u64 {
        return all;
    }
    // The window is replaced by a longer one where the strings need that.
    let window = if pixels > WINDOW as u64 { WINDOW as u64 + pixels.min(MAX_WINDOW as u64) } else { pixels };
    all + window
}

/// Indices of an interlaced frame that are decoded to where they stay. Those of larger ones are in pieces.
const WHOLE: usize = 1 << 25;

/// Indices that are held at first: they fit the second cache beside the strings of a photo.
const WINDOW: usize = 1 << 18;

/// The logical screen (§ 18) and the global colour table (§ 19).
struct Screen<'a> {
    width: u32,
    height: u32,
    palette: Option<&'a [u8]>,
}

impl<'a> Screen<'a> {
    fn read(blocks: &mut Blocks<'a>) -> Result<Self> {
        if !matches!(blocks.take(6)?, b"GIF87a" | b"GIF89a") {
            return Err(DecodeError::malformed("no GIF signature"));
        }
        let (width, height) = (blocks.u16()?.into(), blocks.u16()?.into());
        let flags = blocks.byte()?;
        // Background colour index and pixel aspect ratio, which no decoder in use honours.
        blocks.take(2)?;
        Ok(Self { width, height, palette: blocks.color_table(flags)? })
    }
}

#[cfg(test)]
mod tests;
