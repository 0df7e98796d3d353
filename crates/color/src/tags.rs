//! The header and the tag table of an ICC profile (ICC.1:2022, clauses 7.2 and 7.3).

use crate::description::ColorModel;
use crate::numbers::length;
use crate::pcs::Pcs;

/// A profile's header and tag table.
pub(crate) struct Tags<'a> {
    bytes: &'a [u8],
    /// The major version.
    pub(crate) version: u8,
    /// The space of device values.
    pub(crate) space: ColorModel,
    pub(crate) pcs: Pcs,
}

impl<'a> Tags<'a> {
    /// `None` when the header is not that of an input, display, output or colour space profile from gray, RGB or CMYK.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        // Version 0 is found in files and means 2. Version 5 is another format (ICC.2).
        let version = *bytes.get(8)?;
        let known = matches!(version, 0 | 2..=4) && bytes.get(36..40)? == b"acsp";
        let device = matches!(bytes.get(12..16)?, b"scnr" | b"mntr" | b"prtr" | b"spac");
        if !known || !device {
            return None;
        }
        let space = match bytes.get(16..20)? {
            b"GRAY" => ColorModel::Gray,
            b"RGB " => ColorModel::Rgb,
            b"CMYK" => ColorModel::Cmyk,
            _ => return None,
        };
        let pcs = match bytes.get(20..24)? {
            b"XYZ " => Pcs::Xyz,
            b"Lab " => Pcs::Lab,
            _ => return None,
        };
        Some(Self { bytes, version, space, pcs })
    }

    /// The data of the first tag of that name, if all of it lies within the profile. The first [`MAX_TAGS`] tags count.
    pub(crate) fn get(&self, name: [u8; 4]) -> Option<&'a [u8]> {
        let count = length(self.bytes, 128)?;
        let entries = self.bytes.get(132..)?.as_chunks::<12>().0;
        let entry = entries.iter().take(count.min(MAX_TAGS)).find(|entry| entry.starts_with(&name))?;
        let start = length(entry, 4)?;
        self.bytes.get(start..start.checked_add(length(entry, 8)?)?)
    }
}

/// Profiles have some twenty tags.
const MAX_TAGS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// A profile of one tag of four bytes.
    fn profile() -> Vec<u8> {
        let mut bytes = vec![0; 128];
        bytes[8] = 4;
        bytes[12..16].copy_from_slice(b"mntr");
        bytes[16..20].copy_from_slice(b"RGB ");
        bytes[20..24].copy_from_slice(b"XYZ ");
        bytes[36..40].copy_from_slice(b"acsp");
        bytes.extend([[0, 0, 0, 1], *b"wtpt", [0, 0, 0, 144], [0, 0, 0, 4], [1, 2, 3, 4]].concat());
        bytes
    }

    #[test]
    fn a_tag_is_found_by_its_name() {
        let bytes = profile();
        let tags = Tags::read(&bytes).unwrap();
        assert_eq!((tags.version, tags.space, tags.pcs), (4, ColorModel::Rgb, Pcs::Xyz));
        assert_eq!(tags.get(*b"wtpt"), Some(&[1, 2, 3, 4][..]));
        assert_eq!(tags.get(*b"A2B0"), None);
    }

    #[test]
    fn a_tag_that_leaves_the_profile_is_absent() {
        for (at, value) in [(139, 145), (143, 5), (136, 255), (140, 255)] {
            let mut bytes = profile();
            bytes[at] = value;
            assert_eq!(Tags::read(&bytes).unwrap().get(*b"wtpt"), None, "{at}");
        }
    }

    #[test]
    fn other_versions_classes_and_spaces_are_no_profiles() {
        for (at, value) in [(8, 5), (8, 1), (12, b'l'), (16, b'L'), (20, b'R'), (36, b'A')] {
            let mut bytes = profile();
            bytes[at] = value;
            assert!(Tags::read(&bytes).is_none(), "{at}");
        }
        assert!(Tags::read(&profile()[..39]).is_none());
    }
}
