//! Our decoders of VP8, alpha planes and VP8L against libwebp, sample by sample.
#![no_main]

use image_ingest::Format;
use image_ingest_fuzz::structure::{Structure, mutate};
use image_ingest_oracles::webp::{WebpOutcome, compare};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|data: &[u8]| {
    for comparison in compare(data, 1 << 16) {
        let form = comparison.form.name();
        match comparison.outcome {
            WebpOutcome::Different(difference) => panic!("{form}: {difference}"),
            // libwebp refuses reserved bits of an alpha plane, which RFC 9649 § 2.7.1.2 has ignored, for lack of memory.
            WebpOutcome::OursAlone(status) if status != "VP8_STATUS_OUT_OF_MEMORY" => panic!("{form}: {status}"),
            // It lets the last symbol of an alpha plane lack bits, and has no limits.
            WebpOutcome::TheirsAlone(reason) if !reason.contains("before the picture") && !reason.contains("limit") => {
                panic!("{form}: {reason}");
            }
            _ => {}
        }
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(Structure::File(Format::Webp), data, size, max_size, seed, fuzzer_mutate)
});
