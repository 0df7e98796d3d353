//! Decodes a PNG's `IDAT` image to interleaved samples, row by row.

use super::expand::Expand;
use super::inflate::Inflate;
use super::structure::{Ihdr, Structure};
use super::unfilter::{SPARE, unfilter};
use crate::error::{Error, Result};
use crate::format::Format;
use crate::header::Header;
use crate::limits::Limits;
use crate::pixels::{Pixels, Raster, Samples, count, zeroed};
use crate::plan::Plan;
use crate::reduce::{Bands, Part, Sample};
use crate::size::Size;
use crate::watch::Meter;

/// Decodes the primary image: gray, RGB or RGBA, 8 bits, or 16 where the file has 16; reduced row by row, unless it is
/// interlaced.
///
/// # Errors
///
/// `malformed`, `truncated`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn decode(bytes: &[u8], header: &Header, plan: &Plan, limits: &Limits, meter: &Meter<'_>) -> Result<Pixels> {
    let structure = Structure::read(bytes, |size| limits.check_size(size))?;
    let size = structure.ihdr.size;
    let expand = Expand::new(&structure);
    let layout = expand.layout;
    if size != header.coded_size || header.has_alpha != (layout.channels() == 4) {
        return Err(Error::internal("PNG header and decoder disagree on the picture"));
    }
    Limits::check("memory bytes", u64::from(size.width) * MAX_PIXEL_BYTES, limits.max_memory_bytes)?;
    let mut rows = Rows::new(structure, meter)?;
    let is_wide = rows.ihdr.bit_depth == 16;
    if rows.ihdr.interlaced {
        let samples = if is_wide {
            Samples::U16(rows.woven(layout.channels(), |row, width, out| expand.row16(row, width, out))?)
        } else {
            Samples::U8(rows.woven(layout.channels(), |row, width, out| expand.row8(row, width, out))?)
        };
        rows.inflate.finish()?;
        return Ok(Pixels::Interleaved(Raster::new(size, layout, samples)?));
    }
    let part = Part::raster(size, layout, plan.crop, plan.target)?;
    let samples = if is_wide {
        Samples::U16(rows.reduced(part, layout.channels(), |row, width, out| expand.row16(row, width, out))?)
    } else if expand.is_as_stored() {
        let mut bands = Bands::new(part)?;
        rows.pass(size, |rows| bands.push_rows(rows))?;
        Samples::U8(bands.finish()?)
    } else {
        Samples::U8(rows.reduced(part, layout.channels(), |row, width, out| expand.row8(row, width, out))?)
    };
    rows.inflate.finish()?;
    Ok(Pixels::ReducedInterleaved(Raster::new(plan.target, layout, samples)?))
}

/// Four samples of 16 bits.
const MAX_PIXEL_BYTES: u64 = 8;

/// The rows of a picture as they are stored, unfiltered.
struct Rows<'a> {
    ihdr: Ihdr,
    bits_per_pixel: usize,
    inflate: Inflate<'a>,
    meter: &'a Meter<'a>,
}

impl<'a> Rows<'a> {
    fn new(structure: Structure<'a>, meter: &'a Meter<'a>) -> Result<Self> {
        let Structure { ihdr, data, .. } = structure;
        let bits_per_pixel = usize::from(ihdr.samples()) * usize::from(ihdr.bit_depth);
        let widest = filtered_len(ihdr.size.width, bits_per_pixel).ok_or_else(unaddressable)?;
        let passes = passes(ihdr.size, ihdr.interlaced);
        let lengths = passes.map(|pass| {
            filtered_len(pass.size.width, bits_per_pixel)?.checked_mul(usize::try_from(pass.size.height).ok()?)
        });
        let total = lengths.sum::<Option<usize>>().ok_or_else(unaddressable)?;
        let most = STRIP_BYTES.max(widest.saturating_mul(LEAST_ROWS));
        let inflate = Inflate::new(data, total as u64, most)?;
        Ok(Self { ihdr, bits_per_pixel, inflate, meter })
    }

    /// Gives the rows of a picture that is not interlaced, or of one pass, as many at a time as come, to `push`.
    fn pass(&mut self, size: Size, mut push: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let filtered_len = filtered_len(size.width, self.bits_per_pixel).ok_or_else(unaddressable)?;
        let row_len = filtered_len - 1;
        let bytes_per_pixel = self.bits_per_pixel.div_ceil(8);
        // Little enough to stay in the cache, before the samples are expanded and after.
        let strip = (STRIP_BYTES / filtered_len.max(side(size.width))).clamp(LEAST_ROWS, MOST_ROWS);
        let mut left = side(size.height);
        // The row above comes first; above the first row there is black.
        let mut out = zeroed((1 + strip + SPARE) * row_len)?;
        while left > 0 {
            self.meter.check()?;
            let count = strip.min(left);
            let len = count * filtered_len;
            let filtered = self.inflate.at_least(len)?.get(..len).unwrap_or_default();
            unfilter(filtered, bytes_per_pixel, row_len, &mut out).ok_or_else(unknown_filter)?;
            self.inflate.take(len);
            push(&out[row_len..][..count * row_len])?;
            out.copy_within(count * row_len..(count + 1) * row_len, 0);
            left -= count;
        }
        Ok(())
    }

    /// Reads a picture that is not interlaced: reduces the samples that `expand` makes of each row.
    fn reduced<T: Sample>(
        &mut self,
        part: Part,
        channels: usize,
        expand: impl Fn(&[u8], usize, &mut Vec<T>),
    ) -> Result<Vec<T>> {
        let mut bands = Bands::new(part)?;
        let mut samples = Vec::new();
        let size = self.ihdr.size;
        let row_len = self.row_len(size.width);
        self.pass(size, |rows| {
            let width = side(size.width);
            reserve(&mut samples, rows.len() / row_len * width * channels)?;
            rows.chunks_exact(row_len).for_each(|row| expand(row, width, &mut samples));
            bands.push_rows(&samples)
        })?;
        bands.finish()
    }

    /// Reads an interlaced picture: spreads the pixels that `expand` makes of each row over their places.
    fn woven<T: Copy + Default>(
        &mut self,
        channels: usize,
        expand: impl Fn(&[u8], usize, &mut Vec<T>),
    ) -> Result<Vec<T>> {
        let size = self.ihdr.size;
        let mut out = zeroed(count(size, channels).ok_or_else(unaddressable)?)?;
        let stride = out.len() / side(size.height);
        let mut samples = Vec::new();
        for pass in passes(size, self.ihdr.interlaced) {
            let (row_len, width) = (self.row_len(pass.size.width), side(pass.size.width));
            let mut targets = out.chunks_exact_mut(stride).skip(pass.y).step_by(pass.y_step);
            self.pass(pass.size, |rows| {
                for (row, target) in rows.chunks_exact(row_len).zip(&mut targets) {
                    reserve(&mut samples, width * channels)?;
                    expand(row, width, &mut samples);
                    let places = target.chunks_exact_mut(channels).skip(pass.x).step_by(pass.x_step);
                    places.zip(samples.chunks_exact(channels)).for_each(|(to, from)| to.copy_from_slice(from));
                }
                Ok(())
            })?;
        }
        Ok(out)
    }

    /// Bytes of an unfiltered row.
    fn row_len(&self, width: u32) -> usize {
        filtered_len(width, self.bits_per_pixel).map_or(usize::MAX, |len| len - 1)
    }
}

/// Bytes of a row of `width` pixels with its filter type.
fn filtered_len(width: u32, bits_per_pixel: usize) -> Option<usize> {
    usize::try_from(width).ok()?.checked_mul(bits_per_pixel)?.div_ceil(8).checked_add(1)
}

/// Rows that are unfiltered before they are pushed, in bytes.
const STRIP_BYTES: usize = 64 * 1024;
const LEAST_ROWS: usize = 4;
const MOST_ROWS: usize = 64;

/// Empties `samples` and makes room for `len`.
fn reserve<T>(samples: &mut Vec<T>, len: usize) -> Result<()> {
    samples.clear();
    samples.try_reserve(len).map_err(|_| Error::OutOfMemory { bytes: (len * size_of::<T>()) as u64 })
}

/// The rows that are stored one behind the other, and the places of their pixels in the picture.
#[derive(Clone, Copy)]
struct Pass {
    size: Size,
    x: usize,
    y: usize,
    x_step: usize,
    y_step: usize,
}

/// The passes that have pixels: Adam7's, or the whole picture (PNG Third Edition § 8).
fn passes(size: Size, is_interlaced: bool) -> impl Iterator<Item = Pass> {
    const WHOLE: [[u32; 4]; 1] = [[0, 0, 1, 1]];
    const ADAM7: [[u32; 4]; 7] =
        [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
    let passes: &[[u32; 4]] = if is_interlaced { &ADAM7 } else { &WHOLE };
    passes
        .iter()
        .map(move |&[x, y, x_step, y_step]| Pass {
            size: Size::new(
                size.width.saturating_sub(x).div_ceil(x_step),
                size.height.saturating_sub(y).div_ceil(y_step),
            ),
            x: side(x),
            y: side(y),
            x_step: side(x_step),
            y_step: side(y_step),
        })
        .filter(|pass| pass.size.pixels() > 0)
}

fn side(pixels: u32) -> usize {
    usize::try_from(pixels).unwrap_or(usize::MAX)
}

fn unaddressable() -> Error {
    Error::OutOfMemory { bytes: 0 }
}

fn unknown_filter() -> Error {
    Error::malformed(Format::Png, "an unknown filter type")
}
