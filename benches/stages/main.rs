//! Benchmarks of every stage and of the whole pipeline, on the same pictures. Ids are
//! `<stage>/<format>/<megapixels>/<variant>`.
//!
//! `IMAGE_INGEST_BENCH` names a folder of large generated inputs (`make bench` makes one). Without it, the pictures are
//! those of `testdata/`.

mod batch;
mod decode;
mod encode;
mod inputs;
mod pipeline;
mod reduce;
mod upload;

use criterion::{criterion_group, criterion_main};

criterion_group! {
    name = stages;
    config = criterion::Criterion::default().sample_size(20);
    targets = upload::bench, decode::bench, reduce::bench, encode::bench, pipeline::bench, batch::bench
}
criterion_main!(stages);
