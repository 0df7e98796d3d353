//! Our JPEG decoder against libjpeg-turbo, sample by sample at every scale.
#![no_main]

use image_ingest::Format;
use image_ingest_fuzz::structure::{Structure, mutate};
use image_ingest_oracles::jpeg::{JpegOutcome, compare};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|data: &[u8]| {
    let (label, comparisons) = compare(data, 1 << 15).unwrap_or_default();
    for comparison in comparisons {
        if let JpegOutcome::Different(difference) = comparison.outcome {
            panic!("{label} at {:?}: {difference}", comparison.scales);
        }
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(Structure::File(Format::Jpeg), data, size, max_size, seed, fuzzer_mutate)
});
