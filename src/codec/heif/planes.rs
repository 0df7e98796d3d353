//! Decodes coded pictures straight into the planes of the whole: one picture, or the tiles of a grid in turn.

use std::sync::{Mutex, PoisonError};

use super::alpha::{self, Alpha};
use super::boxes::malformed;
use super::canvas::{Canvas, Tile};
use super::ffi::{Decoded, Decoder, Fault};
use super::image::{Leaf, Mosaic, Picture};
use super::intra;
use super::nal::CodedPicture;
use super::strips::Strips;
use crate::error::{Error, Result};
use crate::format::Format;
use crate::pixels::Pixels;
use crate::plan::Plan;
use crate::size::Size;
use crate::watch::Meter;
use crate::workers::Workers;

/// Decodes a picture that is one coded picture or a grid of them: planes, or RGBA where it has alpha.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `out_of_memory`, `deadline`, `cancelled`.
pub(super) fn decode(picture: &Picture<'_>, plan: &Plan, workers: Workers<'_>) -> Result<Pixels> {
    let Picture { whole, alpha, .. } = picture;
    if alpha.is_none() && whole.leaves.len() > 1 && plan.crop.size != plan.target {
        return decode_strips(picture, plan, workers);
    }
    let planes = decode_whole(picture, whole, plan.in_loop_filters, workers)?.into_planes(picture)?;
    let Some(alpha) = alpha else { return Ok(Pixels::Ycbcr(planes)) };
    let (samples, bit_depth) = decode_whole(picture, alpha, plan.in_loop_filters, workers)?.into_luma();
    let alpha = Alpha { samples, bit_depth, size: alpha.size };
    let raster = alpha::join(planes, alpha, picture.items.premultiplied, workers)?;
    Ok(Pixels::Interleaved(raster))
}

/// Decodes the picture or the alpha plane into planes.
fn decode_whole(
    picture: &Picture<'_>,
    mosaic: &Mosaic<'_>,
    in_loop_filters: bool,
    workers: Workers<'_>,
) -> Result<Canvas> {
    let canvas = Mutex::new(None);
    workers.each(&mosaic.leaves, |index, leaf, meter| {
        let (origin, shown) = mosaic.place(index, leaf)?;
        decode_leaf(picture, leaf, shown, in_loop_filters, meter, |tile| {
            // Pasting takes a fiftieth of decoding, so threads hardly meet here.
            let mut canvas = canvas.lock().unwrap_or_else(PoisonError::into_inner);
            let empty = || Canvas::new(mosaic.size, mosaic.subsampling(), mosaic.bit_depth());
            match (canvas.as_mut(), Canvas::whole(tile, mosaic)) {
                (_, Ok(whole)) => *canvas = Some(whole),
                (Some(canvas), Err(tile)) => canvas.paste(&tile, leaf.size, origin)?,
                (None, Err(tile)) => canvas.insert(empty()?).paste(&tile, leaf.size, origin)?,
            }
            Ok(())
        })
    })?;
    let canvas = canvas.into_inner().unwrap_or_else(PoisonError::into_inner);
    canvas.ok_or_else(|| Error::internal("a picture without tiles"))
}

/// Reduces a grid while its tiles are decoded.
fn decode_strips(picture: &Picture<'_>, plan: &Plan, workers: Workers<'_>) -> Result<Pixels> {
    let strips = Mutex::new(Strips::new(picture, plan)?);
    workers.each(&picture.whole.leaves, |index, leaf, meter| {
        let (_, shown) = picture.whole.place(index, leaf)?;
        decode_leaf(picture, leaf, shown, plan.in_loop_filters, meter, |tile| {
            strips.lock().unwrap_or_else(PoisonError::into_inner).paste(&tile, index)
        })
    })?;
    let strips = strips.into_inner().unwrap_or_else(PoisonError::into_inner);
    strips.finish(picture, plan).map(Pixels::ReducedYcbcr)
}

/// Decodes one coded picture, of which the part `shown` is in the whole.
fn decode_leaf(
    picture: &Picture<'_>,
    leaf: &Leaf<'_>,
    shown: Size,
    in_loop_filters: bool,
    meter: &Meter<'_>,
    then: impl FnOnce(Tile<'_>) -> Result<()>,
) -> Result<()> {
    let extents = picture.items.data(leaf.item)?;
    let gathered;
    let data = if let [whole] = *extents {
        whole
    } else {
        gathered = gather(&extents)?;
        &gathered
    };
    let coded = CodedPicture::read(&leaf.config, data)?;
    let ours = if leaf.is_shifted() { None } else { intra::decode(&coded, meter)? };
    let libde265 = Libde265 { leaf, meter, coded };
    match ours {
        Some(decoded) if !in_loop_filters => then(Tile::Ours(decoded)),
        // Our decoder has read every block.
        Some(_) => libde265.decode(true, |decoded| then(Tile::Libde265(decoded))),
        None if !in_loop_filters => libde265.decode(false, |decoded| {
            check_whole(&decoded, shown)?;
            then(Tile::Libde265(decoded))
        }),
        None => {
            // Blocks that were never decoded are filtered all the same, by parameters that were never read: then they are
            // no longer zero, and what they are is left over from earlier pictures.
            libde265.decode(false, |decoded| check_whole(&decoded, shown))?;
            libde265.decode(true, |decoded| then(Tile::Libde265(decoded)))
        }
    }
}

/// A coded picture for libde265.
struct Libde265<'p, 'a> {
    leaf: &'p Leaf<'a>,
    meter: &'p Meter<'p>,
    coded: CodedPicture<'p>,
}

impl Libde265<'_, '_> {
    fn decode(&self, in_loop_filters: bool, then: impl FnOnce(Decoded<'_>) -> Result<()>) -> Result<()> {
        let Self { leaf, meter, coded } = self;
        let mut decoder = Decoder::new(leaf.coded_size(), in_loop_filters).ok_or(Error::OutOfMemory { bytes: 0 })?;
        for nal in coded.units() {
            meter.check()?;
            decoder.push(nal).map_err(refused)?;
        }
        // Many slices that each cover the whole picture fit into few bytes.
        let decoded = decoder
            .finish(|| meter.check().is_ok())
            .map_err(|fault| meter.check().err().unwrap_or_else(|| refused(fault)))?;
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

fn check_layout(decoded: &Decoded<'_>, leaf: &Leaf<'_>) -> Result<()> {
    let luma = decoded.plane(0).ok_or_else(|| malformed("a coded picture without luma"))?;
    let (width, height) = (u32::try_from(luma.width), u32::try_from(luma.height));
    let same_size = width == Ok(leaf.size.width) && height == Ok(leaf.size.height);
    let same_format = decoded.chroma_format() == i32::from(leaf.config.chroma_format);
    if same_size && same_format && luma.bit_depth == leaf.config.bit_depth {
        Ok(())
    } else {
        Err(malformed("a coded picture other than its configuration says"))
    }
}

/// Refuses a picture with a block in its part `shown` that was never decoded, which the decoder does not tell when a slice
/// ends too early. What a grid cuts off may be zero: some phones fill it so.
///
/// The decoder starts from zeroed planes, and zero in luma and in both chroma planes is no colour: red and blue would be far below
/// black. A coding tree block has at least 16 × 16 samples (ITU-T H.265 § 7.4.3.2.1), so one sample of each is enough.
pub(super) fn check_whole(decoded: &Decoded<'_>, shown: Size) -> Result<()> {
    let (Some(luma), Some(cb), Some(cr)) = (decoded.plane(0), decoded.plane(1), decoded.plane(2)) else {
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

fn refused(fault: Fault) -> Error {
    if fault.is_out_of_memory() {
        Error::OutOfMemory { bytes: 0 }
    } else {
        Error::malformed_by(Format::Heic, "damaged HEVC data", fault)
    }
}
