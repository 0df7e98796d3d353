//! What decoding a HEIF picture holds in memory.

use image_ingest_color::ColorDescription;
use image_ingest_resize::ChromaGrid;
use image_ingest_samples::{Cicp, Matrix, Size};

use crate::header::{Coding, Header};
use crate::plan::Plan;
use crate::plan::cost::{DecodeCost, SampleDensity, bytes_per_sample};

/// A grid that is reduced is held a row of tiles at a time, and everything else whole. Each thread holds a tile more.
pub(crate) fn cost(header: &Header, plan: &Plan, threads: usize) -> DecodeCost {
    let (tiles, tile_size, subsampling) = match header.coding {
        Coding::Hevc { largest_layer: Some(layer), tiles, tile_size, .. } => {
            return of_layers(header, layer, (tiles, tile_size), threads);
        }
        Coding::Hevc { tiles, tile_size, subsampling, .. } => (tiles, tile_size, subsampling),
        _ => (1, header.coded_size, None),
    };
    let bytes_per_sample = bytes_per_sample(header);
    let coded = SampleDensity::subsampled(subsampling);
    let density = if header.has_alpha { SampleDensity::interleaved(4) } else { coded };
    let tile_bytes = coded.bytes(tile_size.pixels(), bytes_per_sample) + notes(tile_size, coded, bytes_per_sample);
    let tile_row = u64::from(header.coded_size.width) * u64::from(tile_size.height);
    let tile_row_bytes = density.bytes(tile_row, bytes_per_sample);
    let is_planar = !header.has_alpha;
    DecodeCost {
        density,
        streams: tiles > 1 && !header.has_alpha && plan.crop.size != plan.target,
        stays_planar: is_planar && plan.chroma_grid(header.bit_depth, matrix(header)) == ChromaGrid::Half,
        working_bytes: if header.has_alpha {
            // RGB and alpha while RGBA is made of them, or planes while a tile is decoded.
            tile_bytes.max(header.coded_size.pixels() * 4 * bytes_per_sample)
        } else if tiles == 1 {
            // The coded picture becomes the decoded one in place.
            tile_bytes.saturating_sub(coded.bytes(header.coded_size.pixels(), bytes_per_sample))
        } else {
            tile_bytes
        },
        tile_row_bytes,
        extra_for_threads: extra_for_threads(header.coded_size, tiles, tile_size, tile_bytes, tile_row_bytes, threads),
    }
}

/// The canvas of an overlay, and one layer at a time: its planes, and RGBA that is made of RGB and alpha.
fn of_layers(header: &Header, layer: Size, (tiles, tile_size): (u32, Size), threads: usize) -> DecodeCost {
    let bytes_per_sample = bytes_per_sample(header);
    let layer_bytes = SampleDensity::interleaved(8).bytes(layer.pixels(), bytes_per_sample);
    let tile = SampleDensity::interleaved(3);
    let tile_bytes = tile.bytes(tile_size.pixels(), bytes_per_sample) + notes(tile_size, tile, bytes_per_sample);
    DecodeCost {
        density: SampleDensity::interleaved(if header.has_alpha { 4 } else { 3 }),
        streams: false,
        stays_planar: false,
        working_bytes: layer_bytes + tile_bytes,
        tile_row_bytes: 0,
        extra_for_threads: extra_for_threads(layer, tiles, tile_size, tile_bytes, 0, threads),
    }
}

/// What the decoder holds of a coded picture beside its samples: at most two fifths of a byte a pixel for the blocks
/// that it has decoded, and a row of coding trees of 64 rows, with one more above and below, while offsets are added.
fn notes(size: Size, density: SampleDensity, bytes_per_sample: u64) -> u64 {
    size.pixels() / 2 + density.bytes(66 * u64::from(size.width), bytes_per_sample)
}

/// Memory that decoding with `threads` threads needs beyond decoding with one: a tile for each further thread, and the
/// rows of tiles that they fill: tiles are begun at most a row, or as many as there are threads, ahead of the first that
/// is not finished.
fn extra_for_threads(
    size: Size,
    tiles: u32,
    tile_size: Size,
    tile_bytes: u64,
    tile_row_bytes: u64,
    threads: usize,
) -> u64 {
    let further = u64::from(tiles).min(threads as u64).saturating_sub(1);
    let columns = size.width.div_ceil(tile_size.width.max(1)).max(1);
    let bytes = further * tile_bytes + further.div_ceil(columns.into()) * tile_row_bytes;
    bytes + bytes / 8
}

/// The matrix of the picture's planes, as far as its header tells: what a profile comes with is not in the header.
fn matrix(header: &Header) -> Matrix {
    match &header.color {
        ColorDescription::Cicp(Cicp { matrix: 2 | 5 | 6, .. }) | ColorDescription::Srgb => Matrix::Bt601,
        _ => Matrix::Bt709,
    }
}
