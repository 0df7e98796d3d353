//! The codec seam: three functions per format, dispatched by one exhaustive `match` each.

use image_ingest_color::ColorDescription;
use image_ingest_samples::{CpuTimer, Workers};

use crate::error::Result;
use crate::header::Header;
use crate::pixels::ReducedRows;
use crate::plan::Plan;
use crate::plan::cost::DecodeCost;
use crate::upload::format::Format;
use crate::upload::limits::Limits;

mod canvas;
pub(crate) mod exif;
pub(crate) mod gif;
#[cfg(feature = "heic")]
pub(crate) mod heif;
pub(crate) mod jpeg;
pub(crate) mod png;
mod reduced;
pub(crate) mod webp;

/// Reads the container's structure, without decoding; every limit that a header can break is checked here.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `limit_exceeded`, `deadline`, `cancelled`.
pub(crate) fn probe(bytes: &[u8], format: Format, limits: &Limits, timer: &CpuTimer<'_>) -> Result<Header> {
    let header = header(bytes, format, limits, timer)?;
    if let ColorDescription::Icc(profile) = &header.color {
        Limits::check("ICC profile bytes", profile.len() as u64, limits.max_icc_bytes)?;
    }
    Ok(header)
}

fn header(bytes: &[u8], format: Format, limits: &Limits, timer: &CpuTimer<'_>) -> Result<Header> {
    match format {
        Format::Jpeg => jpeg::probe(bytes, limits, timer),
        Format::Png => png::probe(bytes, limits, timer),
        Format::Gif => gif::probe(bytes, limits, timer),
        Format::Webp => webp::probe(bytes, limits, timer),
        #[cfg(feature = "heic")]
        Format::Heic => heif::probe(bytes, limits, timer),
        #[cfg(not(feature = "heic"))]
        Format::Heic => {
            let feature = "HEIC, in a build without the feature `heic`".to_owned();
            Err(crate::error::Error::Unsupported { format: Some(format), feature })
        }
    }
}

/// Says what decoding with `threads` threads will hold in memory.
#[cfg_attr(not(feature = "heic"), expect(unused_variables, reason = "threads share a HEIC alone"))]
pub(crate) fn cost(header: &Header, plan: &Plan, threads: usize) -> DecodeCost {
    match header.format {
        Format::Jpeg => jpeg::cost(header, plan),
        Format::Png => png::cost(header),
        Format::Gif => gif::cost(header),
        Format::Webp => webp::cost(header, plan),
        #[cfg(feature = "heic")]
        Format::Heic => heif::cost(header, plan, threads),
        #[cfg(not(feature = "heic"))]
        Format::Heic => jpeg::cost(header, plan),
    }
}

/// Decodes the primary image in stored axes. What the plan keeps of it goes to `rows` at `plan.target`.
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
    rows: &mut dyn ReducedRows,
) -> Result<()> {
    match header.format {
        Format::Jpeg => jpeg::decode(bytes, header, plan, &workers.timer(), rows),
        Format::Png => png::decode(bytes, header, plan, limits, &workers.timer(), rows),
        Format::Gif => gif::decode(bytes, header, plan, limits, &workers.timer(), rows),
        Format::Webp => webp::decode(bytes, header, plan, &workers.timer(), rows),
        #[cfg(feature = "heic")]
        Format::Heic => heif::decode(bytes, header, plan, limits, workers, rows),
        #[cfg(not(feature = "heic"))]
        Format::Heic => Err(crate::error::Error::internal("a HEIC was probed without the feature `heic`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_profiles_is_inclusive_in_every_format() {
        let files: [(&[u8], _); 3] = [
            (include_bytes!("../../testdata/jpeg/display_p3.jpg"), Format::Jpeg),
            (include_bytes!("../../testdata/png/display_p3.png"), Format::Png),
            (include_bytes!("../../testdata/webp/display_p3.webp"), Format::Webp),
        ];
        for (file, format) in files {
            let timer = CpuTimer::default();
            let color = probe(file, format, &Limits::default(), &timer).unwrap().color;
            let ColorDescription::Icc(profile) = &color else { panic!("{format}: {color:?}") };
            let under = |max_icc_bytes| probe(file, format, &Limits { max_icc_bytes, ..Limits::default() }, &timer);
            let len = profile.len() as u64;
            assert_eq!(under(len).unwrap().color, color, "{format}");
            assert_eq!(under(len - 1).unwrap_err().code(), "limit_exceeded", "{format}");
        }
    }
}
