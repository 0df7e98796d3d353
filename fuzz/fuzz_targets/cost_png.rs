//! Looks for the files that cost most: see `image_ingest_fuzz::cost`.
#![no_main]

use std::sync::LazyLock;

use image_ingest::{Format, Ingest};
use image_ingest_fuzz::cost::heap::CountingHeap;
use image_ingest_fuzz::cost::{ingest, record};
use image_ingest_fuzz::structure::{Structure, mutate};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

#[global_allocator]
static HEAP: CountingHeap = CountingHeap;

static INGEST: LazyLock<Ingest> = LazyLock::new(ingest);

fuzz_target!(|data: &[u8]| record::note(&INGEST, data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(Structure::File(Format::Png), data, size, max_size, seed, fuzzer_mutate)
});
