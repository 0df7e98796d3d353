//! Every stage and the whole, on the same pictures. Ids are `<stage>/<format>/<megapixels>/<variant>`.
//!
//! `IMAGE_INGEST_BENCH` names a folder of large generated inputs (`make bench` makes one); without it the pictures of
//! testdata/ serve.

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
