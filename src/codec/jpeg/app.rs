//! Collects what a JPEG's application segments say about orientation and colour.

use image_ingest_color::ColorDescription;
use image_ingest_samples::joined;

use crate::codec::exif::Exif;
use crate::error::Result;
use crate::header::Channels;
use crate::upload::limits::Limits;

/// The application segments that change a picture; everything else is passed over.
#[derive(Default)]
pub(super) struct Metadata<'a> {
    /// The first Exif segment that holds a TIFF structure.
    pub(super) exif: Option<Exif>,
    jfif: bool,
    adobe_transform: Option<u8>,
    icc: IccChunks<'a>,
}

impl<'a> Metadata<'a> {
    pub(super) fn read(&mut self, marker: u8, payload: &'a [u8]) {
        match marker {
            APP0 if payload.starts_with(b"JFIF\0") => self.jfif = true,
            APP1 if payload.starts_with(b"Exif\0\0") && self.exif.is_none() => self.exif = Exif::parse(payload),
            APP2 => self.icc.add(payload),
            // Adobe TN 5116: version, two flag words, then the transform.
            APP14 if payload.starts_with(b"Adobe") => self.adobe_transform = payload.get(11).copied(),
            _ => {}
        }
    }

    /// What the components mean, by the markers first (as libjpeg's `default_decompress_parms` has it).
    pub(super) fn channels(&self, ids: &[u8]) -> Channels {
        match (ids.len(), self.jfif, self.adobe_transform) {
            (3, true, _) => Channels::Ycbcr,
            (3, false, Some(0)) => Channels::Rgb,
            (3, false, Some(_)) => Channels::Ycbcr,
            (4, _, Some(2)) => Channels::Ycck,
            _ => channels_without_markers(ids),
        }
    }

    /// # Errors
    ///
    /// `out_of_memory`.
    pub(super) fn color(self, channels: Channels, limits: &Limits) -> Result<ColorDescription> {
        if let Some(icc) = self.icc.join(limits.max_icc_bytes)? {
            return Ok(ColorDescription::Icc(icc.into()));
        }
        let rgb = matches!(channels, Channels::Ycbcr | Channels::Rgb);
        Ok(if rgb && self.exif.is_some_and(|exif| exif.interop_r03) {
            ColorDescription::AdobeRgb
        } else {
            ColorDescription::Srgb
        })
    }
}

/// The channels of a file whose markers say nothing: ids 1, 2, 3 and the like are Y′CbCr, the letters R, G, B are RGB.
///
/// The same rule as libjpeg's `default_decompress_parms`, whose judgement decides the pixels.
fn channels_without_markers(ids: &[u8]) -> Channels {
    match ids {
        [_] => Channels::Gray,
        [b'R', b'G', b'B'] => Channels::Rgb,
        [_, _, _] => Channels::Ycbcr,
        _ => Channels::Cmyk,
    }
}

/// The parts of an ICC profile (ICC.1 annex B.4), by sequence number.
#[derive(Default)]
struct IccChunks<'a> {
    parts: Vec<(u8, &'a [u8])>,
    count: Option<u8>,
    broken: bool,
}

impl<'a> IccChunks<'a> {
    fn add(&mut self, payload: &'a [u8]) {
        let Some(rest) = payload.strip_prefix(b"ICC_PROFILE\0") else {
            return;
        };
        let Some((&[number, count], data)) = rest.split_first_chunk() else {
            self.broken = true;
            return;
        };
        let known = self.parts.iter().find(|(n, _)| *n == number);
        if known.is_some_and(|(_, part)| *part == data) && self.count == Some(count) {
            return;
        }
        if number == 0 || number > count || known.is_some() || self.count.is_some_and(|c| c != count) {
            self.broken = true;
            return;
        }
        self.count = Some(count);
        self.parts.push((number, data));
    }

    /// The profile, if every part came, no two differ, and it is within `max_bytes`; the parts may come in any order.
    fn join(mut self, max_bytes: u64) -> Result<Option<Vec<u8>>> {
        let total: usize = self.parts.iter().map(|(_, part)| part.len()).sum();
        let complete = self.count.is_some_and(|c| usize::from(c) == self.parts.len());
        if self.broken || !complete || total == 0 || total as u64 > max_bytes {
            return Ok(None);
        }
        self.parts.sort_unstable_by_key(|(number, _)| *number);
        let parts: Vec<&[u8]> = self.parts.into_iter().map(|(_, part)| part).collect();
        Ok(Some(joined(&parts)?))
    }
}

const APP0: u8 = 0xE0;
const APP1: u8 = 0xE1;
const APP2: u8 = 0xE2;
const APP14: u8 = 0xEE;
