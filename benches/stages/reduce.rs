//! From decoded pixels to the canonical image: crop, reduce, convert, compose, orient.

use criterion::{Criterion, Throughput};

use crate::inputs;

pub(crate) fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("reduce");
    for input in inputs::all() {
        let planned = input.planned();
        let decoded = planned.decode().unwrap();
        group.throughput(Throughput::Elements(input.pixels()));
        group.bench_function(&input.id, |b| {
            b.iter(|| planned.canonicalise(&decoded).unwrap());
        });
    }
    group.finish();
}
