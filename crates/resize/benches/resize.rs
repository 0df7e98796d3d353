//! Reducing generated pictures of 12 MP to 2048 × 1536, by rows as a decoder has them and whole.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use image_ingest_resize::{RasterReducer, reduce_raster};
use image_ingest_samples::{
    CpuTimer, Layout, Raster, Rect, RowSink, SampleRows, SampleSlice, Samples, Size, sample_count,
};

const SIZE: Size = Size::new(4000, 3000);
const TARGET: Size = Size::new(2048, 1536);
/// Rows that are pushed at a time, as many as a JPEG decoder has of 4:2:0.
const ROWS: usize = 16;

/// Samples of noise: no sample can be told from another, so no branch is predicted.
fn noise(len: usize) -> Vec<u16> {
    let mut state = 1u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u16::try_from(state >> 48).unwrap_or(0)
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn samples(layout: Layout, bits: u8) -> Samples {
    let samples = noise(sample_count(SIZE, layout.channels()).expect("12 MP"));
    if bits == 8 { Samples::U8(samples.iter().map(|v| v.to_be_bytes()[0]).collect()) } else { Samples::U16(samples) }
}

fn push(samples: &Samples, layout: Layout, bits: u8) -> Raster {
    let mut reducer = RasterReducer::new(SIZE, layout, bits, Rect::whole(SIZE), TARGET).expect("fits");
    let stride = SIZE.width as usize * layout.channels();
    let mut take = |samples| {
        reducer.take_rows(0, SampleRows { samples, stride }, &CpuTimer::default()).expect("rows of the picture")
    };
    match samples {
        Samples::U8(v) => v.chunks(stride * ROWS).for_each(|rows| take(SampleSlice::U8(rows))),
        Samples::U16(v) => v.chunks(stride * ROWS).for_each(|rows| take(SampleSlice::U16(rows))),
    }
    reducer.finish(&CpuTimer::default()).expect("all rows")
}

fn by_rows(c: &mut Criterion) {
    let mut group = c.benchmark_group("resize");
    group.sample_size(10).throughput(Throughput::Elements(SIZE.pixels()));
    for (name, layout) in [("gray", Layout::Gray), ("rgb", Layout::Rgb), ("rgba", Layout::Rgba)] {
        for bits in [8, 16] {
            let samples = samples(layout, bits);
            group.bench_function(format!("{name}/12mp/rows_{bits}_bit"), |b| b.iter(|| push(&samples, layout, bits)));
        }
    }
    group.finish();
}

fn whole(c: &mut Criterion) {
    let mut group = c.benchmark_group("resize");
    group.sample_size(10).throughput(Throughput::Elements(SIZE.pixels()));
    for bits in [8, 16] {
        let raster = Raster::new(SIZE, Layout::Gray, samples(Layout::Gray, bits)).expect("agrees with its size");
        let reduce = |raster| reduce_raster(raster, Rect::whole(SIZE), TARGET, &CpuTimer::default()).expect("fits");
        group.bench_function(format!("gray/12mp/whole_{bits}_bit"), |b| {
            b.iter_batched(|| raster.clone(), reduce, BatchSize::LargeInput);
        });
    }
    group.finish();
}

criterion_group!(benches, by_rows, whole);
criterion_main!(benches);
