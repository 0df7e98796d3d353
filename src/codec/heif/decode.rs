//! Decodes the primary picture of a HEIF file: one coded picture, or the tiles of a grid.
//!
//! Each coded picture is read by our own decoder first. libde265 decodes it again where in-loop filters are wanted, and
//! alone where ours does not know it. What ours knows and cannot decode is refused at once.
//!
//! # Blocks that were never filled
//!
//! libde265 does not say when a slice ends before the picture does. It decodes over planes that start zeroed, and
//! [`check_whole`] looks for blocks that are still zero in luma and in both chroma planes, which is no colour. It looks
//! before the in-loop filters, which change such blocks, too, by parameters that were never read. It looks only at the
//! part of a tile that its grid shows, since some phones fill the rest with zeros. A picture that our own decoder has
//! read is whole.

use std::sync::{Mutex, PoisonError};

use image_ingest_c_decoders::hevc::{De265Decoder, De265Error, De265Picture};
use image_ingest_hevc::{CodedPicture, DecodedPicture, TileRows, TiledPlanes};
use image_ingest_resize::{PlanesFormat, PlanesReducer};
use image_ingest_samples::{CpuTimer, DecodeError, PictureView, Size, Workers};

use super::alpha::{self, Alpha};
use super::image::{Leaf, Mosaic, PrimaryPicture};
use super::refusal::{malformed, refusal};
use crate::error::{Error, Result};
use crate::header::Header;
use crate::pixels::Pixels;
use crate::plan::Plan;
use crate::upload::format::Format;
use crate::upload::limits::Limits;

/// Decodes the primary item at its coded size. Its crop and its turn are in the header, and are not applied here.
///
/// Planes come as stored; a picture with alpha comes as RGBA.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn decode(
    bytes: &[u8],
    header: &Header,
    plan: &Plan,
    limits: &Limits,
    workers: Workers<'_>,
) -> Result<Pixels> {
    let picture = PrimaryPicture::read(bytes, limits)?;
    if picture.whole.size != header.coded_size {
        return Err(Error::internal("HEIF header and decoder disagree on the size"));
    }
    decode_picture(&picture, plan, workers)
}

/// Decodes a picture that is one coded picture or a grid of them: planes, or RGBA where it has alpha.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `out_of_memory`, `deadline`, `cancelled`.
fn decode_picture(picture: &PrimaryPicture<'_>, plan: &Plan, workers: Workers<'_>) -> Result<Pixels> {
    let PrimaryPicture { whole, alpha, .. } = picture;
    if alpha.is_none() && whole.leaves.len() > 1 && plan.crop.size != plan.target {
        return decode_tile_rows(picture, plan, workers);
    }
    let planes = decode_whole(picture, whole, plan.in_loop_filters, workers)?
        .into_planes(picture.siting, picture.range, picture.matrix)
        .map_err(refusal)?;
    let Some(alpha) = alpha else { return Ok(Pixels::Ycbcr(planes)) };
    let (samples, bit_depth) = decode_whole(picture, alpha, plan.in_loop_filters, workers)?.into_luma();
    let alpha = Alpha { samples, bit_depth, size: alpha.size };
    let raster = alpha::join(planes, alpha, picture.items.is_premultiplied(), workers)?;
    Ok(Pixels::Interleaved(raster))
}

/// Decodes the picture or the alpha plane into planes.
fn decode_whole(
    picture: &PrimaryPicture<'_>,
    mosaic: &Mosaic<'_>,
    in_loop_filters: bool,
    workers: Workers<'_>,
) -> Result<TiledPlanes> {
    let planes = Mutex::new(None);
    workers.each(&mosaic.leaves, usize::MAX, |index, leaf, timer| {
        let (origin, shown) = mosaic.place(index, leaf)?;
        decode_leaf(picture, leaf, shown, in_loop_filters, timer, |tile| {
            // Pasting takes a fiftieth of decoding, so threads seldom wait here.
            let mut planes = planes.lock().unwrap_or_else(PoisonError::into_inner);
            let tile = match tile {
                Tile::Ours(picture) => match TiledPlanes::from_whole(picture, mosaic.size, mosaic.subsampling()) {
                    Ok(whole) => {
                        *planes = Some(whole);
                        return Ok(());
                    }
                    Err(picture) => Tile::Ours(picture),
                },
                theirs => theirs,
            };
            if planes.is_none() {
                *planes = Some(TiledPlanes::new(mosaic.size, mosaic.subsampling(), mosaic.bit_depth())?);
            }
            planes.iter_mut().try_for_each(|planes| planes.paste(&tile.view(), leaf.size, origin))
        })
    })?;
    let planes = planes.into_inner().unwrap_or_else(PoisonError::into_inner);
    planes.ok_or_else(|| Error::internal("a picture without tiles"))
}

/// Reduces a grid while its tiles are decoded.
fn decode_tile_rows(picture: &PrimaryPicture<'_>, plan: &Plan, workers: Workers<'_>) -> Result<Pixels> {
    let PrimaryPicture { whole, siting, range, matrix, .. } = picture;
    let (size, bit_depth, subsampling) = (whole.size, whole.bit_depth(), whole.subsampling());
    let tile = whole.leaves.first().map_or(size, |leaf| leaf.size);
    let rows = TileRows::new(size, tile, whole.columns(), subsampling, bit_depth);
    let format = PlanesFormat { size, bit_depth, subsampling, siting: *siting, range: *range, matrix: *matrix };
    let grid = plan.chroma_grid(bit_depth, *matrix);
    let reducer = PlanesReducer::new(format, plan.crop, plan.target, grid)?;
    let reduced = Mutex::new((rows, reducer));
    // Two rows of tiles are filled at a time, or as many as all threads together reach over.
    let window = usize::try_from(whole.columns()).unwrap_or(usize::MAX);
    workers.each(&whole.leaves, window, |index, leaf, timer| {
        let (_, shown) = whole.place(index, leaf)?;
        decode_leaf(picture, leaf, shown, plan.in_loop_filters, timer, |tile| {
            let (rows, reducer) = &mut *reduced.lock().unwrap_or_else(PoisonError::into_inner);
            rows.paste(&tile.view(), index, reducer)
        })
    })?;
    let (rows, reducer) = reduced.into_inner().unwrap_or_else(PoisonError::into_inner);
    drop(rows);
    Ok(Pixels::ReducedYcbcr(reducer.finish()?))
}

/// A decoded picture, by whichever decoder.
enum Tile<'d> {
    Ours(DecodedPicture),
    Libde265(De265Picture<'d>),
}

impl Tile<'_> {
    fn view(&self) -> PictureView<'_> {
        match self {
            Self::Ours(picture) => picture.view(),
            Self::Libde265(picture) => picture.view(),
        }
    }
}

/// Decodes one coded picture and hands it to `then`. Its top left part, of size `shown`, is in the whole picture.
fn decode_leaf(
    picture: &PrimaryPicture<'_>,
    leaf: &Leaf<'_>,
    shown: Size,
    in_loop_filters: bool,
    timer: &CpuTimer<'_>,
    then: impl FnOnce(Tile<'_>) -> Result<(), DecodeError>,
) -> Result<()> {
    let extents = picture.items.data(leaf.item).map_err(refusal)?;
    let gathered;
    let data = if let [whole] = *extents {
        whole
    } else {
        gathered = gather(&extents)?;
        &gathered
    };
    let coded = CodedPicture::read(&leaf.config, data).map_err(refusal)?;
    let ours = decode_by_ours(leaf, &coded, timer)?;
    let libde265 = Libde265 { leaf, timer, coded };
    match ours {
        Some(decoded) if !in_loop_filters => then(Tile::Ours(decoded)).map_err(refusal),
        // Our decoder has read every block, so none is missing.
        Some(_) => libde265.decode(true, |decoded| then(Tile::Libde265(decoded)).map_err(refusal)),
        None if !in_loop_filters => libde265.decode(false, |decoded| {
            check_whole(&decoded, shown)?;
            then(Tile::Libde265(decoded)).map_err(refusal)
        }),
        None => {
            // With the filters, blocks that were never decoded would no longer be zero, so they are looked for without.
            libde265.decode(false, |decoded| check_whole(&decoded, shown))?;
            libde265.decode(true, |decoded| then(Tile::Libde265(decoded)).map_err(refusal))
        }
    }
}

/// Decodes a picture by our decoder; `None` for what it does not know.
fn decode_by_ours(leaf: &Leaf<'_>, coded: &CodedPicture<'_>, timer: &CpuTimer<'_>) -> Result<Option<DecodedPicture>> {
    if leaf.is_shifted() {
        return Ok(None);
    }
    match image_ingest_hevc::decode(coded, timer) {
        Err(DecodeError::Unsupported { .. }) => Ok(None),
        decoded => decoded.map(Some).map_err(refusal),
    }
}

/// A coded picture for libde265.
struct Libde265<'p, 'a> {
    leaf: &'p Leaf<'a>,
    timer: &'p CpuTimer<'p>,
    coded: CodedPicture<'p>,
}

impl Libde265<'_, '_> {
    fn decode(&self, in_loop_filters: bool, then: impl FnOnce(De265Picture<'_>) -> Result<()>) -> Result<()> {
        let Self { leaf, timer, coded } = self;
        let mut decoder =
            De265Decoder::new(leaf.coded_size(), in_loop_filters).ok_or(Error::OutOfMemory { bytes: 0 })?;
        for nal in coded.units() {
            timer.check()?;
            decoder.push(nal).map_err(damaged)?;
        }
        // Few bytes may hold many slices that each cover the whole picture, so the timer is asked before each.
        let decoded = decoder
            .finish(|| timer.check().is_ok())
            .map_err(|fault| timer.check().err().map_or_else(|| damaged(fault), Into::into))?;
        let decoded = decoded.ok_or_else(|| malformed("an item without a coded picture"))?;
        check_layout(&decoded, leaf)?;
        then(decoded)
    }
}

fn gather(extents: &[&[u8]]) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    let len = extents.iter().map(|e| e.len()).sum();
    data.try_reserve_exact(len).map_err(|_| Error::OutOfMemory { bytes: len as u64 })?;
    extents.iter().for_each(|e| data.extend_from_slice(e));
    Ok(data)
}

fn check_layout(decoded: &De265Picture<'_>, leaf: &Leaf<'_>) -> Result<()> {
    let luma = decoded.view()[0].ok_or_else(|| malformed("a coded picture without luma"))?;
    let (width, height) = (u32::try_from(luma.width), u32::try_from(luma.height));
    let same_size = width == Ok(leaf.size.width) && height == Ok(leaf.size.height);
    let same_format = decoded.chroma_format() == i32::from(leaf.config.chroma_format);
    if same_size && same_format && luma.bit_depth == leaf.config.bit_depth {
        Ok(())
    } else {
        Err(malformed("a coded picture other than its configuration says"))
    }
}

/// Refuses a picture with a block in its top left part, of size `shown`, that was never decoded.
///
/// Zero in luma and in both chroma planes is no colour: red and blue would be far below black. A coding tree block has
/// at least 16 × 16 samples and begins at a multiple of its size (ITU-T H.265 § 7.4.3.2.1), so one sample in each 16 ×
/// 16 is enough. Pictures without chroma are not checked, since 0 is a level of gray.
pub(super) fn check_whole(decoded: &De265Picture<'_>, shown: Size) -> Result<()> {
    let [Some(luma), Some(cb), Some(cr)] = decoded.view() else {
        return Ok(());
    };
    let (h, v) = (luma.width.div_ceil(cb.width.max(1)), luma.height.div_ceil(cb.height.max(1)));
    // In the middle of 8 × 8 samples, which deblocking does not reach.
    let middles = |side: usize, shown: u32| {
        let side = side.min(usize::try_from(shown).unwrap_or(usize::MAX));
        (0..side).step_by(16).map(move |start| (start + 4).min(side.saturating_sub(1)))
    };
    let is_missing = |x: usize, y: usize| luma.is_zero(x, y) && cb.is_zero(x / h, y / v) && cr.is_zero(x / h, y / v);
    if middles(luma.height, shown.height).any(|y| middles(luma.width, shown.width).any(|x| is_missing(x, y))) {
        return Err(malformed("a coded picture with blocks missing"));
    }
    Ok(())
}

fn damaged(fault: De265Error) -> Error {
    if fault.is_out_of_memory() {
        Error::OutOfMemory { bytes: 0 }
    } else {
        Error::in_format(Format::Heic, DecodeError::malformed_by("damaged HEVC data", fault))
    }
}
