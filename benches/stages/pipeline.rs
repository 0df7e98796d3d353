//! The whole pipeline, from a buffer to a background, and an upload whose result is known already.

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use image_ingest::{Ingest, Known, Source};

use crate::inputs;

pub(crate) fn bench(c: &mut Criterion) {
    let ingest = Ingest::default();
    let mut group = c.benchmark_group("pipeline");
    for input in inputs::all() {
        let bytes = Bytes::from(input.bytes.clone());
        let source = || Source::new(bytes.clone(), ingest.limits()).unwrap();
        group.throughput(Throughput::Elements(input.pixels()));
        group.bench_function(&input.id, |b| b.iter(|| ingest.ingest(source()).unwrap()));
        let made = ingest.ingest(source()).unwrap();
        let known = Known::with_source(made.id, made.source_id, ingest.profile().fingerprint());
        group.bench_function(format!("{}_known", input.id), |b| {
            b.iter(|| ingest.ingest_if_changed(source(), &known).unwrap());
        });
    }
    group.finish();
}
