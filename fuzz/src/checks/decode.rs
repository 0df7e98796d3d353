//! Checks of headers, of canonical images, and of the results of inspecting.

use image_ingest::header::Header;
use image_ingest::stages::{self, Planned};
use image_ingest::{ContentId, Error, Format, Ingest, Limits, Source};

use super::{fit, small};

/// A header has sizes and a bit depth within the limits, and a crop within the picture.
pub fn probe(data: &[u8], format: Format) {
    let limits = Limits::default();
    match stages::probe(data, format, &limits) {
        Ok(header) => holds(&header, &limits),
        Err(error) => is_the_uploads_fault(&error),
    }
}

/// Every file that is decoded becomes a canonical image of the planned size, with and without reduction, and both
/// accept or both refuse it.
pub fn decode(data: &[u8], format: Format) {
    let limits = small(1 << 16);
    let verdict = |max_edge| {
        let planned = Planned::of(data, format, &fit(max_edge), &limits)?;
        holds(planned.header(), &limits);
        let canonical = planned.canonicalise(&planned.decode()?).unwrap_or_else(|e| panic!("after decoding: {e}"));
        assert_eq!(canonical.size(), planned.size());
        assert!(canonical.size().pixels() > 0 && canonical.size().longer() <= max_edge);
        Ok::<(), Error>(())
    };
    let (whole, reduced) = (verdict(2048), verdict(20));
    for error in [&whole, &reduced].into_iter().flat_map(|v| v.as_ref().err()) {
        is_the_uploads_fault(error);
    }
    // A reduced HEVC picture is decoded without in-loop filters by another decoder, which does not check its checksum.
    if format != Format::Heic {
        assert_eq!(whole.map_err(|e| e.code()), reduced.map_err(|e| e.code()));
    }
}

/// A file that inspecting refuses is refused by ingesting with the same code. If both accept a file, it has the size
/// that inspecting returned. Returns the memory estimate if the file was inspected.
pub fn inspect_agrees(data: &[u8], ingest: &Ingest) -> Option<u64> {
    let source = Source::new(data.to_vec(), ingest.limits()).ok()?;
    let inspection = ingest.inspect(&source);
    let estimate = inspection.as_ref().ok().map(|i| i.memory_bytes);
    match (inspection, ingest.ingest(source)) {
        (Ok(inspection), Ok(background)) => {
            assert_eq!(inspection.canonical_size, background.size);
            assert_eq!(background.id, ContentId::of(&background.bytes));
            assert!(background.size.longer() <= 2048 && background.size.pixels() > 0);
        }
        (Err(a), Err(b)) => assert_eq!(a.code(), b.code()),
        (Ok(_), Err(error)) => is_the_uploads_fault(&error),
        (Err(error), Ok(_)) => panic!("inspect alone refuses: {error}"),
    }
    estimate
}

/// An entry point with small limits, for [`inspect_agrees`].
pub fn small_ingest() -> Ingest {
    Ingest::builder().limits(small(1 << 16)).build().expect("the default profile is one that encoders give")
}

fn holds(header: &Header, limits: &Limits) {
    assert!(header.coded_size.pixels() > 0 && header.coded_size.pixels() <= limits.max_pixels);
    assert!(header.coded_size.longer() <= limits.max_side);
    assert!(header.size().pixels() > 0 && header.size().pixels() <= header.coded_size.pixels());
    assert!((1..=16).contains(&header.bit_depth));
    assert!(header.frames.is_none_or(|frames| frames > 0));
}

/// No input makes the library report an internal error, a worker that it does not have, or a caught panic.
fn is_the_uploads_fault(error: &Error) {
    assert!(error.code() != "internal", "{error}");
    assert!(!error.to_string().contains("breaks its decoder"), "{error}");
}
