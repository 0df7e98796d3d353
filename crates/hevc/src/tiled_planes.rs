//! Puts decoded pictures together: tiles into the planes of the whole, or of one row of them.

use image_ingest_samples::{
    Chroma, CpuTimer, DecodeError, Matrix, PictureView, PlaneView, Planes, Range, Samples, Siting, Size, chroma_size,
    sample_count, zeroed,
};

use crate::decoded_picture::{DecodedPicture, DecodedPlane};
use crate::result::Result;

/// The planes of a picture while tiles are put into them.
///
/// ```
/// use image_ingest_hevc::TiledPlanes;
/// use image_ingest_samples::{CpuTimer, PlaneView, Samples, Size};
///
/// let mut planes = TiledPlanes::new(Size::new(3, 2), None, 8)?;
/// let tile = Samples::U8(vec![7; 4]);
/// // The right column of the tile reaches over the edge.
/// planes.paste(&[PlaneView::of(&tile, 2, 2, 8), None, None], Size::new(2, 2), (2, 0), &CpuTimer::default())?;
/// assert_eq!(planes.into_luma(), (Samples::U8(vec![0, 0, 7, 0, 0, 7]), 8));
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
pub struct TiledPlanes {
    size: Size,
    bit_depth: u8,
    luma: Samples,
    chroma: Option<((u8, u8), Samples, Samples)>,
}

impl TiledPlanes {
    /// Zeroed planes of a picture of `size` in pixels. `subsampling` holds the factors across and down, and is `None`
    /// for luma alone. Samples of more than 8 bits take 16.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`](image_ingest_samples::WorkError::OutOfMemory): the planes do not fit into memory.
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

    /// Takes the planes of a decoded picture that is the whole picture of `size`, without a copy.
    ///
    /// # Errors
    ///
    /// Gives the picture back where its planes have another size or another number.
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

    /// The planes, with the `siting` of chroma, and the `range` and `matrix` by which their samples are read.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`](image_ingest_samples::WorkError::Internal): a plane disagrees with the size, which no
    /// sequence of calls leads to.
    pub fn into_planes(self, siting: Siting, range: Range, matrix: Matrix) -> Result<Planes> {
        let Self { size, bit_depth, luma, chroma } = self;
        let chroma = chroma.map(|(subsampling, cb, cr)| Chroma { cb, cr, subsampling, siting });
        Ok(Planes { size, bit_depth, luma, chroma, range, matrix }.checked()?)
    }

    /// The luma plane, and its bits per sample.
    pub fn into_luma(self) -> (Samples, u8) {
        (self.luma, self.bit_depth)
    }

    /// The samples of luma (0), Cb (1) or Cr (2); `None` for a plane that the picture does not have.
    pub fn plane(&self, channel: usize) -> Option<&Samples> {
        match (channel, &self.chroma) {
            (0, _) => Some(&self.luma),
            (1, Some((_, cb, _))) => Some(cb),
            (2, Some((_, _, cr))) => Some(cr),
            _ => None,
        }
    }

    /// Puts a decoded picture, whose upper left part of size `tile` is shown, at `(left, top)` in pixels. What reaches
    /// over the right or the lower edge is left out, and so is what the picture has beyond `tile`.
    ///
    /// # Errors
    ///
    /// - [`DecodeError::Malformed`]: a plane is missing, is smaller than `tile`, has another bit depth, or lies behind
    ///   the right edge.
    /// - [`DecodeError::Work`]: the picture's rows do not hold what its sizes say, or `timer` ends the work.
    pub fn paste(
        &mut self,
        decoded: &PictureView<'_>,
        tile: Size,
        (left, top): (u32, u32),
        timer: &CpuTimer<'_>,
    ) -> Result<()> {
        let missing = || DecodeError::malformed("a coded picture without a plane");
        paste(&mut self.luma, self.size, &decoded[0].ok_or_else(missing)?, tile, (left, top), timer)?;
        if let Some((subsampling, cb, cr)) = &mut self.chroma {
            let (h, v) = *subsampling;
            let (size, tile) = (chroma_size(self.size, (h, v)), chroma_size(tile, (h, v)));
            let origin = (left / u32::from(h), top / u32::from(v));
            paste(cb, size, &decoded[1].ok_or_else(missing)?, tile, origin, timer)?;
            paste(cr, size, &decoded[2].ok_or_else(missing)?, tile, origin, timer)?;
        }
        Ok(())
    }
}

/// Copies one plane to `origin`, in samples of the plane. `size` is that of the plane, `expected` that of the tile.
fn paste(
    to: &mut Samples,
    size: Size,
    from: &PlaneView<'_>,
    expected: Size,
    origin: (u32, u32),
    timer: &CpuTimer<'_>,
) -> Result<()> {
    let usize_of = |n: u32| usize::try_from(n).map_err(|_| DecodeError::out_of_memory(u64::from(n)));
    let (full, left, top) = (usize_of(size.width)?, usize_of(origin.0)?, usize_of(origin.1)?);
    // A picture is coded in whole blocks. What it has beyond the tile is its neighbours', which may be there already.
    let (tile_width, tile_height) = (usize_of(expected.width)?, usize_of(expected.height)?);
    let width = tile_width.min(full.saturating_sub(left));
    let height = tile_height.min(usize_of(size.height)?.saturating_sub(top));
    if from.width < tile_width || from.height < tile_height || width == 0 {
        return Err(DecodeError::malformed("a coded picture's planes disagree in size"));
    }
    let rows = from.bytes.chunks(from.stride).take(height);
    match to {
        Samples::U8(samples) if from.bit_depth == 8 => {
            for (row, out) in rows.zip(samples.chunks_exact_mut(full).skip(top)) {
                timer.check()?;
                copy(out, left, row.get(..width), |out, row| out.copy_from_slice(row))?;
            }
        }
        Samples::U16(samples) if from.bit_depth > 8 => {
            for (row, out) in rows.zip(samples.chunks_exact_mut(full).skip(top)) {
                timer.check()?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(width: usize, height: usize, value: u8) -> Samples {
        Samples::U8(vec![value; width * height])
    }

    fn luma(samples: &Samples, width: usize, height: usize) -> PictureView<'_> {
        [PlaneView::of(samples, width, height, 8), None, None]
    }

    #[test]
    fn the_order_of_tiles_does_not_matter() {
        // Tiles of 2 × 2 that are coded as 4 × 4.
        let [first, second] = [tile(4, 4, 1), tile(4, 4, 2)];
        let pasted = |order: [(&Samples, u32); 2]| {
            let mut planes = TiledPlanes::new(Size::new(4, 2), None, 8).unwrap();
            for (samples, left) in order {
                planes.paste(&luma(samples, 4, 4), Size::new(2, 2), (left, 0), &CpuTimer::default()).unwrap();
            }
            planes.into_luma().0
        };
        let expected = Samples::U8(vec![1, 1, 2, 2, 1, 1, 2, 2]);
        assert!(pasted([(&first, 0), (&second, 2)]) == expected);
        assert!(pasted([(&second, 2), (&first, 0)]) == expected);
    }

    #[test]
    fn chroma_lies_at_its_own_place() {
        let mut planes = TiledPlanes::new(Size::new(4, 4), Some((2, 2)), 8).unwrap();
        let (y, cb, cr) = (tile(2, 2, 1), tile(1, 1, 2), tile(1, 1, 3));
        let view = [PlaneView::of(&y, 2, 2, 8), PlaneView::of(&cb, 1, 1, 8), PlaneView::of(&cr, 1, 1, 8)];
        planes.paste(&view, Size::new(2, 2), (2, 2), &CpuTimer::default()).unwrap();
        assert!(planes.plane(1) == Some(&Samples::U8(vec![0, 0, 0, 2])));
        assert!(planes.plane(2) == Some(&Samples::U8(vec![0, 0, 0, 3])));
        assert!(planes.plane(3).is_none());
        let Samples::U8(luma) = planes.plane(0).unwrap() else { panic!("16 bits") };
        assert_eq!(luma[10..12], [1, 1]);
    }

    #[test]
    fn a_tile_unlike_the_others_is_refused() {
        let (small, deep) = (tile(1, 2, 1), Samples::U16(vec![1; 4]));
        let mut planes = TiledPlanes::new(Size::new(4, 2), None, 8).unwrap();
        let mut refused = |view: PictureView<'_>, left| {
            matches!(
                planes.paste(&view, Size::new(2, 2), (left, 0), &CpuTimer::default()),
                Err(DecodeError::Malformed { .. })
            )
        };
        assert!(refused(luma(&small, 1, 2), 0));
        assert!(refused([PlaneView::of(&deep, 2, 2, 10), None, None], 0));
        assert!(refused([None; 3], 0));
        assert!(refused(luma(&tile(2, 2, 1), 2, 2), 4));
    }

    #[test]
    fn a_whole_picture_is_taken_as_it_is() {
        let picture = |width| {
            let planes = vec![DecodedPlane { width, height: 2, samples: tile(width, 2, 9) }];
            DecodedPicture { bit_depth: 8, planes }
        };
        let taken = TiledPlanes::from_whole(picture(3), Size::new(3, 2), None).ok().unwrap();
        assert!(taken.into_luma() == (tile(3, 2, 9), 8));
        assert!(TiledPlanes::from_whole(picture(8), Size::new(3, 2), None).is_err());
        assert!(TiledPlanes::from_whole(picture(3), Size::new(3, 2), Some((2, 2))).is_err());
    }
}
