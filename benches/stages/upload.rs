//! Receiving an upload in chunks: limit, hash and format detection. Throughput is in input bytes; `hash` alone is the
//! least that it can cost.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use image_ingest::{Limits, SourceId, Upload};

pub(crate) fn bench(c: &mut Criterion) {
    let mut bytes = b"GIF89a".to_vec();
    bytes.resize(10 * 1024 * 1024, 0x5A);
    let bytes = Bytes::from(bytes);
    let chunks: Vec<Bytes> = (0..bytes.len()).step_by(65_536).map(|at| bytes.slice(at..at + 65_536)).collect();
    let mut group = c.benchmark_group("upload");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("gif/10mib/chunks_64k", |b| {
        b.iter(|| {
            let mut upload = Upload::new(&Limits::default());
            chunks.iter().for_each(|chunk| upload.push(chunk.clone()).unwrap());
            upload.finish().unwrap()
        });
    });
    group.bench_function("gif/10mib/hash", |b| b.iter(|| SourceId::of(black_box(&bytes))));
    group.finish();
}
