//! Recognises a container from its first bytes.

use crate::upload::format::{Format, Sniffed};
use crate::upload::text::sniff_text;

/// Recognises a container from the first bytes of a file; `head` may be any prefix of it.
///
/// The answer is [`Sniffed::NeedsMore`] exactly as long as further bytes could change it. So the answer does not depend on how
/// an upload is cut into chunks. [`HEAD_BYTES`] bytes are always enough.
pub(crate) fn sniff(head: &[u8]) -> Sniffed {
    let head = head.get(..HEAD_BYTES).unwrap_or(head);
    if let Some((_, format)) = ACCEPTED.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Sniffed::Is(*format);
    }
    if ACCEPTED.iter().any(|(magic, _)| magic.starts_with(head)) {
        return Sniffed::NeedsMore;
    }
    if let Some(sniffed) = sniff_webp(head).or_else(|| sniff_iso(head)) {
        return sniffed;
    }
    if OTHERS.iter().any(|(magic, _)| magic.len() > head.len() && magic.starts_with(head)) {
        return Sniffed::NeedsMore;
    }
    let elsewhere = |(magic, _): &&(&[u8], Sniffed)| head.starts_with(magic);
    if let Some((_, sniffed)) = OTHERS.iter().find(elsewhere) {
        return *sniffed;
    }
    let known = sniff_cursor_or_targa(head).or_else(|| sniff_movie(head)).or_else(|| sniff_zeros(head));
    known.or_else(|| sniff_text(head, head.len() == HEAD_BYTES)).unwrap_or(Sniffed::Unknown("unrecognised data"))
}

/// Describes an upload that ended before [`sniff`] could tell what it is.
pub(crate) fn seen_at_the_end(head: &[u8]) -> &'static str {
    let begins_an_image = ACCEPTED.iter().any(|(magic, _)| magic.starts_with(head)) || sniff_webp(head).is_some();
    match sniff_text(head, true) {
        Some(Sniffed::Unknown(seen)) if !begins_an_image => seen,
        _ => "too few bytes to tell",
    }
}

const ACCEPTED: [(&[u8], Format); 4] = [
    (&[0xFF, 0xD8, 0xFF], Format::Jpeg),
    (b"\x89PNG\r\n\x1a\n", Format::Png),
    (b"GIF87a", Format::Gif),
    (b"GIF89a", Format::Gif),
];

/// RFC 9649 § 2.4: `RIFF`, a size, `WEBP`.
fn sniff_webp(head: &[u8]) -> Option<Sniffed> {
    let (riff, name) = (prefix(head, 0, b"RIFF")?, prefix(head, 8, b"WEBP"));
    Some(match (riff, name) {
        (Prefix::Whole, Some(Prefix::Whole)) => Sniffed::Is(Format::Webp),
        (_, Some(_)) => Sniffed::NeedsMore,
        (_, None) => Sniffed::Unknown("a RIFF file that is no WebP"),
    })
}

/// Tells HEIF from other ISO base media files by the brands of the file type box (ISO/IEC 14496-12, 4.3).
fn sniff_iso(head: &[u8]) -> Option<Sniffed> {
    match (prefix(head, 0, &[0, 0]), prefix(head, 4, b"ftyp")) {
        (Some(_), Some(Prefix::Part)) => return Some(Sniffed::NeedsMore),
        (Some(_), Some(Prefix::Whole)) => {}
        _ => return None,
    }
    let size = u32::from_be_bytes(*head.first_chunk()?);
    let end = usize::try_from(size).unwrap_or(usize::MAX).clamp(16, HEAD_BYTES);
    let seen = head.get(..end).unwrap_or(head);
    let mut brands = seen.get(8..12).into_iter().chain(seen.get(16..).unwrap_or_default().chunks_exact(4));
    let major = seen.get(8..12);
    let avif = |brand: &[u8]| matches!(brand, b"avif" | b"avis");
    if major.is_some_and(avif) {
        return Some(Sniffed::Unsupported("AVIF"));
    }
    if brands.clone().any(|b| HEVC_BRANDS.iter().any(|h| b == *h)) {
        return Some(Sniffed::Is(Format::Heic));
    }
    if seen.len() < end {
        return Some(Sniffed::NeedsMore);
    }
    Some(match (brands.clone().any(avif), brands.any(|b| matches!(b, b"mif1" | b"msf1"))) {
        (true, _) => Sniffed::Unsupported("AVIF"),
        // These brands do not say how the primary item is coded. The probe finds that out.
        (false, true) => Sniffed::Is(Format::Heic),
        (false, false) if major == Some(b"qt  ") => Sniffed::Unknown(QUICKTIME),
        (false, false) => Sniffed::Unknown("an MP4 video, or another ISO media file without a HEIF brand"),
    })
}

/// Recognises QuickTime files without a file type box by their first atom, if it is at most 16 MiB long.
fn sniff_movie(head: &[u8]) -> Option<Sniffed> {
    prefix(head, 0, &[0])?;
    let atoms = [b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"];
    atoms.iter().find_map(|atom| prefix(head, 4, *atom)).map(|found| match found {
        Prefix::Whole => Sniffed::Unknown(QUICKTIME),
        Prefix::Part => Sniffed::NeedsMore,
    })
}

const QUICKTIME: &str = "a QuickTime movie";

/// Tells cursors and Targa pictures apart, which can begin with the same bytes. A cursor's directory says where its first picture
/// lies; a Targa header says what its pixels are.
fn sniff_cursor_or_targa(head: &[u8]) -> Option<Sniffed> {
    if !matches!(head, [] | [0] | [0, 0 | 1] | [0, 0, 2 | 3 | 10 | 11, ..] | [0, 1, 1 | 9, ..]) {
        return None;
    }
    let Some(&[_, is_mapped, kind, ref map @ .., p0, p1, p2, p3]) = head.first_chunk::<22>() else {
        return Some(Sniffed::NeedsMore);
    };
    let [m0, m1, m2, m3, m4, _, reserved, _, _, w0, w1, h0, h1, depth, _] = *map;
    let (count, place) = (u16::from_le_bytes([m1, m2]), u32::from_le_bytes([p0, p1, p2, p3]));
    let is_directory = kind == 2 && m0 == 0 && count > 0 && reserved == 0;
    if is_directory && place >= 6 + 16 * u32::from(count) {
        return Some(Sniffed::Unknown("CUR"));
    }
    let has_pixels = [w0, w1] != [0; 2] && [h0, h1] != [0; 2] && matches!(depth, 8 | 15 | 16 | 24 | 32);
    let is_targa = has_pixels && (is_mapped == 1 || [m0, m1, m2, m3, m4] == [0; 5]);
    is_targa.then_some(Sniffed::Unknown("TGA"))
}

/// Recognises files of zero bytes, which interrupted transfers leave.
fn sniff_zeros(head: &[u8]) -> Option<Sniffed> {
    match prefix(head, 0, &[0; 16])? {
        Prefix::Whole => Some(Sniffed::Unknown("zero bytes")),
        Prefix::Part => Some(Sniffed::NeedsMore),
    }
}

enum Prefix {
    Whole,
    /// `head` ends inside the magic bytes, and agrees with them so far.
    Part,
}

/// Whether `head` carries `magic` at `at`, or could once it is longer.
fn prefix(head: &[u8], at: usize, magic: &[u8]) -> Option<Prefix> {
    let rest = head.get(at..).unwrap_or_default();
    if rest.starts_with(magic) { Some(Prefix::Whole) } else { magic.starts_with(rest).then_some(Prefix::Part) }
}

/// As many first bytes as [`sniff`] looks at.
pub(crate) const HEAD_BYTES: usize = 1024;

/// HEIF brands that promise HEVC (ISO/IEC 23008-12, annex B).
const HEVC_BRANDS: [&[u8; 4]; 6] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"];

const OTHERS: &[(&[u8], Sniffed)] = &[
    (b"\0\0\0\x0cJXL \r\n\x87\n", Sniffed::Unsupported("JPEG XL")),
    (b"\xFF\x0A", Sniffed::Unsupported("JPEG XL")),
    (b"\0\0\0\x0cjP  \r\n\x87\n", Sniffed::Unknown("JPEG 2000")),
    (b"\xFF\x4F\xFF\x51", Sniffed::Unknown("JPEG 2000")),
    (b"II*\0", Sniffed::Unknown("TIFF")),
    (b"MM\0*", Sniffed::Unknown("TIFF")),
    (b"II+\0", Sniffed::Unknown("BigTIFF")),
    (b"MM\0+", Sniffed::Unknown("BigTIFF")),
    (b"BM", Sniffed::Unknown("BMP")),
    (b"8BPS", Sniffed::Unknown("Photoshop document")),
    (b"%PDF", Sniffed::Unknown("PDF")),
    (b"%!PS", Sniffed::Unknown("PostScript")),
    (b"\0\0\x01\0", Sniffed::Unknown("ICO")),
    (b"\x1aE\xdf\xa3", Sniffed::Unknown("Matroska or WebM")),
    (b"PK\x03\x04", Sniffed::Unknown("ZIP archive")),
    (b"\x1f\x8b", Sniffed::Unknown("gzip data")),
    (b"\x7fELF", Sniffed::Unknown("ELF program")),
    (b"MZ", Sniffed::Unknown("Windows program")),
    (b"qoif", Sniffed::Unknown("QOI")),
    (b"#?RADIANCE", Sniffed::Unknown("Radiance HDR")),
    (b"\x76\x2f\x31\x01", Sniffed::Unknown("OpenEXR")),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn ftyp(major: &[u8; 4], compatible: &[&[u8; 4]]) -> Vec<u8> {
        let size = u32::try_from(16 + 4 * compatible.len()).unwrap();
        let mut out = [&size.to_be_bytes()[..], b"ftyp", major, &[0; 4]].concat();
        compatible.iter().for_each(|b| out.extend(*b));
        out
    }

    #[test]
    fn names_are_the_words_in_lower_case() {
        for format in [Format::Jpeg, Format::Png, Format::Gif, Format::Webp, Format::Heic] {
            assert_eq!(format.to_string().to_lowercase(), format.name());
        }
    }

    #[test]
    fn each_format_is_known_by_its_first_bytes_and_not_before() {
        let files: [(&[u8], Format); 5] = [
            (b"\xff\xd8\xff", Format::Jpeg),
            (b"\x89PNG\r\n\x1a\n", Format::Png),
            (b"GIF89a", Format::Gif),
            (b"RIFF\x10\0\0\0WEBP", Format::Webp),
            (b"\0\0\0\x18ftypheic", Format::Heic),
        ];
        for (magic, format) in files {
            assert_eq!(sniff(magic), Sniffed::Is(format));
            for n in 0..magic.len() {
                assert_eq!(sniff(&magic[..n]), Sniffed::NeedsMore, "{format} after {n}");
            }
        }
    }

    #[test]
    fn a_compatible_brand_counts_and_avif_does_not() {
        assert_eq!(sniff(&ftyp(b"mif1", &[b"miaf", b"heic"])), Sniffed::Is(Format::Heic));
        assert_eq!(sniff(&ftyp(b"mif1", &[b"miaf"])), Sniffed::Is(Format::Heic));
        assert_eq!(sniff(&ftyp(b"mif1", &[b"avif", b"miaf"])), Sniffed::Unsupported("AVIF"));
        assert_eq!(sniff(&ftyp(b"avif", &[b"mif1"])), Sniffed::Unsupported("AVIF"));
        assert!(matches!(sniff(&ftyp(b"isom", &[b"mp41"])), Sniffed::Unknown(_)));
    }

    #[test]
    fn a_wrong_byte_decides_at_once() {
        assert!(matches!(sniff(b"\x89PNX"), Sniffed::Unknown(_)));
        assert!(matches!(sniff(b"RIFF\0\0\0\0WAVE"), Sniffed::Unknown(_)));
        assert_eq!(sniff(b"%PDF"), Sniffed::Unknown("PDF"));
    }

    #[test]
    fn the_first_decision_is_the_last() {
        let texts = crate::upload::text::BEGINNINGS.iter().map(|&(magic, seen)| (magic, Sniffed::Unknown(seen)));
        for (magic, sniffed) in OTHERS.iter().copied().chain(texts) {
            let file = [magic, &[0x20; 64][..]].concat();
            let first = (0..file.len()).map(|n| sniff(&file[..n])).find(|s| *s != Sniffed::NeedsMore);
            assert_eq!((first, sniff(&file)), (Some(sniffed), sniffed));
        }
    }

    #[test]
    fn a_targa_picture_is_no_cursor() {
        let cursor = b"\0\0\x02\0\x01\0\x20\x20\0\0\x01\0\x01\0\xA8\x10\0\0\x16\0\0\0(\0\0\0";
        let targa = b"\0\0\x02\0\0\0\0\0\0\0\0\0\x40\0\x30\0\x18\x20\xFF\0\xFF\0\0\0";
        let mapped = b"\0\x01\x01\0\0\0\x01\x18\0\0\0\0\x40\0\x30\0\x08\x20\xFF\0\xFF\0\0\0";
        for (file, seen) in [(&cursor[..], "CUR"), (targa, "TGA"), (mapped, "TGA")] {
            assert_eq!(sniff(file), Sniffed::Unknown(seen));
        }
    }

    #[test]
    fn movies_and_zeros_are_named() {
        assert_eq!(sniff(&ftyp(b"qt  ", &[b"qt  "])), Sniffed::Unknown(QUICKTIME));
        assert_eq!(sniff(b"\0\0\x12\x34moov\0\0\x12\x2cmvhd"), Sniffed::Unknown(QUICKTIME));
        assert_eq!(sniff(&[0; 16]), Sniffed::Unknown("zero bytes"));
        assert_eq!(sniff(&[0; 15]), Sniffed::NeedsMore);
    }

    #[test]
    fn one_decision_is_the_decision_of_every_longer_head() {
        let mut state = 7_u32;
        let mut random = move |most: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as usize % most
        };
        let bytes = b"\0\0\0\0\x01\x02\x0a\x10ftypmovheic<[{/-.:GIF89aAZ0eX\xEF\xBB\xBF \n\xFF";
        for _ in 0..20_000 {
            let file: Vec<u8> = (0..40).map(|_| bytes[random(bytes.len())]).collect();
            let mut decided = (0..=file.len()).map(|n| sniff(&file[..n])).skip_while(|s| *s == Sniffed::NeedsMore);
            let first = decided.next().unwrap();
            assert!(decided.all(|later| later == first), "{file:?}");
        }
    }

    #[test]
    fn head_bytes_always_suffice() {
        let mut endless = ftyp(b"zzzz", &[]);
        endless[..4].copy_from_slice(&[0, 0, 0xFF, 0xFF]);
        endless.resize(HEAD_BYTES, 0);
        assert_ne!(sniff(&endless), Sniffed::NeedsMore);
    }
}
