//! An HEVC decoder configuration and item data, as fuzz input: a length in two bytes, the payload of `hvcC`, the NAL
//! units.

use super::{Parts, be32, length, parts_of_list};

/// The payload of `hvcC`, and the item's data.
pub fn config_and_item(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = data.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))
}

/// The fixed fields of the configuration, its parameter sets, and the NAL units of the item, each without emulation
/// prevention bytes (ITU-T H.265 § 7.4.2).
pub struct Units {
    units: Vec<Unit>,
}

#[derive(Clone)]
struct Unit {
    place: Place,
    body: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Fields,
    ParameterSet,
    Item,
}

impl Units {
    /// Parses the configuration and the item.
    pub fn read(data: &[u8]) -> Option<Self> {
        let (config, mut item) = config_and_item(data)?;
        let (fields, mut arrays) = config.split_at_checked(22)?;
        let mut units = vec![Unit { place: Place::Fields, body: fields.to_vec() }];
        let word = |bytes: &[u8], at: usize| Some(usize::from(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?)));
        arrays = arrays.get(1..)?;
        while let Some(count) = word(arrays, 1) {
            arrays = &arrays[3..];
            for _ in 0..count {
                let len = word(arrays, 0)?;
                units.push(Unit { place: Place::ParameterSet, body: unescaped(arrays.get(2..2 + len)?) });
                arrays = &arrays[2 + len..];
            }
        }
        while let Some(len) = be32(item, 0) {
            let nal = item.get(4..)?.get(..len)?;
            units.push(Unit { place: Place::Item, body: unescaped(nal) });
            item = &item[4 + len..];
        }
        Some(Self { units })
    }

    fn at(&self, place: Place) -> impl Iterator<Item = &Unit> {
        self.units.iter().filter(move |unit| unit.place == place)
    }
}

impl Parts for Units {
    parts_of_list!(units);

    fn bytes(&self) -> Vec<u8> {
        let mut config = self.at(Place::Fields).next().map_or(Vec::new(), |unit| unit.body.clone());
        config.resize(22, 0);
        config.push(u8::try_from(self.at(Place::ParameterSet).count()).unwrap_or(u8::MAX));
        for unit in self.at(Place::ParameterSet) {
            let nal = escaped(&unit.body);
            config.extend([unit.body.first().map_or(0, |b| b >> 1 & 0x3F), 0, 1]);
            config.extend(u16::try_from(nal.len()).unwrap_or(u16::MAX).to_be_bytes());
            config.extend(nal);
        }
        let item = self.at(Place::Item).flat_map(|unit| {
            let nal = escaped(&unit.body);
            [&length(nal.len())[..], &nal].concat()
        });
        let len = u16::try_from(config.len()).unwrap_or(u16::MAX).to_be_bytes();
        [&len[..], &config, &item.collect::<Vec<_>>()].concat()
    }
}

fn unescaped(nal: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for &byte in nal {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

fn escaped(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len());
    let mut zeros = 0;
    for &byte in payload {
        if zeros == 2 && byte <= 3 {
            out.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}
