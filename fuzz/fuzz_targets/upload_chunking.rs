//! Any split of the same bytes has the same outcome.
#![no_main]

use image_ingest::{Limits, Source, Upload};

libfuzzer_sys::fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (data, cuts) = input;
    let mut limits = Limits::default();
    limits.max_bytes = 4096;
    let whole = Source::new(data.clone(), &limits);
    let mut upload = Upload::new(&limits);
    let mut rest = &data[..];
    let mut outcome = Ok(());
    for cut in cuts {
        let (chunk, after) = rest.split_at(usize::from(cut).min(rest.len()));
        rest = after;
        outcome = outcome.and_then(|()| upload.push(chunk.to_vec()));
    }
    outcome = outcome.and_then(|()| upload.push(rest.to_vec()));
    match (whole, outcome.and_then(|()| upload.finish())) {
        (Ok(a), Ok(b)) => assert_eq!((a.id(), a.format(), a.len()), (b.id(), b.format(), b.len())),
        (Err(a), Err(b)) => assert!(a.code() == b.code() || [a.code(), b.code()].contains(&"too_large")),
        (a, b) => panic!("{a:?} whole, {b:?} in chunks"),
    }
});
