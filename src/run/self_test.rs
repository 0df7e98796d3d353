//! Proves that a build makes the same bytes as every other build.

use crate::error::{Error, Result};
use crate::run::ingest::Ingest;
use crate::upload::id::ContentId;

/// A small built-in image and the id its canonical form must have.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Sample {
    /// The file, whole.
    pub bytes: &'static [u8],
    /// `obj_…` of its canonical form under the default profile.
    pub content_id: &'static str,
}

/// The built-in samples. There is at least one of each format; together they use planes, RGB, a resize, a turn and a colour
/// conversion.
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
/// `internal` naming the first sample whose id differs.
pub fn self_test() -> Result<()> {
    let ingest = Ingest::default();
    for sample in SAMPLES {
        let source = ingest.source(sample.bytes)?;
        let format = source.format();
        let id = ingest.ingest(source)?.id;
        if sample.content_id.parse::<ContentId>() != Ok(id) {
            let expected = sample.content_id;
            return Err(Error::internal(format!("self-test: {format} gave {id}, not {expected}")));
        }
    }
    Ok(())
}

macro_rules! sample {
    ($file:literal, $id:literal) => {
        Sample { bytes: include_bytes!(concat!("../../testdata/", $file)), content_id: $id }
    };
}

const SAMPLES: &[Sample] = &[
    sample!("jpeg/orientation_6.jpg", "obj_ad0f4ba36c8b967d4b4a5f83f08900ea9bf6b53203b73db1a71a977b3ccc9a25"),
    sample!("jpeg/size_2049x100.jpg", "obj_ce81a20adfd3cdc2ce18af44fc5659b2fa2fff75b69a0f174341956bdc4a16a0"),
    sample!("png/display_p3.png", "obj_7fa40a410f16233abd452c661ed056b2d2fa127625a20af8a58de3b4d64bc997"),
    sample!("gif/offset_frame.gif", "obj_a4d1b1f16147d5c8c28ee8e1ef3d792795f55ec83741ceccf7c3fdd72542e673"),
    sample!("webp/lossy_333x251.webp", "obj_ff9d9a72c8590c6554430a3cf0411790d2319c35dfd6639fc2357d3502d07fd7"),
    #[cfg(feature = "heic")]
    sample!("heic/ten_bit.heic", "obj_43c22f20eb9dcdfb67c0b80d1be7b434145208b963430e79d31ec8282ee42453"),
];
