//! Collects what the application segments of a file say about its colours and its orientation.
//!
//! Three conventions beside ITU-T T.81 put data there: JFIF (ITU-T T.871), Adobe's Technical Note 5116, and Exif
//! (CIPA DC-008). ICC.1 annex B.4 splits a profile over several segments. Every other application segment is skipped.

use image_ingest_samples::joined;

use crate::result::Result;
use crate::segments::{APP0, APP1, APP2, APP14};

/// What the application segments of a file say.
#[derive(Debug, Clone, Default)]
pub struct ApplicationData<'a> {
    /// Whether a JFIF segment is present. JFIF knows gray and Y′CbCr alone.
    pub has_jfif: bool,
    /// The colour transform of the last Adobe segment: 0 for none (RGB or CMYK), 1 for Y′CbCr, 2 for YCCK.
    pub adobe_transform: Option<u8>,
    /// The first Exif segment that holds a whole TIFF header. The bytes begin with `Exif\0\0`.
    pub exif: Option<&'a [u8]>,
    icc: IccChunks<'a>,
}

impl<'a> ApplicationData<'a> {
    /// Notes the segment of the marker `marker`.
    pub(crate) fn add(&mut self, marker: u8, payload: &'a [u8]) {
        match marker {
            APP0 if payload.starts_with(b"JFIF\0") => self.has_jfif = true,
            APP1 if self.exif.is_none() && is_exif(payload) => self.exif = Some(payload),
            APP2 => self.icc.add(payload),
            // The version and two words of flags come before the transform.
            APP14 if payload.starts_with(b"Adobe") => self.adobe_transform = payload.get(11).copied(),
            _ => {}
        }
    }

    /// Joins the parts of the ICC profile.
    ///
    /// The result is `None` where the file has no profile, where a part is missing, contradicts another or has no
    /// valid number, and where the profile has more than `max_bytes`. The parts may come in any order.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Work`](image_ingest_samples::DecodeError::Work) when there is no memory for the profile.
    pub fn icc_profile(self, max_bytes: u64) -> Result<Option<Vec<u8>>> {
        self.icc.join(max_bytes)
    }
}

fn is_exif(payload: &[u8]) -> bool {
    let tiff = payload.strip_prefix(b"Exif\0\0").and_then(<[u8]>::first_chunk);
    matches!(tiff, Some([b'I', b'I', 42, 0, _, _, _, _] | [b'M', b'M', 0, 42, _, _, _, _]))
}

/// The parts of an ICC profile, each with its sequence number from 1 on.
#[derive(Debug, Clone, Default)]
struct IccChunks<'a> {
    /// No two parts have one number, so there are at most 255.
    parts: Vec<(u8, &'a [u8])>,
    /// The number of parts that each part announces.
    count: Option<u8>,
    /// Whether a part contradicts what came before it.
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

    fn join(mut self, max_bytes: u64) -> Result<Option<Vec<u8>>> {
        let total: usize = self.parts.iter().map(|(_, part)| part.len()).sum();
        let is_complete = self.count.is_some_and(|count| usize::from(count) == self.parts.len());
        if self.broken || !is_complete || total == 0 || total as u64 > max_bytes {
            return Ok(None);
        }
        self.parts.sort_unstable_by_key(|(number, _)| *number);
        let parts: Vec<&[u8]> = self.parts.into_iter().map(|(_, part)| part).collect();
        Ok(Some(joined(&parts)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: u8, count: u8, data: &[u8]) -> Vec<u8> {
        [b"ICC_PROFILE\0", &[number, count][..], data].concat()
    }

    fn profile(parts: &[Vec<u8>], max_bytes: u64) -> Option<Vec<u8>> {
        let mut app = ApplicationData::default();
        parts.iter().for_each(|part| app.add(APP2, part));
        app.icc_profile(max_bytes).unwrap()
    }

    #[test]
    fn parts_join_in_the_order_of_their_numbers() {
        let parts = [part(3, 3, b"EF"), part(1, 3, b"AB"), part(2, 3, b"CD")];
        assert_eq!(profile(&parts, 6).as_deref(), Some(&b"ABCDEF"[..]));
        assert_eq!(profile(&parts, 5), None, "the limit is inclusive");
    }

    #[test]
    fn a_part_that_is_repeated_counts_once_and_a_part_that_differs_breaks_the_profile() {
        let whole = [part(1, 2, b"AB"), part(2, 2, b"CD")];
        let and = |more: Vec<u8>| [&whole[..], &[more]].concat();
        assert_eq!(profile(&and(part(1, 2, b"AB")), 99).as_deref(), Some(&b"ABCD"[..]));
        for more in [part(1, 2, b"XY"), part(2, 3, b"CD"), part(0, 2, b"EF"), part(3, 2, b"EF"), part(1, 2, b"")] {
            assert_eq!(profile(&and(more.clone()), 99), None, "{more:?}");
        }
        assert_eq!(profile(&and(b"ICC_PROFILE\0\x01".to_vec()), 99), None, "a part without its count");
        assert_eq!(profile(&whole[..1], 99), None, "a part is missing");
    }

    #[test]
    fn exif_needs_a_whole_tiff_header() {
        let mut app = ApplicationData::default();
        for other in [&b"Exif\0\0nonsense"[..], b"Exif\0\0II*\0\x08\0\0", b"http://ns.adobe.com/xap/1.0/\0"] {
            app.add(APP1, other);
            assert_eq!(app.exif, None);
        }
        app.add(APP1, b"Exif\0\0MM\0*\0\0\0\x08");
        app.add(APP1, b"Exif\0\0II*\0\x08\0\0\0");
        assert_eq!(app.exif, Some(&b"Exif\0\0MM\0*\0\0\0\x08"[..]), "the first counts");
    }

    #[test]
    fn the_transform_is_the_twelfth_byte_of_an_adobe_segment() {
        let mut app = ApplicationData::default();
        app.add(APP14, b"Adobe\0\x64\0\0\0\0\x02");
        assert_eq!(app.adobe_transform, Some(2));
        app.add(APP14, b"Ducky\0\x64\0\0\0\0\x01");
        assert_eq!(app.adobe_transform, Some(2));
        assert!(!app.has_jfif);
        app.add(APP0, b"JFIF\0\x01\x02");
        assert!(app.has_jfif);
    }
}
