//! Puts decoded pictures together: tiles into the planes of the whole, or of one row of them.

use image_ingest_samples::{
    Chroma, DecodeError, Matrix, PictureView, PlaneView, Planes, Range, Samples, Siting, Size, chroma_size,
    sample_count, zeroed,
};

use crate::decoded_picture::{DecodedPicture, DecodedPlane};
use crate::result::Result;

/// The planes of the whole picture while tiles are put in.
pub struct TiledPlanes {
    size: Size,
    bit_depth: u8,
    luma: Samples,
    chroma: Option<((u8, u8), Samples, Samples)>,
}

impl TiledPlanes {
    /// Zeroed planes of a picture of `size`; `subsampling` is `None` for luma alone.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`](image_ingest_samples::WorkError::OutOfMemory).
    pub fn new(size: Size, subsampling: Option<(u8, u8)>, bit_depth: u8) -> Result<Self> {
        let plane = |size: Size| {
            let len = sample_count(size, 1).ok_or_else(|| DecodeError::out_of_memory(size.pixels()))?;
            Ok::<_, DecodeError>(if bit_depth == 8 { Samples::U8(zeroed(len)?) } else { Samples::U16(zeroed(len)?) })
        };
        let chroma = match subsampling {
            None => None,
            Some(s) => Some((s, plane(chroma_size(size, s))?, plane(chroma_size(size, s))?)),
        };
        Ok(Self { size, bit_depth, luma: plane(size)?, chroma })
    }

    /// The planes of a picture that is the whole, without copying them; any other comes back.
    ///
    /// # Errors
    ///
    /// The picture, where its planes have another size.
    pub fn from_whole(
        picture: DecodedPicture,
        size: Size,
        subsampling: Option<(u8, u8)>,
    ) -> Result<Self, DecodedPicture> {
        let size_is = |plane: &DecodedPlane, size: Size| {
            u32::try_from(plane.width) == Ok(size.width) && u32::try_from(plane.height) == Ok(size.height)
        };
        let bit_depth = picture.bit_depth;
        let chroma = subsampling.map(|subsampling| (subsampling, chroma_size(size, subsampling)));
        match (&picture.planes[..], chroma) {
            ([luma], None) if size_is(luma, size) => {}
            ([luma, cb, cr], Some((_, half))) if size_is(luma, size) && size_is(cb, half) && size_is(cr, half) => {}
            _ => return Err(picture),
        }
        let mut planes = picture.planes.into_iter().map(|plane| plane.samples);
        let mut next = || planes.next().unwrap_or(Samples::U8(Vec::new()));
        let luma = next();
        Ok(Self { size, bit_depth, luma, chroma: chroma.map(|(subsampling, _)| (subsampling, next(), next())) })
    }

    /// The planes, read by `siting`, `range` and `matrix`.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`](image_ingest_samples::WorkError::Internal) where they disagree with their size.
    pub fn into_planes(self, siting: Siting, range: Range, matrix: Matrix) -> Result<Planes> {
        let Self { size, bit_depth, luma, chroma } = self;
        let chroma = chroma.map(|(subsampling, cb, cr)| Chroma { cb, cr, subsampling, siting });
        Ok(Planes { size, bit_depth, luma, chroma, range, matrix }.checked()?)
    }

    /// Luma alone, and its depth.
    pub fn into_luma(self) -> (Samples, u8) {
        (self.luma, self.bit_depth)
    }

    /// The samples of plane 0, 1 or 2.
    pub fn plane(&self, channel: usize) -> Option<&Samples> {
        match (channel, &self.chroma) {
            (0, _) => Some(&self.luma),
            (1, Some((_, cb, _))) => Some(cb),
            (2, Some((_, _, cr))) => Some(cr),
            _ => None,
        }
    }

    /// Puts a tile at `(left, top)`; what reaches over the edge is left out.
    pub fn paste(&mut self, decoded: &PictureView<'_>, tile: Size, (left, top): (u32, u32)) -> Result<()> {
        let missing = || DecodeError::malformed("a coded picture without a plane");
        paste(&mut self.luma, self.size, &decoded[0].ok_or_else(missing)?, tile, (left, top))?;
        if let Some((subsampling, cb, cr)) = &mut self.chroma {
            let (h, v) = *subsampling;
            let (size, tile) = (chroma_size(self.size, (h, v)), chroma_size(tile, (h, v)));
            let origin = (left / u32::from(h), top / u32::from(v));
            paste(cb, size, &decoded[1].ok_or_else(missing)?, tile, origin)?;
            paste(cr, size, &decoded[2].ok_or_else(missing)?, tile, origin)?;
        }
        Ok(())
    }
}

fn paste(to: &mut Samples, size: Size, from: &PlaneView<'_>, expected: Size, origin: (u32, u32)) -> Result<()> {
    let usize_of = |n: u32| usize::try_from(n).map_err(|_| DecodeError::out_of_memory(u64::from(n)));
    let (full, left, top) = (usize_of(size.width)?, usize_of(origin.0)?, usize_of(origin.1)?);
    let width = from.width.min(full.saturating_sub(left));
    let height = from.height.min(usize_of(size.height)?.saturating_sub(top));
    if from.width < usize_of(expected.width)? || from.height < usize_of(expected.height)? || width == 0 {
        return Err(DecodeError::malformed("a coded picture's planes disagree in size"));
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
        _ => return Err(DecodeError::malformed("planes of different bit depths")),
    }
    Ok(())
}

/// Copies one row into its place.
fn copy<T, U>(out: &mut [T], left: usize, row: Option<&[U]>, with: impl Fn(&mut [T], &[U])) -> Result<()> {
    let wrong = || DecodeError::internal("a tile row outside its plane");
    let row = row.ok_or_else(wrong)?;
    with(out.get_mut(left..).and_then(|out| out.get_mut(..row.len())).ok_or_else(wrong)?, row);
    Ok(())
}
