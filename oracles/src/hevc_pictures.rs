//! Coded pictures of HEIC files and of raw byte streams (ITU-T H.265 annex B), as a configuration and an item.

use image_ingest_heif::{HeifLimits, Items, Property};
use image_ingest_samples::CpuTimer;

/// The payload of `hvcC`, and the data of the item.
#[derive(Clone)]
pub struct HevcInput {
    pub config: Vec<u8>,
    pub item: Vec<u8>,
}

/// Every coded picture of a HEIC file, or the first of a byte stream; none of what is neither.
#[must_use]
pub fn pictures(file: &[u8]) -> Vec<HevcInput> {
    if file.starts_with(&[0, 0, 0, 1]) || file.starts_with(&[0, 0, 1]) {
        let nals = split(file);
        return vec![HevcInput { config: configuration(&sets(&nals)), item: item(&first_picture(&nals)) }];
    }
    of_file(file).unwrap_or_default()
}

fn of_file(file: &[u8]) -> Option<Vec<HevcInput>> {
    let limits = HeifLimits { depth: 16, items: 4096, tiles: 4096, extents: 4096 };
    let items = Items::read(file, &limits, &CpuTimer::default()).ok()?;
    let mut pictures = Vec::new();
    for id in 0..=u32::from(u16::MAX) {
        if !items.item_type(id).is_ok_and(|kind| &kind == b"hvc1") {
            continue;
        }
        let config = items.properties(id).find_map(|property| match property {
            Ok(Property::HevcConfiguration(payload)) => Some(payload.to_vec()),
            _ => None,
        });
        if let (Some(config), Ok(extents)) = (config, items.data(id)) {
            pictures.push(HevcInput { config, item: extents.concat() });
        }
    }
    Some(pictures)
}

/// The NAL units of a byte stream.
fn split(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut starts: Vec<usize> = Vec::new();
    let mut at = 0;
    while at + 3 <= stream.len() {
        if stream[at..at + 3] == [0, 0, 1] {
            starts.push(at + 3);
            at += 3;
        } else {
            at += 1;
        }
    }
    let ends = starts.iter().skip(1).map(|start| start - 3).chain([stream.len()]);
    let nals = starts.iter().zip(ends).map(|(&start, end)| {
        let mut nal = &stream[start..end];
        while let Some(rest) = nal.strip_suffix(&[0]) {
            nal = rest;
        }
        nal.to_vec()
    });
    nals.filter(|nal| nal.len() > 2).collect()
}

fn kind(nal: &[u8]) -> u8 {
    nal[0] >> 1 & 0x3F
}

fn sets(nals: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut sets: Vec<_> = nals.iter().filter(|nal| (32..=34).contains(&kind(nal))).cloned().collect();
    sets.dedup();
    sets
}

/// The slices of the first picture, and the supplements behind them.
fn first_picture(nals: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut picture: Vec<Vec<u8>> = Vec::new();
    for nal in nals {
        let slice = kind(nal) < 32;
        if slice && nal[2] >> 7 == 1 && picture.iter().any(|nal| kind(nal) < 32) {
            break;
        }
        if slice || kind(nal) == 40 {
            picture.push(nal.clone());
        }
    }
    picture
}

/// A decoder configuration of these parameter sets. Its fixed fields say 8 bits in 4:2:0, which no decoder here reads.
#[must_use]
pub fn configuration(sets: &[Vec<u8>]) -> Vec<u8> {
    let mut config = vec![1];
    config.extend([0; 15]);
    config.extend([0xFD, 0xF8, 0xF8, 0, 0, 3, u8::try_from(sets.len()).unwrap_or(u8::MAX)]);
    for set in sets {
        config.extend([kind(set), 0, 1]);
        config.extend(u16::try_from(set.len()).unwrap_or(u16::MAX).to_be_bytes());
        config.extend(set);
    }
    config
}

/// The data of an item of these NAL units.
#[must_use]
pub fn item(nals: &[Vec<u8>]) -> Vec<u8> {
    nals.iter().flat_map(|nal| [&u32::try_from(nal.len()).unwrap_or(0).to_be_bytes()[..], nal].concat()).collect()
}
