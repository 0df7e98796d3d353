//! Decoding of generated pictures of a megapixel: each filter, each way of expansion, and inflating.
//!
//! Image data is stored and not compressed but in `inflate`, so that the figures are those of unfiltering and expansion
//! and not of inflating. Ids are `decode/png/1mp/<variant>`; throughput is pixels of the picture.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use image_ingest_png::Datastream;
use image_ingest_samples::{CpuTimer, RowSink, SampleRows, Size, WorkError};

const SIZE: Size = Size::new(1024, 1024);

/// The colour type and the bit depth of RGB with 8 bits a sample.
const RGB8: (u8, u8) = (2, 8);

/// Takes rows and keeps none.
struct Dropped;

impl RowSink for Dropped {
    fn take_rows(&mut self, _plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
        std::hint::black_box(rows);
        Ok(())
    }
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let covered = [name.as_slice(), data].concat();
    let length = u32::try_from(data.len()).expect("a few megabytes").to_be_bytes();
    [length.as_slice(), &covered, &crc32fast::hash(&covered).to_be_bytes()].concat()
}

/// Filtered rows of smooth noise, all of one filter type.
fn rows(row_len: usize, filter: u8) -> Vec<u8> {
    let mut state = 1_u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [byte, ..] = state.to_be_bytes();
        (byte & 15).wrapping_sub(8)
    };
    (0..SIZE.height)
        .flat_map(|_| std::iter::once(filter).chain((0..row_len).map(|_| random())).collect::<Vec<_>>())
        .collect()
}

/// A PNG of these rows, `between` its header and its image data.
fn file((color_type, bit_depth): (u8, u8), is_interlaced: bool, between: &[u8], zlib: &[u8]) -> Vec<u8> {
    let size = [SIZE.width.to_be_bytes(), SIZE.height.to_be_bytes()].concat();
    let ihdr = [&size[..], &[bit_depth, color_type, 0, 0, u8::from(is_interlaced)]].concat();
    let data: Vec<u8> = zlib.chunks(64 * 1024).flat_map(|part| chunk(b"IDAT", part)).collect();
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &ihdr), between.to_vec(), data, chunk(b"IEND", b"")].concat()
}

/// A zlib stream of stored blocks.
fn stored(rows: &[u8]) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    let mut compressor = fdeflate::StoredOnlyCompressor::new(&mut out).expect("a vector takes every byte");
    compressor.write_data(rows).expect("a vector takes every byte");
    compressor.finish().expect("a vector takes every byte");
    out.into_inner()
}

fn decode(file: &[u8]) {
    let png = Datastream::read(file, &CpuTimer::default()).expect("a PNG");
    png.picture().decode(&mut Dropped, &CpuTimer::default()).expect("whole image data");
}

fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode/png/1mp");
    group.throughput(Throughput::Elements(SIZE.pixels()));
    let side = SIZE.width as usize;
    let mut bench = |variant: &str, file: Vec<u8>| {
        group.bench_function(BenchmarkId::from_parameter(variant), |b| b.iter(|| decode(&file)));
    };
    for (filter, name) in (0..).zip(["none", "sub", "up", "average", "paeth"]) {
        bench(&format!("{name}_rgb8"), file(RGB8, false, b"", &stored(&rows(3 * side, filter))));
        bench(&format!("{name}_rgba8"), file((6, 8), false, b"", &stored(&rows(4 * side, filter))));
    }
    let palette = chunk(b"PLTE", &[7; 768]);
    let transparency = chunk(b"tRNS", &[9; 99]);
    bench("gray1", file((0, 1), false, b"", &stored(&rows(side / 8, 0))));
    bench("palette8", file((3, 8), false, &palette, &stored(&rows(side, 0))));
    bench(
        "palette4_trns",
        file((3, 4), false, &[chunk(b"PLTE", &[7; 48]), chunk(b"tRNS", &[9; 9])].concat(), &stored(&rows(side / 2, 0))),
    );
    bench("palette8_trns", file((3, 8), false, &[palette, transparency].concat(), &stored(&rows(side, 0))));
    bench("gray_alpha8", file((4, 8), false, b"", &stored(&rows(2 * side, 0))));
    bench("rgb16", file((2, 16), false, b"", &stored(&rows(6 * side, 0))));
    bench("rgba16_limited_range", file((6, 16), false, &chunk(b"cICP", &[9, 16, 0, 0]), &stored(&rows(8 * side, 0))));
    bench("inflate_rgb8", file(RGB8, false, b"", &fdeflate::compress_to_vec(&rows(3 * side, 0))));
    // Zeros are black rows of filter type 0, whatever their length is; those that are too many are not read.
    bench("adam7_rgb8", file(RGB8, true, b"", &stored(&vec![0; 4 * side * side])));
    group.finish();
}

criterion_group!(png, benches);
criterion_main!(png);
