//! Puts decoded pictures together: tiles into the planes of the whole, or of one row of them.

use super::boxes::malformed;
use super::ffi::{Decoded, Plane};
use super::image::{Mosaic, Picture};
use super::intra;
use crate::error::{Error, Result};
use crate::pixels::{Chroma, Planes, Samples, chroma_size, count, zeroed};
use crate::size::Size;

/// A decoded picture, by whichever decoder.
pub(super) enum Tile<'d> {
    Ours(intra::Decoded),
    Libde265(Decoded<'d>),
}

impl Tile<'_> {
    /// Plane 0 is luma, 1 and 2 are chroma; `None` for a plane that is not there.
    pub(super) fn plane(&self, channel: u8) -> Option<Plane<'_>> {
        match self {
            Self::Libde265(decoded) => decoded.plane(channel),
            Self::Ours(decoded) => {
                let plane = decoded.planes.get(usize::from(channel))?;
                let (bytes, sample): (&[u8], _) = match &plane.samples {
                    Samples::U8(v) => (v, 1),
                    Samples::U16(v) => (bytemuck::cast_slice(v), 2),
                };
                let stride = plane.width.checked_mul(sample)?;
                let (width, height) = (plane.width, plane.height);
                Some(Plane { bytes, width, height, stride, bit_depth: decoded.bit_depth })
            }
        }
    }
}

/// The planes of the whole picture while tiles are put in.
pub(super) struct Canvas {
    size: Size,
    bit_depth: u8,
    luma: Samples,
    chroma: Option<((u8, u8), Samples, Samples)>,
}

impl Canvas {
    pub(super) fn new(size: Size, subsampling: Option<(u8, u8)>, bit_depth: u8) -> Result<Self> {
        let plane = |size: Size| {
            let len = count(size, 1).ok_or(Error::OutOfMemory { bytes: size.pixels() })?;
            Ok::<_, Error>(if bit_depth == 8 { Samples::U8(zeroed(len)?) } else { Samples::U16(zeroed(len)?) })
        };
        let chroma = match subsampling {
            None => None,
            Some(s) => Some((s, plane(chroma_size(size, s))?, plane(chroma_size(size, s))?)),
        };
        Ok(Self { size, bit_depth, luma: plane(size)?, chroma })
    }

    /// The planes of a tile that is the whole picture, without copying them; any other tile comes back.
    pub(super) fn whole<'d>(tile: Tile<'d>, mosaic: &Mosaic<'_>) -> Result<Self, Tile<'d>> {
        let Tile::Ours(decoded) = tile else {
            return Err(tile);
        };
        let size_is = |plane: &intra::Plane, size: Size| {
            u32::try_from(plane.width) == Ok(size.width) && u32::try_from(plane.height) == Ok(size.height)
        };
        let (size, bit_depth) = (mosaic.size, decoded.bit_depth);
        let chroma = mosaic.subsampling().map(|subsampling| (subsampling, chroma_size(size, subsampling)));
        match (&decoded.planes[..], chroma) {
            ([luma], None) if size_is(luma, size) => {}
            ([luma, cb, cr], Some((_, half))) if size_is(luma, size) && size_is(cb, half) && size_is(cr, half) => {}
            _ => return Err(Tile::Ours(decoded)),
        }
        let mut planes = decoded.planes.into_iter().map(|plane| plane.samples);
        let mut next = || planes.next().unwrap_or(Samples::U8(Vec::new()));
        let luma = next();
        Ok(Self { size, bit_depth, luma, chroma: chroma.map(|(subsampling, _)| (subsampling, next(), next())) })
    }

    /// The planes, with what the picture says of them.
    pub(super) fn into_planes(self, picture: &Picture<'_>) -> Result<Planes> {
        let Self { size, bit_depth, luma, chroma } = self;
        let Picture { siting, range, matrix, .. } = *picture;
        let chroma = chroma.map(|(subsampling, cb, cr)| Chroma { cb, cr, subsampling, siting });
        Planes { size, bit_depth, luma, chroma, range, matrix }.checked()
    }

    /// Luma alone, and its depth.
    pub(super) fn into_luma(self) -> (Samples, u8) {
        (self.luma, self.bit_depth)
    }

    /// The samples of plane 0, 1 or 2.
    pub(super) fn plane(&self, channel: usize) -> Option<&Samples> {
        match (channel, &self.chroma) {
            (0, _) => Some(&self.luma),
            (1, Some((_, cb, _))) => Some(cb),
            (2, Some((_, _, cr))) => Some(cr),
            _ => None,
        }
    }

    /// Puts a tile at `(left, top)`; what reaches over the edge is left out.
    pub(super) fn paste(&mut self, decoded: &Tile<'_>, tile: Size, (left, top): (u32, u32)) -> Result<()> {
        let missing = || malformed("a coded picture without a plane");
        paste(&mut self.luma, self.size, &decoded.plane(0).ok_or_else(missing)?, tile, (left, top))?;
        if let Some((subsampling, cb, cr)) = &mut self.chroma {
            let (h, v) = *subsampling;
            let (size, tile) = (chroma_size(self.size, (h, v)), chroma_size(tile, (h, v)));
            let origin = (left / u32::from(h), top / u32::from(v));
            paste(cb, size, &decoded.plane(1).ok_or_else(missing)?, tile, origin)?;
            paste(cr, size, &decoded.plane(2).ok_or_else(missing)?, tile, origin)?;
        }
        Ok(())
    }
}

fn paste(to: &mut Samples, size: Size, from: &Plane<'_>, expected: Size, origin: (u32, u32)) -> Result<()> {
    let usize_of = |n: u32| usize::try_from(n).map_err(|_| Error::OutOfMemory { bytes: u64::from(n) });
    let (full, left, top) = (usize_of(size.width)?, usize_of(origin.0)?, usize_of(origin.1)?);
    let width = from.width.min(full.saturating_sub(left));
    let height = from.height.min(usize_of(size.height)?.saturating_sub(top));
    if from.width < usize_of(expected.width)? || from.height < usize_of(expected.height)? || width == 0 {
        return Err(malformed("a coded picture's planes disagree in size"));
    }
    let rows = from.bytes.chunks(from.stride).take(height);
    match to {
        Samples::U8(samples) if from.bit_depth == 8 => {
            for (row, out) in rows.zip(samples.chunks_exact_mut(full).skip(top)) {
                copy(out, left, row.get(..width), |out, row| out.copy_from_slice(row))?;
            }
        }
        Samples::U16(samples) if from.bit_depth > 8 => {
            for (row, out) in rows.zip(samples.chunks_exact_mut(full).skip(top)) {
                let (pairs, _) = row.as_chunks::<2>();
                copy(out, left, pairs.get(..width), |out, row| {
                    out.iter_mut().zip(row).for_each(|(o, &pair)| *o = u16::from_ne_bytes(pair));
                })?;
            }
        }
        _ => return Err(malformed("planes of different bit depths")),
    }
    Ok(())
}

/// Copies one row into its place.
fn copy<T, U>(out: &mut [T], left: usize, row: Option<&[U]>, with: impl Fn(&mut [T], &[U])) -> Result<()> {
    let wrong = || Error::internal("a tile row outside its plane");
    let row = row.ok_or_else(wrong)?;
    with(out.get_mut(left..).and_then(|out| out.get_mut(..row.len())).ok_or_else(wrong)?, row);
    Ok(())
}
