//! Reads which items a file has, and of which type each is (`iinf`, ISO/IEC 14496-12 § 8.11.6).

use std::collections::BTreeMap;

use image_ingest_samples::{CpuTimer, DecodeError};

use crate::boxes::children;
use crate::cursor::{Cursor, FourCc};
use crate::limits::HeifLimits;
use crate::result::Result;

/// The items of a file and their types.
#[derive(Debug, Default)]
pub(crate) struct ItemTypes(BTreeMap<u32, FourCc>);

impl ItemTypes {
    /// Reads `iinf`. The count that it begins with is only a bound: the entries are counted as they come.
    ///
    /// # Errors
    ///
    /// `malformed`, `limit_exceeded`, `deadline`, `cancelled`.
    pub(crate) fn read(payload: &[u8], limits: &HeifLimits, timer: &CpuTimer<'_>) -> Result<Self> {
        let mut types = BTreeMap::new();
        let mut cursor = Cursor(payload);
        let (version, _) = cursor.full_box()?;
        limits.check_items(cursor.id(version != 0)?)?;
        for entry in children(cursor.0, timer) {
            let entry = entry?;
            if &entry.box_type == b"infe"
                && let Some((id, item_type)) = info(entry.payload)?
            {
                if types.insert(id, item_type).is_some() {
                    return Err(DecodeError::malformed("two items with one id"));
                }
                limits.check_items(u32::try_from(types.len()).unwrap_or(u32::MAX))?;
            }
        }
        Ok(Self(types))
    }

    /// The item's type.
    ///
    /// # Errors
    ///
    /// `malformed` when there is no such item.
    pub(crate) fn get(&self, item: u32) -> Result<FourCc> {
        let found = self.0.get(&item).copied();
        found.ok_or_else(|| DecodeError::malformed("a reference to an item that does not exist"))
    }

    pub(crate) fn contains(&self, item: u32) -> bool {
        self.0.contains_key(&item)
    }

    pub(crate) fn is(&self, item: u32, item_type: &FourCc) -> bool {
        self.0.get(&item) == Some(item_type)
    }
}

/// Id and type of an `infe` box; `None` for the versions without a type.
fn info(payload: &[u8]) -> Result<Option<(u32, FourCc)>> {
    let mut cursor = Cursor(payload);
    let (version, _) = cursor.full_box()?;
    if version < 2 {
        return Ok(None);
    }
    let id = cursor.id(version > 2)?;
    let protection = cursor.u16()?;
    let item_type = cursor.four_cc()?;
    // A protected item stays in the table, so a file is refused only where the picture needs that item.
    Ok(Some((id, if protection == 0 { item_type } else { *b"encv" })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{LIMITS, make_box};

    fn iinf(entries: &[Vec<u8>]) -> Vec<u8> {
        [&[0, 0, 0, 0, 0, u8::try_from(entries.len()).unwrap()], &entries.concat()[..]].concat()
    }

    fn infe(fields: &[u8]) -> Vec<u8> {
        make_box(b"infe", &[fields])
    }

    #[test]
    fn an_item_has_an_id_of_16_or_32_bits_and_a_type() {
        let entries = [
            infe(b"\x02\0\0\0\0\x07\0\0hvc1\0"),
            infe(b"\x03\0\0\0\0\x01\0\0\0\0grid\0"),
            infe(b"\x01\0\0\0\0\x08\0\0"),
            infe(b"\x02\0\0\0\0\x09\0\x01hvc1\0"),
        ];
        let types = ItemTypes::read(&iinf(&entries), &LIMITS, &CpuTimer::default()).unwrap();
        assert_eq!((types.get(7).unwrap(), types.get(0x10000).unwrap()), (*b"hvc1", *b"grid"));
        // An entry without a type, and a protected item.
        assert!(!types.contains(8) && types.get(8).is_err());
        assert!(types.is(9, b"encv"));
    }

    #[test]
    fn an_id_comes_once() {
        let one = infe(b"\x02\0\0\0\0\x07\0\0hvc1\0");
        let twice = ItemTypes::read(&iinf(&[one.clone(), one]), &LIMITS, &CpuTimer::default()).unwrap_err();
        assert_eq!(twice.to_string(), "malformed: two items with one id");
    }

    #[test]
    fn the_announced_and_the_true_number_of_items_are_limited() {
        let limits = HeifLimits { items: 1, ..LIMITS };
        let refused = |iinf: &[u8]| match ItemTypes::read(iinf, &limits, &CpuTimer::default()) {
            Err(DecodeError::LimitExceeded { limit, actual, .. }) => Some((limit, actual)),
            _ => None,
        };
        let entries = [7, 8].map(|id| infe(&[2, 0, 0, 0, 0, id, 0, 0, b'h', b'v', b'c', b'1', 0]));
        assert_eq!(refused(&iinf(&entries[..1])), None);
        assert_eq!(refused(&iinf(&entries)), Some((1, 2)));
        let mut silent = iinf(&entries);
        silent[5] = 0;
        assert_eq!(refused(&silent), Some((1, 2)));
    }
}
