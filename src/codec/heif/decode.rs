//! Decodes the primary picture of a HEIF file: one coded picture, the tiles of a grid, or pictures over each other.

use std::sync::{Mutex, PoisonError};

use image_ingest_color::{AlphaPlane, join_alpha, to_rgb};
use image_ingest_heif::Items;
use image_ingest_hevc::{CodedPicture, DecodedPicture, InLoopFilters, PictureMemory, TileRows, TiledPlanes};
use image_ingest_resize::{ChromaGrid, PlanesFormat, PlanesReducer, RasterReducer, reduce_planes};
use image_ingest_samples::{Chroma, CpuTimer, Planes, Raster, Rect, Samples, Siting, Size, Workers, reserve_exact};

use super::image::PrimaryPicture;
use super::layers::{Canvas, PlacedRaster};
use super::mosaic::{Leaf, Mosaic};
use super::picture::{HeifPicture, Layer, LayeredPicture, PictureContent};
use super::refusal::refusal;
use crate::codec::reduced::{ReducedPlanes, ReducedRaster};
use crate::error::{Error, Result};
use crate::header::Header;
use crate::pixels::ReducedRows;
use crate::plan::Plan;
use crate::upload::limits::Limits;

/// Decodes the primary item. Its turn is in the header, and is not applied here.
///
/// Planes come as planes, a picture with alpha as RGBA, and an overlay as RGB or RGBA.
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
    rows: &mut dyn ReducedRows,
) -> Result<()> {
    let PrimaryPicture { items, size, content, .. } = PrimaryPicture::read(bytes, limits, &workers.timer())?;
    if size != header.coded_size {
        return Err(Error::internal("HEIF header and decoder disagree on the size"));
    }
    match content {
        PictureContent::Picture(picture) => decode_picture(&items, &picture, plan, workers, rows),
        PictureContent::Layers(layered) => {
            let raster = decode_layers(&items, layered, size, plan.in_loop_filters, workers)?;
            hand_on_raster(&raster, plan, &workers.timer(), rows)
        }
    }
}

/// Decodes a picture that is one coded picture or a grid of them: to planes, or to RGBA where it has alpha.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `out_of_memory`, `deadline`, `cancelled`.
fn decode_picture(
    items: &Items<'_>,
    picture: &HeifPicture<'_>,
    plan: &Plan,
    workers: Workers<'_>,
    rows: &mut dyn ReducedRows,
) -> Result<()> {
    let is_reduced = plan.crop.size != plan.target;
    if picture.alpha.is_none() && picture.whole.leaves.len() > 1 && is_reduced {
        return decode_tile_rows(items, picture, plan, workers, rows);
    }
    let planes = decode_planes(items, picture, plan.in_loop_filters, workers)?;
    if picture.alpha.is_none() {
        return hand_on_planes(planes, plan, &workers.timer(), rows);
    }
    let raster = with_alpha(items, picture, planes, plan.in_loop_filters, workers)?;
    hand_on_raster(&raster, plan, &workers.timer(), rows)
}

/// Decodes pictures one after the other and puts them over each other.
fn decode_layers(
    items: &Items<'_>,
    layered: LayeredPicture<'_>,
    size: Size,
    in_loop_filters: bool,
    workers: Workers<'_>,
) -> Result<Raster> {
    let timer = workers.timer();
    let is_deep = layered.layers.iter().any(|layer| layer.picture.whole.bit_depth() > 8);
    let mut canvas = Canvas::new(size, layered.fill, is_deep, &timer)?;
    for Layer { picture, transform, offset } in layered.layers {
        let planes = decode_planes(items, &picture, in_loop_filters, workers)?;
        let raster = with_alpha(items, &picture, planes, in_loop_filters, workers)?;
        canvas.lay(&PlacedRaster { raster, transform, offset }, &timer)?;
    }
    canvas.finish()
}

pub(super) fn decode_planes(
    items: &Items<'_>,
    picture: &HeifPicture<'_>,
    in_loop_filters: bool,
    workers: Workers<'_>,
) -> Result<Planes> {
    let planes = decode_whole(items, &picture.whole, in_loop_filters, workers)?;
    planes.into_planes(picture.siting, picture.range, picture.matrix).map_err(refusal)
}

/// RGB or gray of planes; RGBA where the picture has an alpha plane, which is decoded.
fn with_alpha(
    items: &Items<'_>,
    picture: &HeifPicture<'_>,
    planes: Planes,
    in_loop_filters: bool,
    workers: Workers<'_>,
) -> Result<Raster> {
    let Some(alpha) = &picture.alpha else { return to_raster(planes, &workers.timer()) };
    let (samples, bit_depth) = decode_whole(items, alpha, in_loop_filters, workers)?.into_luma();
    let (alpha, timer) = (AlphaPlane { samples, bit_depth, size: alpha.size }, workers.timer());
    Ok(join_alpha(&to_raster(planes, &timer)?, alpha, picture.is_premultiplied, &timer)?)
}

/// RGB or gray of the size of `planes`, of 8 bits or spread over 16.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`.
fn to_raster(planes: Planes, timer: &CpuTimer<'_>) -> Result<Raster> {
    let size = planes.size;
    let full = reduce_planes(planes, Rect::whole(size), size, ChromaGrid::Full, timer)?;
    Ok(to_rgb(&full, timer)?)
}

/// Decodes the picture or the alpha plane into planes.
fn decode_whole(
    items: &Items<'_>,
    mosaic: &Mosaic<'_>,
    in_loop_filters: bool,
    workers: Workers<'_>,
) -> Result<TiledPlanes> {
    let planes = Mutex::new(None);
    let memories = Memories::default();
    workers.each(&mosaic.leaves, usize::MAX, |index, leaf, timer| {
        let (origin, _) = mosaic.place(index, leaf)?;
        let mut memory = memories.take();
        let tile = decode_leaf(items, leaf, in_loop_filters, &mut memory, timer)?;
        // Pasting takes a fiftieth of decoding, so threads seldom wait here.
        let mut planes = planes.lock().unwrap_or_else(PoisonError::into_inner);
        let tile = match TiledPlanes::from_whole(tile, mosaic.size, mosaic.subsampling()) {
            Ok(whole) => {
                *planes = Some(whole);
                return Ok(());
            }
            Err(tile) => tile,
        };
        if planes.is_none() {
            let empty = TiledPlanes::new(mosaic.size, mosaic.subsampling(), mosaic.bit_depth());
            *planes = Some(empty.map_err(refusal)?);
        }
        let pasted = planes.iter_mut().try_for_each(|planes| planes.paste(&tile.view(), leaf.size, origin, timer));
        memories.put(memory, tile);
        pasted.map_err(refusal)
    })?;
    let planes = planes.into_inner().unwrap_or_else(PoisonError::into_inner);
    planes.ok_or_else(|| Error::internal("a picture without tiles"))
}

/// Reduces a grid while its tiles are decoded.
fn decode_tile_rows(
    items: &Items<'_>,
    picture: &HeifPicture<'_>,
    plan: &Plan,
    workers: Workers<'_>,
    to: &mut dyn ReducedRows,
) -> Result<()> {
    let HeifPicture { whole, siting, range, matrix, .. } = picture;
    let (size, bit_depth, subsampling) = (whole.size, whole.bit_depth(), whole.subsampling());
    let tile = whole.leaves.first().map_or(size, |leaf| leaf.size);
    let rows = TileRows::new(size, tile, whole.columns(), subsampling, bit_depth);
    let format = PlanesFormat { size, bit_depth, subsampling, siting: *siting, range: *range, matrix: *matrix };
    let grid = plan.chroma_grid(bit_depth, *matrix);
    let reducer = PlanesReducer::new(format, plan.crop, plan.target, grid)?;
    let reduced = Mutex::new((rows, ReducedPlanes::new(reducer, &format, to)?));
    let memories = Memories::default();
    // Two rows of tiles are filled at a time, or as many as all threads together reach over.
    let window = usize::try_from(whole.columns()).unwrap_or(usize::MAX);
    workers.each(&whole.leaves, window, |index, leaf, timer| {
        let mut memory = memories.take();
        let tile = decode_leaf(items, leaf, plan.in_loop_filters, &mut memory, timer)?;
        let (rows, reduced) = &mut *reduced.lock().unwrap_or_else(PoisonError::into_inner);
        let pasted = rows.paste(&tile.view(), index, reduced, timer);
        memories.put(memory, tile);
        pasted.map_err(refusal)
    })?;
    let (_, reduced) = reduced.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(reduced.finish(&workers.timer())?)
}

/// Hands on the planes of a whole picture, and gives them back.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`; `internal`.
fn hand_on_planes(planes: Planes, plan: &Plan, timer: &CpuTimer<'_>, rows: &mut dyn ReducedRows) -> Result<()> {
    let Planes { size, bit_depth, range, matrix, .. } = planes;
    let (subsampling, siting) = match planes.chroma {
        Some(Chroma { subsampling, siting, .. }) => (Some(subsampling), siting),
        None => (None, Siting::Centred),
    };
    let format = PlanesFormat { size, bit_depth, subsampling, siting, range, matrix };
    let reducer = PlanesReducer::new(format, plan.crop, plan.target, plan.chroma_grid(bit_depth, matrix))?;
    let mut reduced = ReducedPlanes::new(reducer, &format, rows)?;
    planes.hand_on(&mut reduced, timer)?;
    planes.free(timer)?;
    Ok(reduced.finish(timer)?)
}

/// Hands on the samples of a whole picture.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`; `internal`.
fn hand_on_raster(raster: &Raster, plan: &Plan, timer: &CpuTimer<'_>, rows: &mut dyn ReducedRows) -> Result<()> {
    let Raster { size, layout, ref samples } = *raster;
    let is_deep = matches!(samples, Samples::U16(_));
    let reducer = RasterReducer::new(size, layout, if is_deep { 16 } else { 8 }, plan.crop, plan.target)?;
    let mut reduced = ReducedRaster::new(reducer, layout, is_deep, rows)?;
    raster.hand_on(&mut reduced, timer)?;
    Ok(reduced.finish(timer)?)
}

/// The memory of tiles that are done, for those to come. There is never more of it than threads: each holds that of one
/// tile, as the estimate says.
#[derive(Default)]
struct Memories(Mutex<Vec<PictureMemory>>);

impl Memories {
    fn take(&self) -> PictureMemory {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn put(&self, mut memory: PictureMemory, tile: DecodedPicture) {
        memory.keep(tile);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }
}

/// Decodes one coded picture.
fn decode_leaf(
    items: &Items<'_>,
    leaf: &Leaf<'_>,
    in_loop_filters: bool,
    memory: &mut PictureMemory,
    timer: &CpuTimer<'_>,
) -> Result<DecodedPicture> {
    let extents = items.data(leaf.item).map_err(refusal)?;
    let gathered;
    let data = if let [whole] = *extents {
        whole
    } else {
        gathered = gather(&extents, timer)?;
        &gathered
    };
    let filters = if in_loop_filters { InLoopFilters::Applied } else { InLoopFilters::LeftOut };
    let coded = CodedPicture::read(&leaf.config, data, timer).map_err(refusal)?;
    memory.decode(&coded, filters, timer).map_err(refusal)
}

fn gather(extents: &[&[u8]], timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    let len = extents.iter().map(|e| e.len()).sum();
    reserve_exact(&mut data, len)?;
    for piece in extents.iter().flat_map(|extent| extent.chunks(1 << 20)) {
        timer.check()?;
        data.extend_from_slice(piece);
    }
    Ok(data)
}
