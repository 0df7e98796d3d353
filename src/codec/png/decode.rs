//! Decodes a PNG's `IDAT` image to interleaved samples, row by row.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use png::{BitDepth, ColorType, DecodingError, Transformations};

use super::chunks::{Chunks, SIGNATURE};
use super::inflate::Inflate;
use super::unfilter::{SPARE, unfilter};
use crate::error::{Error, Result};
use crate::format::Format;
use crate::header::{Coding, Header};
use crate::limits::Limits;
use crate::pixels::{Layout, Pixels, Raster, Samples, count, zeroed};
use crate::plan::Plan;
use crate::reduce::{Bands, Part, Sample};
use crate::size::Size;
use crate::watch::Meter;

/// Decodes the primary image: gray, RGB or RGBA, 8 bits, or 16 where the file has 16; reduced row by row, unless it is
/// interlaced.
///
/// Palettes, `tRNS` and depths below 8 are expanded (PNG Third Edition § 13.12); gray with alpha becomes RGBA.
///
/// # Errors
///
/// `malformed`, `truncated`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn decode(bytes: &[u8], header: &Header, plan: &Plan, limits: &Limits, meter: &Meter<'_>) -> Result<Pixels> {
    let mut reader = open(bytes, header, limits)?;
    let size = Size::new(reader.info().width, reader.info().height);
    if size != header.coded_size {
        return Err(Error::internal("PNG header and decoder disagree on the size"));
    }
    let (color, depth) = reader.output_color_type();
    let layout = match color {
        ColorType::Grayscale => Layout::Gray,
        ColorType::GrayscaleAlpha | ColorType::Rgba => Layout::Rgba,
        ColorType::Rgb | ColorType::Indexed => Layout::Rgb,
    };
    let gray_alpha = color == ColorType::GrayscaleAlpha;
    let interlaced = header.coding == Coding::Png { interlaced: true };
    let part = Part::raster(size, layout, plan.crop, plan.target)?;
    let samples = match (depth, interlaced) {
        (BitDepth::Sixteen, true) => Samples::U16(read_passes(&mut reader, size, layout, meter, be16)?),
        (_, true) => Samples::U8(read_passes(&mut reader, size, layout, meter, |&[sample]| sample)?),
        (BitDepth::Sixteen, false) => {
            let mut converted = Vec::new();
            Samples::U16(read_rows(&mut reader, bytes, part, meter, |rows, bands| {
                convert(rows, gray_alpha, be16, &mut converted)?;
                bands.push_rows(&converted)
            })?)
        }
        (_, false) if gray_alpha => {
            let mut converted = Vec::new();
            Samples::U8(read_rows(&mut reader, bytes, part, meter, |rows, bands| {
                convert(rows, gray_alpha, |&[sample]| sample, &mut converted)?;
                bands.push_rows(&converted)
            })?)
        }
        (_, false) => Samples::U8(read_rows(&mut reader, bytes, part, meter, |rows, bands| bands.push_rows(rows))?),
    };
    // To IEND, so that the CRC of every part of the image data has been checked.
    reader.finish().map_err(refusal)?;
    Ok(if interlaced {
        Pixels::Interleaved(Raster::new(size, layout, samples)?)
    } else {
        Pixels::ReducedInterleaved(Raster::new(plan.target, layout, samples)?)
    })
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

/// Reads the rows of a picture that is not interlaced, as many at a time as come, through `push`.
fn read_rows<T: Sample>(
    reader: &mut Reader<'_>,
    bytes: &[u8],
    part: Part,
    meter: &Meter<'_>,
    mut push: impl FnMut(&[u8], &mut Bands<T>) -> Result<()>,
) -> Result<Vec<T>> {
    let mut bands = Bands::new(part)?;
    let mut push = |rows: &[u8]| {
        meter.check()?;
        push(rows, &mut bands)
    };
    let info = reader.info();
    let size = Size::new(info.width, info.height);
    let as_stored = (info.color_type, info.bit_depth) == reader.output_color_type();
    let row_len = reader.output_line_size(size.width).ok_or_else(unaddressable)?;
    if as_stored {
        inflate_rows(bytes, size, row_len, info.bytes_per_pixel(), push)?;
    } else {
        let mut row = zeroed(row_len)?;
        for _ in 0..size.height {
            reader.read_row(&mut row).map_err(refusal)?.ok_or_else(missing_rows)?;
            push(&row)?;
        }
    }
    bands.finish()
}

/// Inflates and unfilters the image data here, which takes half the time of the crate's way.
fn inflate_rows(
    bytes: &[u8],
    size: Size,
    row_len: usize,
    bytes_per_pixel: usize,
    mut push: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let strip = (STRIP_BYTES / row_len).clamp(4, 64);
    let mut left = rows(size);
    let total = left.checked_mul(row_len + 1).ok_or_else(unaddressable)?;
    let mut inflate = Inflate::new(bytes, total as u64, strip * (row_len + 1))?;
    // The row above comes first; above the first row there is black.
    let mut out = zeroed((1 + strip + SPARE) * row_len)?;
    while left > 0 {
        let count = strip.min(left);
        let len = count * (row_len + 1);
        let filtered = inflate.at_least(len)?.get(..len).unwrap_or_default();
        unfilter(filtered, bytes_per_pixel, row_len, &mut out).ok_or_else(unknown_filter)?;
        inflate.take(len);
        push(&out[row_len..][..count * row_len])?;
        out.copy_within(count * row_len..(count + 1) * row_len, 0);
        left -= count;
    }
    Ok(())
}

/// Rows that are unfiltered before they are pushed, in bytes: little enough to stay in the cache.
const STRIP_BYTES: usize = 64 * 1024;

/// Converts the samples of rows that are stored otherwise than wanted.
fn convert<T: Copy, const N: usize>(
    rows: &[u8],
    gray_alpha: bool,
    sample: impl Fn(&[u8; N]) -> T,
    to: &mut Vec<T>,
) -> Result<()> {
    let samples = rows.as_chunks::<N>().0;
    let len = if gray_alpha { samples.len() * 2 } else { samples.len() };
    to.clear();
    to.try_reserve(len).map_err(|_| Error::OutOfMemory { bytes: (len * size_of::<T>()) as u64 })?;
    if gray_alpha {
        to.extend(samples.as_chunks::<2>().0.iter().flat_map(|[gray, alpha]| {
            let (gray, alpha) = (sample(gray), sample(alpha));
            [gray, gray, gray, alpha]
        }));
    } else {
        to.extend(samples.iter().map(sample));
    }
    Ok(())
}

/// Reads an interlaced picture: converts the samples of each row and spreads its pixels over their places.
fn read_passes<T: Copy + Default, const N: usize>(
    reader: &mut Reader<'_>,
    size: Size,
    layout: Layout,
    meter: &Meter<'_>,
    sample: impl Fn(&[u8; N]) -> T + Copy,
) -> Result<Vec<T>> {
    let channels = layout.channels();
    let gray_alpha = reader.output_color_type().0 == ColorType::GrayscaleAlpha;
    let mut out = zeroed(count(size, channels).ok_or_else(unaddressable)?)?;
    let stride = out.len() / rows(size);
    let mut row = zeroed(reader.output_line_size(size.width).ok_or_else(unaddressable)?)?;
    let mut converted = Vec::new();
    for place in places(size) {
        meter.check()?;
        reader.read_row(&mut row).map_err(refusal)?.ok_or_else(missing_rows)?;
        convert(&row, gray_alpha, sample, &mut converted)?;
        let start = place.y * stride;
        let target = out.get_mut(start..start + stride).unwrap_or_default().chunks_exact_mut(channels);
        let pixels = converted.chunks_exact(channels);
        target.skip(place.x).step_by(place.step).zip(pixels).for_each(|(to, from)| to.copy_from_slice(from));
    }
    Ok(out)
}

/// Where a stored row's pixels go: row `y`, every `step`-th pixel from `x`.
struct Place {
    x: usize,
    y: usize,
    step: usize,
}

/// The places of all stored rows in Adam7's passes (PNG Third Edition § 8.2).
fn places(size: Size) -> impl Iterator<Item = Place> {
    const ADAM7: [(usize, usize, usize, usize); 7] =
        [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)];
    let width = usize::try_from(size.width).unwrap_or(usize::MAX);
    let height = rows(size);
    ADAM7
        .into_iter()
        .filter(move |&(x, ..)| x < width)
        .flat_map(move |(x, step, y, y_step)| (y..height).step_by(y_step).map(move |y| Place { x, y, step }))
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

fn unknown_filter() -> Error {
    Error::malformed(Format::Png, "an unknown filter type")
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
