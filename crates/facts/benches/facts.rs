//! The facts of a picture of 3 MP, from planes and from RGB, sixteen rows at a time.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use image_ingest_facts::{Facts, FactsCollector, RowFormat};
use image_ingest_samples::Size;

const SIZE: Size = Size::new(2016, 1512);

fn samples(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 % 251).to_le_bytes()[0]).collect()
}

fn of_planes(luma: &[u8], chroma: &[u8]) -> Facts {
    let mut collector = FactsCollector::new(SIZE, RowFormat::Ycbcr420).expect("a size");
    for (luma, chroma) in luma.chunks(2016 * 16).zip(chroma.chunks(1008 * 8)) {
        collector.push(0, luma).expect("rows");
        collector.push(1, chroma).expect("rows");
        collector.push(2, chroma).expect("rows");
    }
    collector.finish().expect("all rows")
}

fn of_rgb(rgb: &[u8]) -> Facts {
    let mut collector = FactsCollector::new(SIZE, RowFormat::Rgb).expect("a size");
    rgb.chunks(2016 * 3 * 16).for_each(|rows| collector.push(0, rows).expect("rows"));
    collector.finish().expect("all rows")
}

fn facts(c: &mut Criterion) {
    let mut group = c.benchmark_group("facts");
    group.sample_size(20).throughput(Throughput::Elements(SIZE.pixels()));
    let (luma, chroma) = (samples(2016 * 1512), samples(1008 * 756));
    group.bench_function("3mp/ycbcr420", |b| b.iter(|| of_planes(&luma, &chroma)));
    let rgb = samples(2016 * 1512 * 3);
    group.bench_function("3mp/rgb", |b| b.iter(|| of_rgb(&rgb)));
    group.finish();
}

criterion_group!(benches, facts);
criterion_main!(benches);
