//! Decoding of test files at full and half scale, reading of their headers, and encoding of their pictures. Throughput is
//! in source pixels.

use std::fs;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use image_ingest_jpeg::{DctScale, InterleavedColor, JpegDecoder, JpegProbe, ScanLimits, encode_planes, encode_rgb};
use image_ingest_samples::{CpuTimer, RowSink, SampleRows, WorkError};

/// Reads a sample of the rows, so that no compiler leaves them out.
#[derive(Default)]
struct Discard(u8);

impl RowSink for Discard {
    fn take_rows(&mut self, _: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
        self.0 ^= rows.bytes()?.first().copied().unwrap_or(0);
        Ok(())
    }
}

/// Pictures of several sizes: sequential ones as phones write them, and a progressive one as the web does.
const FILES: [(&str, &str); 4] = [
    ("12mp/420", "size_4032x3024.jpg"),
    ("2mp/420", "size_1600x1200.jpg"),
    ("0mp/444", "baseline_444.jpg"),
    ("0mp/progressive_444", "progressive_444_restart.jpg"),
];

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    for (id, name) in FILES {
        let file = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/jpeg").join(name)).unwrap();
        group.throughput(Throughput::Elements(JpegDecoder::new(&file, &CpuTimer::default()).unwrap().size().pixels()));
        for (scale, variant) in [(DctScale::Full, "full"), (DctScale::Half, "half"), (DctScale::Eighth, "eighth")] {
            group.bench_function(format!("jpeg/{id}_{variant}"), |b| {
                b.iter(|| {
                    let mut sink = Discard::default();
                    let decoder = JpegDecoder::new(&file, &CpuTimer::default()).unwrap();
                    decoder.decode([scale; 2], &mut sink, &CpuTimer::default()).unwrap();
                    black_box(sink.0)
                });
            });
        }
    }
    group.finish();
}

fn probe(c: &mut Criterion) {
    let limits = ScanLimits { max_scans: 500, max_full_scans: 64 };
    let mut group = c.benchmark_group("probe");
    for (id, name) in FILES {
        let file = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/jpeg").join(name)).unwrap();
        group.throughput(Throughput::Bytes(file.len() as u64));
        group.bench_function(format!("jpeg/{id}"), |b| {
            b.iter(|| black_box(JpegProbe::new(&file, &CpuTimer::default()).header(limits).unwrap().scans));
        });
    }
    group.finish();
}

/// Keeps the rows of each plane; pictures whose width is a multiple of 16 have no padding.
#[derive(Default)]
struct Keep([Vec<u8>; 3]);

impl RowSink for Keep {
    fn take_rows(&mut self, plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
        self.0[plane].extend_from_slice(rows.bytes()?);
        Ok(())
    }
}

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode");
    for (id, name) in &FILES[..2] {
        let file = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/jpeg").join(name)).unwrap();
        let (timer, mut planes, mut rgb) = (CpuTimer::default(), Keep::default(), Keep::default());
        let size = JpegDecoder::new(&file, &CpuTimer::default()).unwrap().size();
        JpegDecoder::new(&file, &CpuTimer::default())
            .unwrap()
            .decode([DctScale::Full; 2], &mut planes, &timer)
            .unwrap();
        let decoder = JpegDecoder::new(&file, &CpuTimer::default()).unwrap();
        decoder.decode_interleaved(InterleavedColor::YcbcrToRgb, DctScale::Full, &mut rgb, &timer).unwrap();
        let (Keep([y, cb, cr]), Keep([rgb, ..])) = (planes, rgb);
        let pixels = size.pixels();
        let y = &y[..usize::try_from(pixels).unwrap()];
        group.throughput(Throughput::Elements(pixels));
        group.bench_function(format!("jpeg/{id}_planes"), |b| {
            b.iter(|| black_box(encode_planes(size, y, Some((&cb, &cr)), 85, &timer).unwrap().len()));
        });
        group.bench_function(format!("jpeg/{id}_rgb"), |b| {
            b.iter(|| black_box(encode_rgb(size, &rgb, 85, &timer).unwrap().len()));
        });
    }
    group.finish();
}

criterion_group!(benches, decode, encode, probe);
criterion_main!(benches);
