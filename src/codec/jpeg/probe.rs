//! Turns what `image-ingest-jpeg` reads of a file's marker segments into a header.

use image_ingest_color::ColorDescription;
use image_ingest_jpeg::{ApplicationData, JpegProbe, ScanLimits};
use image_ingest_samples::{CpuTimer, DecodeError, Rect};

use crate::codec::exif::Exif;
use crate::error::{Error, Result};
use crate::header::{Channels, Coding, Header};
use crate::upload::format::Format;
use crate::upload::limits::Limits;

/// Reads everything up to the first complete set of scans, and counts the scans.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `limit_exceeded`, `deadline`, `cancelled`.
pub(crate) fn probe(bytes: &[u8], limits: &Limits, timer: &CpuTimer<'_>) -> Result<Header> {
    let refused = |error: DecodeError| Error::in_format(Format::Jpeg, error);
    let mut probe = JpegProbe::new(bytes, timer);
    limits.check_size(probe.size().map_err(refused)?)?;
    let scan_limits = ScanLimits { max_scans: limits.max_jpeg_scans, max_full_scans: limits.max_jpeg_full_scans };
    let header = probe.header(scan_limits).map_err(refused)?;
    let (sampling, scans, coefficient_bytes) = (header.sampling, header.scans, header.coefficient_bytes);
    let exif = header.app.exif.map(Exif::read).unwrap_or_default();
    let channels = channels(&header.app, &header.component_ids);
    Ok(Header {
        format: Format::Jpeg,
        coded_size: header.size,
        crop: Rect::whole(header.size),
        orientation: exif.orientation,
        exif_orientation_ignored: None,
        coding: if header.is_progressive {
            Coding::JpegProgressive { sampling, scans, coefficient_bytes }
        } else {
            Coding::JpegSequential { sampling, scans }
        },
        bit_depth: 8,
        channels,
        has_alpha: false,
        color: color(header.app, exif, channels).map_err(refused)?,
        frames: None,
    })
}

/// What the components mean: by the markers first, then by the components' identifiers.
///
/// This is the rule of libjpeg's `default_decompress_parms`, which most decoders of the field share. Identifiers 1, 2, 3 and the like are Y′CbCr; the letters R, G, B are RGB.
fn channels(app: &ApplicationData<'_>, ids: &[u8]) -> Channels {
    match (ids, app.has_jfif, app.adobe_transform) {
        ([_, _, _], true, _) => Channels::Ycbcr,
        ([_, _, _], false, Some(0)) => Channels::Rgb,
        ([_, _, _], false, Some(_)) => Channels::Ycbcr,
        ([_, _, _, _], _, Some(1..)) => Channels::Ycck,
        ([_], _, _) => Channels::Gray,
        ([b'R', b'G', b'B'], _, _) => Channels::Rgb,
        ([_, _, _], _, _) => Channels::Ycbcr,
        _ => Channels::Cmyk,
    }
}

fn color(app: ApplicationData<'_>, exif: Exif, channels: Channels) -> Result<ColorDescription, DecodeError> {
    if let Some(icc) = app.icc_profile(ColorDescription::MAX_ICC_BYTES)? {
        return Ok(ColorDescription::Icc(icc.into()));
    }
    let is_rgb = matches!(channels, Channels::Ycbcr | Channels::Rgb);
    Ok(if is_rgb && exif.interop_r03 { ColorDescription::AdobeRgb } else { ColorDescription::Srgb })
}
