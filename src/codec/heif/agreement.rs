//! Compares what our decoder and libde265 make of a coded picture, for tests and fuzzing.

use image_ingest_c_decoders::hevc::De265Decoder;
use image_ingest_hevc::{CodedPicture, DecoderConfiguration};
use image_ingest_samples::{CpuTimer, PlaneView};

use super::refusal::malformed;
use crate::error::{Error, Result};
use crate::upload::limits::Limits;

/// [`agree`] on the payload of `hvcC`.
pub(crate) fn decoders_agree(config: &[u8], data: &[u8], limits: &Limits) -> Option<Result<bool>> {
    agree(&DecoderConfiguration::read(config).ok()?, data, limits)
}

/// Whether both give the same samples without in-loop filters; `None` for a picture that our decoder does not know or
/// refuses.
///
/// # Errors
///
/// What libde265 refuses though ours decoded it.
pub(super) fn agree(config: &DecoderConfiguration<'_>, data: &[u8], limits: &Limits) -> Option<Result<bool>> {
    let sequence = config.sequence().ok()?;
    if sequence.shifted || limits.check_size(sequence.coded).is_err() {
        return None;
    }
    let coded = CodedPicture::read(config, data).ok()?;
    let ours = image_ingest_hevc::decode(&coded, &CpuTimer::default()).ok()?;
    Some(De265Decoder::new(sequence.coded, false).ok_or(Error::OutOfMemory { bytes: 0 }).and_then(|mut libde265| {
        let refused = |fault| malformed(format!("libde265: {fault:?}"));
        coded.units().try_for_each(|nal| libde265.push(nal)).map_err(refused)?;
        let theirs = libde265.finish(|| true).map_err(refused)?.ok_or_else(|| malformed("no picture"))?;
        Ok(ours.view().iter().zip(theirs.view()).all(|planes| match planes {
            // libde265 cuts its picture to the conformance window, and our decoder does not.
            (Some(ours), Some(theirs)) => same(ours, &theirs),
            (ours, theirs) => ours.is_none() && theirs.is_none(),
        }))
    }))
}

/// Whether `theirs` is the top left part of `ours`.
fn same(ours: &PlaneView<'_>, theirs: &PlaneView<'_>) -> bool {
    let row = theirs.width.saturating_mul(if theirs.bit_depth > 8 { 2 } else { 1 });
    let start = |row_of: &[u8]| row_of.get(..row).map(<[u8]>::to_vec);
    let ours_rows = ours.bytes.chunks(ours.stride).map(start);
    let mut pairs = theirs.bytes.chunks(theirs.stride).map(start).zip(ours_rows).take(theirs.height);
    ours.bit_depth == theirs.bit_depth
        && theirs.height <= ours.height
        && pairs.all(|(theirs, ours)| theirs.is_some() && theirs == ours)
}
