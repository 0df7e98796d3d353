//! Reads the two Exif values that change a picture: orientation and the Interoperability index.
//!
//! Implements the IFD layout of TIFF 6.0 § 2 as CIPA DC-008 § 4.6 uses it. Never fails: broken metadata is not
//! damage, so what cannot be read is absent. Thumbnails (IFD1) are not followed; their orientation is their own.

use crate::header::Orientation;

/// What Exif says that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Exif {
    /// Tag 0x0112 of IFD0; upright when absent or outside 1–8.
    pub orientation: Orientation,
    /// The Interoperability index is `R03`: an Adobe RGB file by the DCF option-file rule.
    pub interop_r03: bool,
}

impl Exif {
    /// Reads a TIFF structure, with or without the `Exif\0\0` prefix that JPEG and some writers put before it; what is
    /// no such structure says nothing.
    pub(crate) fn read(block: &[u8]) -> Self {
        Self::parse(block).unwrap_or_default()
    }

    /// The same, or nothing where there is no TIFF structure.
    pub(crate) fn parse(block: &[u8]) -> Option<Self> {
        let tiff = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
        let order = match tiff.get(..4)? {
            [b'I', b'I', 42, 0] => ByteOrder::Little,
            [b'M', b'M', 0, 42] => ByteOrder::Big,
            _ => return None,
        };
        let reader = TiffReader { tiff, order };
        let ifd0 = reader.u32(4)?;
        let orientation = reader
            .entry(ifd0, TAG_ORIENTATION)
            .and_then(|e| reader.small(e))
            .map_or(Orientation::Upright, Orientation::from_exif);
        let interop_r03 = reader
            .entry(ifd0, TAG_EXIF_IFD)
            .and_then(|e| reader.u32(e + 8))
            .and_then(|ifd| reader.entry(ifd, TAG_INTEROP_IFD))
            .and_then(|e| reader.u32(e + 8))
            .and_then(|ifd| reader.entry(ifd, TAG_INTEROP_INDEX))
            .is_some_and(|e| tiff.get(e + 8..e + 11) == Some(b"R03"));
        Some(Self { orientation, interop_r03 })
    }
}

#[derive(Clone, Copy)]
enum ByteOrder {
    Little,
    Big,
}

struct TiffReader<'a> {
    tiff: &'a [u8],
    order: ByteOrder,
}

impl TiffReader<'_> {
    fn u16(&self, at: usize) -> Option<u16> {
        let b = self.tiff.get(at..)?.first_chunk()?;
        Some(match self.order {
            ByteOrder::Little => u16::from_le_bytes(*b),
            ByteOrder::Big => u16::from_be_bytes(*b),
        })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let b = self.tiff.get(at..)?.first_chunk()?;
        Some(match self.order {
            ByteOrder::Little => u32::from_le_bytes(*b),
            ByteOrder::Big => u32::from_be_bytes(*b),
        })
    }

    /// The offset of the 12-byte entry with `tag` in the IFD at `ifd`.
    fn entry(&self, ifd: u32, tag: u16) -> Option<usize> {
        let ifd = usize::try_from(ifd).ok()?;
        let entries = usize::from(self.u16(ifd)?);
        (0..entries)
            .map(|i| ifd + 2 + i * 12)
            .take_while(|&at| at + 12 <= self.tiff.len())
            .find(|&at| self.u16(at) == Some(tag))
    }

    /// A SHORT value, or a LONG or BYTE that some writers put in its place.
    fn small(&self, entry: usize) -> Option<u16> {
        match self.u16(entry + 2)? {
            TYPE_BYTE => self.tiff.get(entry + 8).map(|&b| u16::from(b)),
            TYPE_SHORT => self.u16(entry + 8),
            TYPE_LONG => u16::try_from(self.u32(entry + 8)?).ok(),
            _ => None,
        }
    }
}

const TAG_ORIENTATION: u16 = 0x0112;
const TAG_EXIF_IFD: u16 = 0x8769;
const TAG_INTEROP_IFD: u16 = 0xA005;
const TAG_INTEROP_INDEX: u16 = 0x0001;
const TYPE_BYTE: u16 = 1;
const TYPE_SHORT: u16 = 3;
const TYPE_LONG: u16 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn tiff(big: bool, kind: u16, value: [u8; 4]) -> Vec<u8> {
        let u16b = |v: u16| if big { v.to_be_bytes() } else { v.to_le_bytes() };
        let u32b = |v: u32| if big { v.to_be_bytes() } else { v.to_le_bytes() };
        let mut t = if big { b"MM\0\x2a".to_vec() } else { b"II\x2a\0".to_vec() };
        t.extend(u32b(8));
        t.extend(u16b(1));
        t.extend(u16b(TAG_ORIENTATION));
        t.extend(u16b(kind));
        t.extend(u32b(1));
        t.extend(value);
        t.extend(u32b(0));
        t
    }

    #[test]
    fn both_byte_orders_are_read() {
        assert_eq!(Exif::read(&tiff(true, TYPE_SHORT, [0, 6, 0, 0])).orientation, Orientation::Rotate90);
        assert_eq!(Exif::read(&tiff(false, TYPE_SHORT, [6, 0, 0, 0])).orientation, Orientation::Rotate90);
    }

    #[test]
    fn values_outside_one_to_eight_are_upright() {
        for v in [0, 9, 255] {
            assert_eq!(Exif::read(&tiff(false, TYPE_SHORT, [v, 0, 0, 0])).orientation, Orientation::Upright);
        }
    }

    #[test]
    fn the_prefix_is_optional() {
        let bare = tiff(false, TYPE_SHORT, [3, 0, 0, 0]);
        let prefixed = [b"Exif\0\0".as_slice(), &bare].concat();
        assert_eq!(Exif::read(&bare), Exif::read(&prefixed));
    }

    #[test]
    fn every_truncation_is_quiet() {
        let whole = tiff(true, TYPE_SHORT, [0, 8, 0, 0]);
        for n in 0..whole.len() {
            let _ = Exif::read(&whole[..n]);
        }
    }

    #[test]
    fn an_ifd_offset_at_the_end_of_the_address_space_is_absent() {
        let mut t = tiff(false, TYPE_SHORT, [6, 0, 0, 0]);
        t[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Exif::read(&t), Exif::default());
    }
}
