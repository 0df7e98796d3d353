//! Every coded picture of `testdata/heic` has the samples that libde265 gives, with in-loop filters and without.
//!
//! `hevc_samples.txt` has a line for each picture and way of decoding: the file, the number of its `hvc1` item among those of
//! the file, the way, and the hash of all samples. The program `hevc` of `oracles/` printed it (`make oracles`).

use std::fs;

use image_ingest_heif::{HeifLimits, Items, Property};
use image_ingest_hevc::{CodedPicture, DecoderConfiguration, InLoopFilters, decode};
use image_ingest_samples::CpuTimer;

use crate::files::testdata;

fn lines_of(file: &[u8], name: &str) -> Vec<String> {
    let limits = HeifLimits { depth: 16, items: 4096, tiles: 4096, extents: 4096 };
    let items = Items::read(file, &limits, &CpuTimer::default()).unwrap();
    let coded = (0..=u32::from(u16::MAX)).filter(|&id| items.item_type(id).is_ok_and(|kind| &kind == b"hvc1"));
    let mut lines = Vec::new();
    for (index, id) in coded.enumerate() {
        let config = items.properties(id).find_map(|property| match property {
            Ok(Property::HevcConfiguration(payload)) => Some(payload),
            _ => None,
        });
        let (config, data) = (DecoderConfiguration::read(config.unwrap()).unwrap(), items.data(id).unwrap().concat());
        for (filters, way) in [(InLoopFilters::LeftOut, "unfiltered"), (InLoopFilters::Applied, "filtered")] {
            let picture = decode(
                &CodedPicture::read(&config, &data, &CpuTimer::default()).unwrap(),
                filters,
                &CpuTimer::default(),
            )
            .unwrap();
            let samples = picture.view().into_iter().flatten().flat_map(|plane| plane.bytes.to_vec());
            let hash = samples
                .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3));
            lines.push(format!("{name}#{index} {way} {hash:016x}"));
        }
    }
    lines
}

#[test]
fn every_sample_is_that_of_libde265() {
    let mut lines = Vec::new();
    for path in testdata("heic") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        lines.extend(lines_of(&fs::read(&path).unwrap(), &name));
    }
    let expected: Vec<_> = include_str!("hevc_samples.txt").lines().collect();
    for (line, expected) in lines.iter().zip(&expected) {
        assert_eq!(line, expected);
    }
    assert_eq!(lines.len(), expected.len());
    assert!(lines.len() > 200, "{}", lines.len());
}
