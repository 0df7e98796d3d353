//! Reads where the bytes of items lie (`iloc`, ISO/IEC 14496-12 § 8.11.3).

use std::collections::BTreeMap;

use image_ingest_samples::{CpuTimer, DecodeError};

use crate::cursor::Cursor;
use crate::limits::HeifLimits;
use crate::result::Result;

/// Where the bytes of each item lie.
#[derive(Debug, Default)]
pub(crate) struct Locations(BTreeMap<u32, ItemLocation>);

#[derive(Debug)]
struct ItemLocation {
    /// 0 for the file, 1 for `idat`, 2 for another item.
    construction_method: u16,
    /// 0 for this file.
    data_reference: u16,
    /// Offset and length of each.
    extents: Vec<(u64, u64)>,
}

impl Locations {
    /// Reads `iloc`. The first two bytes give the sizes of the fields of an extent, four bits each.
    ///
    /// # Errors
    ///
    /// `malformed`, `limit_exceeded`, `deadline`, `cancelled`; `unsupported` for a version above 2.
    pub(crate) fn read(payload: &[u8], limits: &HeifLimits, timer: &CpuTimer<'_>) -> Result<Self> {
        let mut cursor = Cursor(payload);
        let (version, _) = cursor.full_box()?;
        if version > 2 {
            return Err(DecodeError::unsupported(format!("iloc version {version}")));
        }
        let (sizes, more) = (cursor.u8()?, cursor.u8()?);
        let fields = FieldSizes {
            version,
            offset: sizes >> 4,
            length: sizes & 15,
            base: more >> 4,
            index: if version == 0 { 0 } else { more & 15 },
        };
        let count = cursor.id(version == 2)?;
        limits.check_items(count)?;
        let (mut locations, mut extents) = (BTreeMap::new(), 0);
        for _ in 0..count {
            // Each may have `limits.extents`.
            timer.check()?;
            let (id, location) = fields.location(&mut cursor, limits)?;
            extents += location.extents.len() as u64;
            DecodeError::check_limit("extents of all items", extents, 8 * u64::from(limits.items.max(limits.extents)))?;
            if locations.insert(id, location).is_some() {
                return Err(DecodeError::malformed("an item with two locations"));
            }
        }
        Ok(Self(locations))
    }

    /// The item's bytes, one slice per extent, of `file` or of its `idat` box.
    ///
    /// Extents may overlap, but an item may not have more bytes than its file.
    ///
    /// # Errors
    ///
    /// `truncated` when an extent runs over the end of the file, `malformed`, `unsupported`.
    pub(crate) fn data<'a>(&self, item: u32, file: &'a [u8], idat: &'a [u8]) -> Result<Vec<&'a [u8]>> {
        let location = self.0.get(&item).ok_or_else(|| DecodeError::malformed("an item without a location"))?;
        if location.data_reference != 0 {
            return Err(DecodeError::unsupported("item data in another file"));
        }
        let source = match location.construction_method {
            0 => file,
            1 => idat,
            _ => return Err(DecodeError::unsupported("item data inside another item")),
        };
        let slices: Vec<_> = location.extents.iter().map(|&e| extent(source, e)).collect::<Result<_>>()?;
        let total = slices.iter().fold(0usize, |sum, s| sum.saturating_add(s.len()));
        match total {
            0 => Err(DecodeError::malformed("an item without data")),
            t if t > file.len() => Err(DecodeError::malformed("extents of an item overlap")),
            _ => Ok(slices),
        }
    }
}

/// The sizes of the fields of an extent in bytes: 0, 4 or 8.
struct FieldSizes {
    version: u8,
    offset: u8,
    length: u8,
    base: u8,
    index: u8,
}

impl FieldSizes {
    /// Reads the next item: its id, its construction method (not in version 0), its data reference, and its extents,
    /// whose offsets count from a base.
    fn location(&self, cursor: &mut Cursor<'_>, limits: &HeifLimits) -> Result<(u32, ItemLocation)> {
        let id = cursor.id(self.version == 2)?;
        let construction_method = if self.version == 0 { 0 } else { cursor.u16()? & 15 };
        let data_reference = cursor.u16()?;
        let base = cursor.sized(self.base)?;
        let count = cursor.u16()?;
        DecodeError::check_limit("extents", u64::from(count), u64::from(limits.extents))?;
        let mut extents = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            cursor.sized(self.index)?;
            let offset = cursor.sized(self.offset)?;
            // Without a length field, the one extent is the rest of the file (§ 8.11.3.1).
            let length = if self.length == 0 { u64::MAX } else { cursor.sized(self.length)? };
            let offset = base.checked_add(offset);
            extents.push((offset.ok_or_else(|| DecodeError::malformed("an extent's offset overflows"))?, length));
        }
        Ok((id, ItemLocation { construction_method, data_reference, extents }))
    }
}

/// The bytes of one extent; a length of `u64::MAX` is all that is left.
fn extent(source: &[u8], (offset, length): (u64, u64)) -> Result<&[u8]> {
    let cut = || DecodeError::truncated("an item's data ends beyond the file");
    let from = usize::try_from(offset).ok().and_then(|start| source.get(start..)).ok_or_else(cut)?;
    if length == u64::MAX {
        return Ok(from);
    }
    usize::try_from(length).ok().and_then(|len| from.get(..len)).ok_or_else(cut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::LIMITS;

    const FILE: &[u8] = b"0123456789";
    const IDAT: &[u8] = b"abc";

    /// The data of item 1, its extents joined, or what is wrong.
    fn data(iloc: &[u8]) -> std::result::Result<Vec<u8>, String> {
        let data =
            Locations::read(iloc, &LIMITS, &CpuTimer::default()).and_then(|locations| locations.data(1, FILE, IDAT));
        data.map(|extents| extents.concat()).map_err(|error| error.to_string())
    }

    /// `iloc` of version 0 with offsets and lengths of 32 bits, and one item.
    fn extents(list: &[(u32, u32)]) -> Vec<u8> {
        let count = u8::try_from(list.len()).unwrap();
        let fields: Vec<u8> = list.iter().flat_map(|&(at, len)| [at, len]).flat_map(u32::to_be_bytes).collect();
        [&[0, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 0, 0, count], &fields[..]].concat()
    }

    #[test]
    fn fields_have_the_sizes_that_the_box_says() {
        // Version 0: offset 4, length 4, base 0.
        assert_eq!(data(&extents(&[(2, 3)])).unwrap(), b"234");
        // Offset 0, length 4, base 8.
        let base = [0, 0, 0, 0, 0x04, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0, 2];
        assert_eq!(data(&base).unwrap(), b"45");
        // Version 2: ids of 32 bits, method 1, offset 8, length 0, base 4, index 4.
        let idat =
            [&[2, 0, 0, 0, 0x80, 0x44, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1][..], &[9; 4], &[0; 8]];
        assert_eq!(data(&idat.concat()).unwrap(), b"bc");
        let odd = [0, 0, 0, 0, 0x24, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1];
        assert_eq!(data(&odd).unwrap_err(), "malformed: iloc has a field size other than 0, 4 and 8");
        assert_eq!(data(&[3, 0, 0, 0, 0, 0, 0, 0]).unwrap_err(), "unsupported: iloc version 3");
    }

    #[test]
    fn extents_are_taken_in_order_and_stay_in_the_file() {
        assert_eq!(data(&extents(&[(5, 2), (0, 1)])).unwrap(), b"560");
        let cut = "truncated: an item's data ends beyond the file";
        assert_eq!(data(&extents(&[(8, 3)])).unwrap_err(), cut);
        assert_eq!(data(&extents(&[(11, 0)])).unwrap_err(), cut);
        assert_eq!(data(&extents(&[(0, 10), (3, 1)])).unwrap_err(), "malformed: extents of an item overlap");
        assert_eq!(data(&extents(&[(3, 0)])).unwrap_err(), "malformed: an item without data");
        assert_eq!(data(&extents(&[])).unwrap_err(), "malformed: an item without data");
    }

    #[test]
    fn data_elsewhere_is_unsupported() {
        let mut elsewhere = extents(&[(0, 1)]);
        elsewhere[11] = 1;
        assert_eq!(data(&elsewhere).unwrap_err(), "unsupported: item data in another file");
        let in_an_item = [1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 2, 0, 0, 0, 1];
        assert_eq!(data(&in_an_item).unwrap_err(), "unsupported: item data inside another item");
    }

    #[test]
    fn an_offset_that_overflows_is_malformed() {
        let base = [&[0, 0, 0, 0, 0x80, 0x80, 0, 1, 0, 1, 0, 0][..], &[255; 8], &[0, 1], &[0, 0, 0, 0, 0, 0, 0, 1]];
        assert_eq!(data(&base.concat()).unwrap_err(), "malformed: an extent's offset overflows");
    }

    #[test]
    fn an_item_has_one_location() {
        let mut twice = extents(&[(0, 1)]);
        twice[7] = 2;
        let entry = twice[8..].to_vec();
        twice.extend(entry);
        assert_eq!(data(&twice).unwrap_err(), "malformed: an item with two locations");
        assert_eq!(data(&[0, 0, 0, 0, 0, 0, 0, 0]).unwrap_err(), "malformed: an item without a location");
    }

    #[test]
    fn extents_and_items_are_limited() {
        let limits = HeifLimits { extents: 1, items: 1, ..LIMITS };
        assert!(Locations::read(&extents(&[(0, 1)]), &limits, &CpuTimer::default()).is_ok());
        let refused = |iloc: &[u8]| match Locations::read(iloc, &limits, &CpuTimer::default()) {
            Err(DecodeError::LimitExceeded { what, limit, actual }) => (what, limit, actual),
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(&extents(&[(0, 1), (1, 1)])), ("extents", 1, 2));
        assert_eq!(refused(&[0, 0, 0, 0, 0, 0, 0, 2]), ("items", 1, 2));
    }
}
