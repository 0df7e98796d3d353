//! Decodes a PNG's `IDAT` image to interleaved samples, row by row.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use png::{BitDepth, ColorType, DecodingError, Transformations};

use super::chunks::{Chunks, SIGNATURE};
use crate::error::{Error, Result};
use crate::format::Format;
use crate::header::{Coding, Header};
use crate::limits::Limits;
use crate::pixels::{Layout, Pixels, Raster, Samples, count, zeroed};
use crate::size::Size;

/// Decodes the primary image: gray, RGB or RGBA, 8 bits, or 16 where the file has 16.
///
/// Palettes, `tRNS` and depths below 8 are expanded (PNG Third Edition § 13.12); gray with alpha becomes RGBA.
///
/// # Errors
///
/// `malformed`, `truncated`, `limit_exceeded`, `out_of_memory`.
pub(crate) fn decode(bytes: &[u8], header: &Header, limits: &Limits) -> Result<Pixels> {
    let mut reader = open(bytes, header, limits)?;
    let size = Size::new(reader.info().width, reader.info().height);
    if size != header.coded_size {
        return Err(Error::internal("PNG header and decoder disagree on the size"));
    }
    let interlaced = header.coding == Coding::Png { interlaced: true };
    let (color, depth) = reader.output_color_type();
    let layout = match color {
        ColorType::Grayscale => Layout::Gray,
        ColorType::GrayscaleAlpha | ColorType::Rgba => Layout::Rgba,
        ColorType::Rgb | ColorType::Indexed => Layout::Rgb,
    };
    let direct = !interlaced && color != ColorType::GrayscaleAlpha;
    let samples = match depth {
        BitDepth::Sixteen => Samples::U16(read_rows(&mut reader, size, interlaced, layout, be16)?),
        _ if direct => Samples::U8(read_rows_in_place(&mut reader, size, layout)?),
        _ => Samples::U8(read_rows(&mut reader, size, interlaced, layout, |&[sample]| sample)?),
    };
    // To IEND, so that the CRC of every part of the image data has been checked.
    reader.finish().map_err(refusal)?;
    Ok(Pixels::Interleaved(Raster::new(size, layout, samples)?))
}

fn open<'a>(bytes: &'a [u8], header: &Header, limits: &Limits) -> Result<Reader<'a>> {
    // Of what the decoder allocates only a row grows with the file; 64 KiB are ample for palette and transparency.
    let row_bytes = u64::from(header.coded_size.width) * MAX_PIXEL_BYTES;
    Limits::check("memory bytes", row_bytes, limits.max_memory_bytes)?;
    let bytes_allowed = usize::try_from(row_bytes).map_err(|_| unaddressable())?.saturating_add(64 * 1024);
    let mut options = png::DecodeOptions::default();
    options.set_ignore_adler32(false);
    let mut decoder = png::Decoder::new_with_options(ImageChunks::new(bytes)?, options);
    decoder.set_limits(png::Limits { bytes: bytes_allowed });
    decoder.set_transformations(Transformations::EXPAND);
    decoder.read_info().map_err(refusal)
}

/// Four samples of 16 bits.
const MAX_PIXEL_BYTES: u64 = 8;

type Reader<'a> = png::Reader<ImageChunks<'a>>;

/// Reads rows that are stored as they are wanted straight to where they belong.
fn read_rows_in_place(reader: &mut Reader<'_>, size: Size, layout: Layout) -> Result<Vec<u8>> {
    let mut out = zeroed(count(size, layout.channels()).ok_or_else(unaddressable)?)?;
    let stride = out.len() / rows(size);
    for row in out.chunks_exact_mut(stride) {
        reader.read_row(row).map_err(refusal)?.ok_or_else(missing_rows)?;
    }
    Ok(out)
}

/// Reads rows of any kind, converts their samples, and spreads each over its place.
fn read_rows<T: Copy + Default, const N: usize>(
    reader: &mut Reader<'_>,
    size: Size,
    interlaced: bool,
    layout: Layout,
    sample: impl Fn(&[u8; N]) -> T,
) -> Result<Vec<T>> {
    let channels = layout.channels();
    let gray_alpha = reader.output_color_type().0 == ColorType::GrayscaleAlpha;
    let stored = if gray_alpha { 2 } else { channels };
    let mut out = zeroed(count(size, channels).ok_or_else(unaddressable)?)?;
    let stride = out.len() / rows(size);
    let mut row = zeroed(reader.output_line_size(size.width).ok_or_else(unaddressable)?)?;
    for place in places(size, interlaced) {
        reader.read_row(&mut row).map_err(refusal)?.ok_or_else(missing_rows)?;
        let pixels = row.as_chunks::<N>().0.chunks_exact(stored);
        let start = place.y * stride;
        let target = out.get_mut(start..start + stride).unwrap_or_default().chunks_exact_mut(channels);
        for (to, from) in target.skip(place.x).step_by(place.step).zip(pixels) {
            match (&mut *to, from) {
                ([r, g, b, a], [gray, alpha]) => {
                    let gray = sample(gray);
                    (*r, *g, *b, *a) = (gray, gray, gray, sample(alpha));
                }
                (to, from) => to.iter_mut().zip(from).for_each(|(t, f)| *t = sample(f)),
            }
        }
    }
    Ok(out)
}

/// Where a stored row's pixels go: row `y`, every `step`-th pixel from `x`.
struct Place {
    x: usize,
    y: usize,
    step: usize,
}

/// The places of all stored rows: one pass over the picture, or Adam7's seven (PNG Third Edition § 8.2).
fn places(size: Size, interlaced: bool) -> impl Iterator<Item = Place> {
    const WHOLE: &[(usize, usize, usize, usize)] = &[(0, 1, 0, 1)];
    const ADAM7: &[(usize, usize, usize, usize)] =
        &[(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)];
    let width = usize::try_from(size.width).unwrap_or(usize::MAX);
    let height = rows(size);
    let passes = if interlaced { ADAM7 } else { WHOLE };
    passes
        .iter()
        .filter(move |&&(x, ..)| x < width)
        .flat_map(move |&(x, step, y, y_step)| (y..height).step_by(y_step).map(move |y| Place { x, y, step }))
}

fn rows(size: Size) -> usize {
    usize::try_from(size.height).unwrap_or(usize::MAX)
}

fn be16(bytes: &[u8; 2]) -> u16 {
    u16::from_be_bytes(*bytes)
}

fn unaddressable() -> Error {
    Error::OutOfMemory { bytes: 0 }
}

fn missing_rows() -> Error {
    Error::truncated(Format::Png, "image data ends before the last row")
}

fn refusal(error: DecodingError) -> Error {
    match error {
        DecodingError::IoError(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            Error::truncated(Format::Png, "the file ends before the image does")
        }
        // The crate keeps the cause private; the test `short_image_data_is_truncated` holds these words to its version.
        e if ["does not have enough data", "InsufficientInput"].iter().any(|s| e.to_string().contains(s)) => {
            missing_rows()
        }
        e => Error::malformed_by(Format::Png, "image data", e),
    }
}

/// The part of a PNG that decides pixels, as a stream: critical chunks, and `tRNS` before the image data.
///
/// What the decoder never sees can neither fail it nor cost anything: text, profiles, `fcTL` and `fdAT`.
struct ImageChunks<'a> {
    current: &'a [u8],
    rest: Chunks<'a>,
    data_began: bool,
}

impl<'a> ImageChunks<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self> {
        let rest = Chunks::new(bytes)?;
        Ok(Self { current: bytes.get(..SIGNATURE.len()).unwrap_or_default(), rest, data_began: false })
    }

    fn next_chunk(&mut self) -> Option<&'a [u8]> {
        loop {
            let chunk = self.rest.next()?.ok()?;
            self.data_began |= chunk.name == *b"IDAT";
            if chunk.is_critical() || (chunk.name == *b"tRNS" && !self.data_began) {
                return Some(chunk.whole);
            }
        }
    }
}

impl BufRead for ImageChunks<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.current.is_empty() {
            self.current = self.next_chunk().unwrap_or_default();
        }
        Ok(self.current)
    }

    fn consume(&mut self, n: usize) {
        self.current = self.current.get(n..).unwrap_or_default();
    }
}

impl Read for ImageChunks<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

/// Demanded by the `png` crate's bounds; its decoder only reads forward.
impl Seek for ImageChunks<'_> {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
