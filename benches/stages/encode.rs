//! Encoding the canonical image.

use criterion::{Criterion, Throughput};
use image_ingest::Encoding;
use image_ingest::stages::encode;

use crate::inputs;

pub(crate) fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode");
    for input in inputs::all() {
        let planned = input.planned();
        let canonical = planned.canonicalise(&planned.decode().unwrap()).unwrap();
        group.throughput(Throughput::Elements(canonical.size().pixels()));
        let encodings = [("jpeg_q85", Encoding::Jpeg { quality: 85 }), ("webp_q80", Encoding::Webp { quality: 80 })];
        for (name, encoding) in encodings.into_iter().filter(|(_, encoding)| encoding.is_built_in()) {
            group.bench_function(format!("{}_to_{name}", input.id), |b| {
                b.iter(|| encode(&canonical, encoding).unwrap())
            });
        }
    }
    group.finish();
}
