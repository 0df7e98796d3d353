//! Finds the file-level `meta` box and its parts (ISO/IEC 14496-12 § 8.11.1), and checks the brands before it.

use image_ingest_samples::{CpuTimer, DecodeError};

use crate::boxes::{IsoBox, children, next_box};
use crate::cursor::{Cursor, FourCc, printable};
use crate::result::Result;

/// The children of the file-level `meta` box that matter here.
pub(crate) struct Meta<'a> {
    parts: Vec<IsoBox<'a>>,
    /// Whether `miaf` is among the brands.
    pub(crate) is_miaf: bool,
}

impl<'a> Meta<'a> {
    /// Walks the top level up to `meta`. What follows `meta` is found through `iloc`, and need not be whole.
    ///
    /// A file has at most one `meta` box (§ 8.11.1). A second one would be the picture for readers that take the last,
    /// so it is refused.
    ///
    /// # Errors
    ///
    /// `malformed`, `unsupported`; `truncated` for a file that ends before its `meta` box does; `deadline`, `cancelled`.
    pub(crate) fn find(file: &'a [u8], timer: &CpuTimer<'_>) -> Result<Self> {
        let mut rest = file;
        let (mut brands_seen, mut is_miaf, mut sequence) = (false, false, false);
        while let Some(next) = next_box(&mut rest, timer)? {
            match &next.box_type {
                b"ftyp" if !brands_seen => {
                    is_miaf = check_brands(next.payload, timer)?;
                    brands_seen = true;
                }
                b"meta" if brands_seen => {
                    return if has_meta(rest, timer)? {
                        Err(DecodeError::malformed("two meta boxes"))
                    } else {
                        Self::read(next.payload, is_miaf, timer)
                    };
                }
                _ if !brands_seen => return Err(DecodeError::malformed("ftyp is not the first box")),
                box_type => sequence |= *box_type == *b"moov",
            }
        }
        Err(if sequence {
            DecodeError::unsupported("an image sequence without a still picture")
        } else {
            DecodeError::truncated("no meta box")
        })
    }

    fn read(payload: &'a [u8], is_miaf: bool, timer: &CpuTimer<'_>) -> Result<Self> {
        let mut cursor = Cursor(payload);
        cursor.full_box()?;
        let mut parts: Vec<IsoBox<'_>> = Vec::new();
        for child in children(cursor.0, timer) {
            let child = child?;
            if !PARTS.contains(&&child.box_type) {
                continue;
            }
            if parts.iter().any(|b| b.box_type == child.box_type) {
                return Err(DecodeError::malformed(format!("two {} boxes", printable(child.box_type))));
            }
            parts.push(child);
        }
        Ok(Self { parts, is_miaf })
    }

    /// The payload of a part; `None` where it is not there.
    pub(crate) fn get(&self, box_type: &FourCc) -> Option<&'a [u8]> {
        self.parts.iter().find(|b| &b.box_type == box_type).map(|b| b.payload)
    }

    /// The payload of a part that every file has.
    ///
    /// # Errors
    ///
    /// `malformed` where it is not there.
    pub(crate) fn need(&self, box_type: &FourCc) -> Result<&'a [u8]> {
        self.get(box_type).ok_or_else(|| DecodeError::malformed(format!("no {} box", printable(*box_type))))
    }

    /// Refuses a `meta` box that is about something else than pictures (`hdlr`, ISO/IEC 14496-12 § 8.4.3).
    ///
    /// # Errors
    ///
    /// `malformed`.
    pub(crate) fn check_handler(&self) -> Result<()> {
        let mut cursor = Cursor(self.need(b"hdlr")?);
        cursor.full_box()?;
        cursor.u32()?;
        if &cursor.four_cc()? == b"pict" {
            Ok(())
        } else {
            Err(DecodeError::malformed("the meta box is not about pictures"))
        }
    }

    /// The primary item (`pitm`, § 8.11.4).
    ///
    /// # Errors
    ///
    /// `malformed`.
    pub(crate) fn primary(&self) -> Result<u32> {
        let mut cursor = Cursor(self.need(b"pitm")?);
        let (version, _) = cursor.full_box()?;
        cursor.id(version != 0)
    }
}

/// Whether the file goes on with a `meta` box. Bytes after its end are no boxes, or another file's.
fn has_meta(mut rest: &[u8], timer: &CpuTimer<'_>) -> Result<bool> {
    loop {
        match next_box(&mut rest, timer) {
            Ok(Some(IsoBox { box_type, .. })) if box_type == *b"meta" => return Ok(true),
            Ok(Some(IsoBox { box_type, .. })) if box_type != *b"ftyp" => {}
            Err(error @ DecodeError::Work(_)) => return Err(error),
            _ => return Ok(false),
        }
    }
}

/// Refuses a file under none of [`BRANDS`], and tells whether MIAF's brand is among those listed. The second four bytes
/// of `ftyp` are a version and no brand (ISO/IEC 14496-12 § 4.3).
fn check_brands(payload: &[u8], timer: &CpuTimer<'_>) -> Result<bool> {
    let (brands, _) = payload.as_chunks::<4>();
    let (mut is_known, mut is_miaf) = (false, false);
    for (at, brand) in brands.iter().enumerate() {
        timer.step()?;
        is_known |= at != 1 && BRANDS.contains(&brand);
        is_miaf |= brand == b"miaf";
    }
    if is_known {
        return Ok(is_miaf);
    }
    let major = brands.first().ok_or_else(|| DecodeError::malformed("ftyp is empty"))?;
    Err(DecodeError::unsupported(format!("brand {}", printable(*major))))
}

const PARTS: [&FourCc; 7] = [b"hdlr", b"pitm", b"iinf", b"iref", b"iloc", b"idat", b"iprp"];

/// The brands under which an HEVC still picture may come (ISO/IEC 23008-12 § 10 and annex B).
const BRANDS: [&FourCc; 8] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::make_box;

    fn found(boxes: &[Vec<u8>]) -> std::result::Result<bool, String> {
        Meta::find(&boxes.concat(), &CpuTimer::default()).map(|meta| meta.is_miaf).map_err(|error| error.to_string())
    }

    fn ftyp(brands: &[u8]) -> Vec<u8> {
        make_box(b"ftyp", &[brands])
    }

    fn meta() -> Vec<u8> {
        make_box(b"meta", &[&[0; 4]])
    }

    #[test]
    fn one_known_brand_is_enough_and_the_version_is_none() {
        assert_eq!(found(&[ftyp(b"heic\0\0\0\0"), meta()]), Ok(false));
        assert_eq!(found(&[ftyp(b"what\0\0\0\0mif1miaf"), meta()]), Ok(true));
        assert_eq!(found(&[ftyp(b"avifheicavif"), meta()]), Err("unsupported: brand avif".into()));
        assert_eq!(found(&[ftyp(b""), meta()]), Err("malformed: ftyp is empty".into()));
    }

    #[test]
    fn ftyp_is_the_first_box_and_meta_the_only_one() {
        let heic = || ftyp(b"heic\0\0\0\0");
        assert_eq!(found(&[meta(), heic()]), Err("malformed: ftyp is not the first box".into()));
        assert_eq!(found(&[heic(), make_box(b"free", &[]), meta()]), Ok(false));
        assert_eq!(found(&[heic(), meta(), make_box(b"free", &[]), meta()]), Err("malformed: two meta boxes".into()));
        assert_eq!(found(&[heic(), meta(), heic(), meta()]), Ok(false));
        assert_eq!(found(&[heic()]), Err("truncated: no meta box".into()));
        let sequence = "unsupported: an image sequence without a still picture";
        assert_eq!(found(&[heic(), make_box(b"moov", &[])]), Err(sequence.into()));
    }

    #[test]
    fn a_part_comes_once_and_others_are_not_looked_at() {
        let with = |parts: &[&[u8]]| found(&[ftyp(b"heic\0\0\0\0"), make_box(b"meta", &[&[0; 4], &parts.concat()])]);
        let (pitm, other) = (make_box(b"pitm", &[]), make_box(b"what", &[]));
        assert_eq!(with(&[&other, &pitm, &other]), Ok(false));
        assert_eq!(with(&[&pitm, &pitm]), Err("malformed: two pitm boxes".into()));
    }

    #[test]
    fn the_primary_item_has_16_bits_or_32() {
        let primary =
            |pitm: &[u8]| Meta { parts: vec![IsoBox { box_type: *b"pitm", payload: pitm }], is_miaf: false }.primary();
        assert_eq!(primary(&[0, 0, 0, 0, 1, 2]).unwrap(), 0x102);
        assert_eq!(primary(&[1, 0, 0, 0, 1, 2, 3, 4]).unwrap(), 0x102_0304);
        assert!(primary(&[1, 0, 0, 0, 1, 2]).is_err());
    }
}
