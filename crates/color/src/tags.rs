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

    /// The data of the first tag of that name, if all of it lies within the profile.
    pub(crate) fn get(&self, name: [u8; 4]) -> Option<&'a [u8]> {
        let count = length(self.bytes, 128)?;
        let entries = self.bytes.get(132..)?.as_chunks::<12>().0;
        let entry = entries.iter().take(count).find(|entry| entry.starts_with(&name))?;
        let start = length(entry, 4)?;
        self.bytes.get(start..start.checked_add(length(entry, 8)?)?)
    }
}
