//! Checks of format detection and of joining chunks.

use image_ingest::stages::sniff;
use image_ingest::{Limits, Source, Upload};

/// Every split of the same bytes into chunks has the same outcome, and later bytes never change a decision. The first
/// byte is the number of the following bytes that are lengths of chunks.
pub fn upload(input: &[u8]) {
    let Some((&count, rest)) = input.split_first() else { return };
    let (cuts, data) = rest.split_at(usize::from(count).min(rest.len()));
    decided_once(data);
    let mut limits = Limits::default();
    limits.max_bytes = 4096;
    let whole = Source::new(data.to_vec(), &limits);
    match (whole, in_chunks(data, cuts, &limits)) {
        (Ok(a), Ok(b)) => assert_eq!((a.id(), a.format(), a.len()), (b.id(), b.format(), b.len())),
        (Err(a), Err(b)) => assert!(a.code() == b.code() || [a.code(), b.code()].contains(&"too_large")),
        (a, b) => panic!("{a:?} whole, {b:?} in chunks"),
    }
}

fn in_chunks(data: &[u8], cuts: &[u8], limits: &Limits) -> image_ingest::Result<Source> {
    let mut upload = Upload::new(limits);
    let mut rest = data;
    for &cut in cuts {
        let (chunk, after) = rest.split_at(usize::from(cut).min(rest.len()));
        rest = after;
        upload.push(chunk.to_vec())?;
    }
    upload.push(rest.to_vec())?;
    upload.finish()
}

fn decided_once(data: &[u8]) {
    if let Some(format) = (0..data.len().min(64)).find_map(|n| sniff(&data[..n])) {
        assert_eq!(sniff(data), Some(format));
    }
}
