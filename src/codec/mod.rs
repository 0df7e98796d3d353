//! The codec seam: two functions per format, dispatched by one exhaustive `match` each.

use crate::error::Result;
use crate::format::Format;
use crate::header::Header;
use crate::limits::Limits;
use crate::pixels::Pixels;
use crate::plan::Plan;
use crate::workers::Workers;

pub(crate) mod gif;
pub(crate) mod heif;
pub(crate) mod jpeg;
pub(crate) mod png;
pub(crate) mod webp;

/// Reads the container's structure, without decoding; every limit that a header can break is checked here.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `limit_exceeded`.
pub(crate) fn probe(bytes: &[u8], format: Format, limits: &Limits) -> Result<Header> {
    match format {
        Format::Jpeg => jpeg::probe(bytes, limits),
        Format::Png => png::probe(bytes, limits),
        Format::Gif => gif::probe(bytes, limits),
        Format::Webp => webp::probe(bytes, limits),
        Format::Heic => heif::probe(bytes, limits),
    }
}

/// Decodes the primary image in stored axes: the whole coded picture, possibly reduced by `plan.scale`, or what the plan
/// keeps of it at `plan.target`.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn decode(
    bytes: &[u8],
    header: &Header,
    plan: &Plan,
    limits: &Limits,
    workers: Workers<'_>,
) -> Result<Pixels> {
    match header.format {
        Format::Jpeg => jpeg::decode(bytes, header, plan, limits, &workers.meter()),
        Format::Png => png::decode(bytes, header, plan, limits, &workers.meter()),
        Format::Gif => gif::decode(bytes, header, limits, &workers.meter()),
        Format::Webp => webp::decode(bytes, header, plan, &workers.meter()),
        Format::Heic => heif::decode(bytes, header, plan, limits, workers),
    }
}
