//! Many uploads on one thread and on two. Throughput is in images.

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use image_ingest::Ingest;

use crate::inputs;

pub(crate) fn bench(c: &mut Criterion) {
    let ingest = Ingest::default();
    let files: Vec<Bytes> = inputs::all().into_iter().map(|input| input.bytes.into()).collect();
    let mut group = c.benchmark_group("batch");
    group.throughput(Throughput::Elements(files.len() as u64));
    for jobs in [1, 2] {
        group.bench_function(format!("mixed/{}files/jobs_{jobs}", files.len()), |b| {
            b.iter(|| {
                let sources = files.iter().map(|bytes| ((), ingest.source(bytes.clone())));
                ingest.batch(sources, jobs, 512 << 20).unwrap().for_each(|((), result)| drop(result.unwrap()));
            });
        });
    }
    group.finish();
}
