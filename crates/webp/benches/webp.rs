//! Reads containers and VP8L layouts, and decodes pictures with AVX2 where the CPU has it and without.

use std::fs;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use image_ingest_samples::{CpuTimer, DecodeError, Layout, RowSink, SampleRows, Size, WorkError};
use image_ingest_webp::{
    Bitstream, Container, LosslessLayout, Vp8Decoder, decode_lossless, decode_lossy_rgba, portable,
};

fn read(name: &str) -> Vec<u8> {
    fs::read(format!("{}/../../testdata/webp/{name}", env!("CARGO_MANIFEST_DIR"))).expect("testdata")
}

fn probe(criterion: &mut Criterion) {
    let timer = CpuTimer::default();
    let mut group = criterion.benchmark_group("probe/webp");
    for (id, name) in [("4mp/lossy", "lossy_2304x1728.webp"), ("0mp/lossless", "lossless.webp")] {
        let file = read(name);
        // Most bytes of a file are those of its picture, which are not read, so there is no throughput.
        group.bench_function(id, |b| {
            b.iter(|| {
                let container = Container::read(black_box(&file), &CpuTimer::default()).expect("a WebP file");
                let layout = LosslessLayout::read(container.image.vp8l_data(), container.image.size, &timer);
                black_box(layout.ok())
            });
        });
    }
    let file = animation(100_000);
    group.throughput(Throughput::Bytes(file.len() as u64));
    group.bench_function("0mp/frames_100000", |b| {
        b.iter(|| Container::read(black_box(&file), &CpuTimer::default()).expect("an animation"))
    });
    let (data, size) = (many_groups(), Size::new(256, 128));
    group.throughput(Throughput::Bytes(data.len() as u64));
    group.bench_function("0mp/groups_2048", |b| {
        b.iter(|| LosslessLayout::read(black_box(&data), size, &timer).expect("a layout"));
    });
    group.finish();
}

/// Takes rows and forgets them.
struct Nothing;

impl RowSink for Nothing {
    fn take_rows(&mut self, _plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
        black_box(rows);
        Ok(())
    }
}

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode/webp");
    for (id, name) in [
        ("4mp/planes", "lossy_2304x1728.webp"),
        ("0mp/alpha", "lossy_alpha.webp"),
        ("0mp/lossless", "lossless.webp"),
        ("0mp/lossless_alpha", "lossless_alpha.webp"),
    ] {
        let file = read(name);
        let container = Container::read(&file, &CpuTimer::default()).expect("a WebP file");
        group.throughput(Throughput::Elements(container.image.size.pixels()));
        group.bench_function(id, |b| b.iter(|| decode_once(black_box(&container), false).expect("a picture")));
        group.bench_function(format!("{id}_portable"), |b| {
            b.iter(|| decode_once(black_box(&container), true).expect("a picture"));
        });
    }
    group.finish();
}

fn decode_once(container: &Container<'_>, is_portable: bool) -> Result<(), DecodeError> {
    let (image, timer) = (&container.image, CpuTimer::default());
    let layout = if image.alpha { Layout::Rgba } else { Layout::Rgb };
    match (image.bitstream, is_portable) {
        (Bitstream::Vp8l, false) => decode_lossless(image.vp8l_data(), image.size, layout, &mut Nothing, &timer),
        (Bitstream::Vp8l, true) => {
            portable::decode_lossless(image.vp8l_data(), image.size, layout, &mut Nothing, &timer)
        }
        (Bitstream::Vp8, false) if image.alpha => {
            decode_lossy_rgba(image.frame()?, image.alpha_chunk(), &mut Nothing, &timer)
        }
        (Bitstream::Vp8, true) if image.alpha => {
            portable::decode_lossy_rgba(image.frame()?, image.alpha_chunk(), &mut Nothing, &timer)
        }
        (Bitstream::Vp8, false) => Vp8Decoder::new(image.frame()?)?.decode(&mut Nothing, &timer),
        (Bitstream::Vp8, true) => portable::vp8_decoder(image.frame()?)?.decode(&mut Nothing, &timer),
    }
}

/// An animation whose first frame is one pixel in VP8L and whose later frames are empty.
fn animation(frames: usize) -> Vec<u8> {
    let chunk = |name: &[u8; 4], data: &[u8]| {
        [name, &u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes()[..], data].concat()
    };
    let image = chunk(b"VP8L", &[0x2F, 0, 0, 0, 0, 0x88, 0x88, 0x08]);
    let first = chunk(b"ANMF", &[&[0; 16], &image[..]].concat());
    let later = chunk(b"ANMF", &[]).repeat(frames - 1);
    chunk(b"RIFF", &[b"WEBP", &chunk(b"VP8X", &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0])[..], &first, &later].concat())
}

/// A layout of 2048 groups of prefix codes, each of five codes with one symbol.
fn many_groups() -> Vec<u8> {
    let one = |symbol: u32| format!("101{}", low_first(symbol, 8));
    // No transform, no cache; an entropy image of blocks of 4 × 4 whose red and green are 7 and 255.
    let entropy = [255, 7, 0, 255, 0].map(one).concat();
    let groups = [7, 1, 2, 255, 0].map(one).concat().repeat(2048);
    let bits = format!("00{}{}0{entropy}{groups}", low_first(1, 1), low_first(0, 3));
    let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, &bit| byte << 1 | u8::from(bit == b'1'));
    bits.as_bytes().chunks(8).map(byte).collect()
}

/// The `count` lowest bits of a number, the lowest first.
fn low_first(value: u32, count: u32) -> String {
    (0..count).map(|at| if value >> at & 1 == 1 { '1' } else { '0' }).collect()
}

criterion_group!(benches, probe, decode);
criterion_main!(benches);
