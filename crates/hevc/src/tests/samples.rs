//! Every sample of these pictures is the one that other decoders give.
//!
//! The pictures have random coding trees and all tools between them. `samples.txt` has a line for each and for each way
//! of decoding: the name, the way, and the hash of all samples. The program `hevc` of `oracles/` printed it. libde265
//! gives the same samples, or FFmpeg where libde265 does not know a tool.

use std::fs;
use std::path::Path;

use image_ingest_samples::CpuTimer;

use crate::nal::nal_type;
use crate::{CodedPicture, DecoderConfiguration, InLoopFilters, PictureMemory};

/// The NAL units of a byte stream with start codes of four bytes (ITU-T H.265 annex B).
fn units(stream: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<usize> =
        stream.windows(4).enumerate().filter(|(_, code)| code == &[0, 0, 0, 1]).map(|(at, _)| at).collect();
    let ends = starts.iter().copied().skip(1).chain([stream.len()]);
    starts.iter().zip(ends).map(|(&start, end)| &stream[start + 4..end]).collect()
}

fn hash(stream: &[u8], filters: InLoopFilters, memory: &mut PictureMemory) -> u64 {
    let (sets, slices): (Vec<&[u8]>, Vec<&[u8]>) = units(stream).into_iter().partition(|nal| nal_type(nal) > Some(31));
    let mut config = [&[0; 21][..], &[3, u8::try_from(sets.len()).unwrap()]].concat();
    for set in sets {
        config.extend([nal_type(set).unwrap(), 0, 1]);
        config.extend(u16::try_from(set.len()).unwrap().to_be_bytes());
        config.extend(set);
    }
    let item = slices.iter().flat_map(|nal| [&u32::try_from(nal.len()).unwrap().to_be_bytes(), *nal].concat());
    let item: Vec<u8> = item.collect();
    let config = DecoderConfiguration::read(&config).unwrap();
    let coded = CodedPicture::read(&config, &item, &CpuTimer::default()).unwrap();
    let picture = memory.decode(&coded, filters, &CpuTimer::default()).unwrap();
    let bytes = picture.view().into_iter().flatten().flat_map(|plane| plane.bytes.to_vec());
    let hash = bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3));
    memory.keep(picture);
    hash
}

#[test]
fn every_sample_is_that_of_other_decoders() {
    check(&mut PictureMemory::default());
}

#[test]
fn code_for_any_cpu_gives_the_same_samples() {
    check(&mut PictureMemory::portable());
}

fn check(memory: &mut PictureMemory) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/pictures");
    let mut pictures = 0;
    for line in include_str!("samples.txt").lines() {
        let [name, way, expected] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let filters = if way == "filtered" { InLoopFilters::Applied } else { InLoopFilters::LeftOut };
        let stream = fs::read(folder.join(name)).unwrap();
        assert_eq!(format!("{:016x}", hash(&stream, filters, memory)), expected, "{line}");
        pictures += 1;
    }
    assert!(pictures >= 40, "{pictures}");
}
