//! Reads what items refer to (`iref`, ISO/IEC 14496-12 § 8.11.12).

use std::collections::{BTreeMap, BTreeSet};

use image_ingest_samples::{CpuTimer, DecodeError};

use crate::boxes::{IsoBox, children};
use crate::cursor::Cursor;
use crate::infos::ItemTypes;
use crate::limits::HeifLimits;
use crate::result::Result;

/// The references that decide what items look like.
#[derive(Debug, Default)]
pub(crate) struct References {
    /// `dimg`: the inputs of a derived item, in order.
    inputs: BTreeMap<u32, Vec<u32>>,
    /// `auxl`: the auxiliary items of an item, in the file's order.
    auxiliaries: BTreeMap<u32, Vec<u32>>,
    /// The first `Exif` item that describes the primary item (`cdsc`).
    pub(crate) exif: Option<u32>,
    /// `prem`: items whose samples are premultiplied by an alpha item.
    premultiplied: BTreeSet<u32>,
}

impl References {
    /// Reads `iref`. Ids have 16 bits in version 0, else 32.
    ///
    /// # Errors
    ///
    /// `malformed`, `limit_exceeded`, `deadline`, `cancelled`.
    pub(crate) fn read(
        payload: &[u8],
        primary: u32,
        types: &ItemTypes,
        limits: &HeifLimits,
        timer: &CpuTimer<'_>,
    ) -> Result<Self> {
        let mut references = Self::default();
        let (mut auxiliaries, mut inputs) = (0, 0);
        let mut cursor = Cursor(payload);
        let (version, _) = cursor.full_box()?;
        for reference in children(cursor.0, timer) {
            let IsoBox { box_type, payload } = reference?;
            let mut cursor = Cursor(payload);
            let from = cursor.id(version != 0)?;
            let count = cursor.u16()?;
            let mut targets = (0..count).map(|_| cursor.id(version != 0));
            match &box_type {
                b"dimg" => {
                    inputs += u64::from(count);
                    DecodeError::check_limit("tiles of all items", inputs, 4 * u64::from(limits.tiles))?;
                    references.add_inputs(from, targets, types, limits)?;
                }
                b"auxl" => {
                    auxiliaries += u64::from(count);
                    DecodeError::check_limit("auxiliary items", auxiliaries, u64::from(limits.items))?;
                    for target in targets {
                        references.auxiliaries.entry(target?).or_default().push(from);
                    }
                }
                // A reference that is cut says nothing: broken metadata is no damage.
                b"cdsc" if references.exif.is_none() && types.is(from, b"Exif") => {
                    // Each may have 65 535 targets.
                    timer.check()?;
                    references.exif = leads_to(primary, &mut targets).ok().and_then(|leads| leads.then_some(from));
                }
                b"prem" if types.contains(from) => drop(references.premultiplied.insert(from)),
                _ => {}
            }
        }
        Ok(references)
    }

    /// The inputs of a derived item; empty when it has none.
    pub(crate) fn inputs(&self, item: u32) -> &[u32] {
        self.inputs.get(&item).map_or(&[], Vec::as_slice)
    }

    /// The auxiliary items of an item, in the file's order: after [`keep_alpha_planes`](Self::keep_alpha_planes), its alpha
    /// planes.
    pub(crate) fn auxiliaries(&self, item: u32) -> &[u32] {
        self.auxiliaries.get(&item).map_or(&[], Vec::as_slice)
    }

    /// Forgets the auxiliary items that are no alpha planes, of which each is asked once.
    ///
    /// # Errors
    ///
    /// `deadline`, `cancelled`.
    pub(crate) fn keep_alpha_planes(&mut self, is_alpha: impl Fn(u32) -> bool, timer: &CpuTimer<'_>) -> Result<()> {
        let mut alpha = BTreeSet::new();
        let items: BTreeSet<u32> = self.auxiliaries.values().flatten().copied().collect();
        for item in items {
            timer.check()?;
            if is_alpha(item) {
                alpha.insert(item);
            }
        }
        self.auxiliaries.values_mut().for_each(|items| items.retain(|item| alpha.contains(item)));
        Ok(())
    }

    /// Whether the item's samples are premultiplied by an alpha item.
    pub(crate) fn is_premultiplied(&self, item: u32) -> bool {
        self.premultiplied.contains(&item)
    }

    fn add_inputs(
        &mut self,
        from: u32,
        targets: impl ExactSizeIterator<Item = Result<u32>>,
        types: &ItemTypes,
        limits: &HeifLimits,
    ) -> Result<()> {
        DecodeError::check_limit("tiles", targets.len() as u64, u64::from(limits.tiles))?;
        let inputs = targets.collect::<Result<Vec<_>>>()?;
        types.get(from)?;
        match self.inputs.insert(from, inputs) {
            None => Ok(()),
            Some(_) => Err(DecodeError::malformed("a derived item with two lists of inputs")),
        }
    }
}

/// Whether one of the targets is `item`. All of them are read, so that a reference that is cut is an error in any case.
fn leads_to(item: u32, targets: impl Iterator<Item = Result<u32>>) -> Result<bool> {
    let mut found = false;
    for target in targets {
        found |= target? == item;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{LIMITS, make_box};

    /// Items 1 (`grid`), 2 (`hvc1`) and 3 (`Exif`).
    fn types() -> ItemTypes {
        let infe = |id: u8, name: &[u8; 4]| make_box(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0], name, &[0]]);
        let entries = [infe(1, b"grid"), infe(2, b"hvc1"), infe(3, b"Exif")].concat();
        ItemTypes::read(&[&[0, 0, 0, 0, 0, 3], &entries[..]].concat(), &LIMITS, &CpuTimer::default()).unwrap()
    }

    /// References of the primary item 1, whose ids have 16 bits.
    fn read(references: &[(&[u8; 4], u16, &[u16])], limits: &HeifLimits) -> Result<References> {
        let boxes = references.iter().map(|&(name, from, to)| {
            let count = u16::try_from(to.len()).unwrap();
            let fields: Vec<u8> = [from, count].iter().chain(to).flat_map(|id| id.to_be_bytes()).collect();
            make_box(name, &[&fields])
        });
        let iref = [vec![0; 4], boxes.flatten().collect()].concat();
        References::read(&iref, 1, &types(), limits, &CpuTimer::default())
    }

    #[test]
    fn a_derived_item_has_its_inputs_in_order_and_once() {
        let references = read(&[(b"dimg", 1, &[2, 3, 2])], &LIMITS).unwrap();
        assert_eq!((references.inputs(1), references.inputs(2)), (&[2, 3, 2][..], &[][..]));
        let twice = read(&[(b"dimg", 1, &[2]), (b"dimg", 1, &[2])], &LIMITS).unwrap_err();
        assert_eq!(twice.to_string(), "malformed: a derived item with two lists of inputs");
        assert!(matches!(read(&[(b"dimg", 9, &[2])], &LIMITS), Err(DecodeError::Malformed { .. })));
    }

    #[test]
    fn inputs_are_counted_before_they_are_read() {
        let limits = HeifLimits { tiles: 2, ..LIMITS };
        assert!(read(&[(b"dimg", 1, &[2, 2])], &limits).is_ok());
        let refused = read(&[(b"dimg", 1, &[2, 2, 2])], &limits);
        assert!(matches!(refused, Err(DecodeError::LimitExceeded { what: "tiles", limit: 2, actual: 3 })));
    }

    #[test]
    fn an_item_has_what_refers_to_it() {
        let references = read(&[(b"auxl", 2, &[3]), (b"auxl", 3, &[2, 1]), (b"prem", 2, &[1])], &LIMITS).unwrap();
        assert_eq!([1, 2, 3].map(|item| references.auxiliaries(item)), [&[3][..], &[3], &[2]]);
        assert_eq!([1, 2].map(|item| references.is_premultiplied(item)), [false, true]);
    }

    #[test]
    fn auxiliary_items_are_counted_before_they_are_read() {
        let limits = HeifLimits { items: 3, ..LIMITS };
        assert!(read(&[(b"auxl", 2, &[1]), (b"auxl", 3, &[1, 1])], &limits).is_ok());
        let refused = read(&[(b"auxl", 2, &[1, 1]), (b"auxl", 3, &[1, 1])], &limits);
        assert!(matches!(refused, Err(DecodeError::LimitExceeded { what: "auxiliary items", limit: 3, actual: 4 })));
    }

    #[test]
    fn exif_is_an_item_of_that_type_that_describes_the_primary_item() {
        let exif = |from, to: &[u16]| read(&[(b"cdsc", from, to)], &LIMITS).unwrap().exif;
        assert_eq!([exif(3, &[1]), exif(3, &[2]), exif(2, &[1])], [Some(3), None, None]);
    }

    #[test]
    fn ids_may_have_32_bits() {
        let iref = [&[1, 0, 0, 0][..], &make_box(b"dimg", &[&[0, 0, 0, 1, 0, 1, 0, 1, 0, 0]])].concat();
        assert_eq!(References::read(&iref, 1, &types(), &LIMITS, &CpuTimer::default()).unwrap().inputs(1), [0x10000]);
    }

    #[test]
    fn a_reference_that_is_cut_is_malformed_but_for_metadata() {
        let cut = |name| [&[0; 4][..], &make_box(name, &[&[0, 3, 0, 2, 0, 1]])].concat();
        let read = |name| References::read(&cut(name), 1, &types(), &LIMITS, &CpuTimer::default());
        assert!(matches!(read(b"auxl"), Err(DecodeError::Malformed { .. })));
        assert!(matches!(read(b"dimg"), Err(DecodeError::Malformed { .. })));
        assert_eq!(read(b"cdsc").unwrap().exif, None);
    }
}
