//! Both views of parameter sets, and the decoded planes, on the HEIC files of `testdata/`.

use std::path::{Path, PathBuf};

use image_ingest_samples::{CpuTimer, Size};

use crate::intra::format::IntraFormat;
use crate::nal::{NAL_PPS, NAL_SPS, nal_type};
use crate::parameters::picture::PictureParameterSet;
use crate::parameters::sequence::SequenceParameterSet;
use crate::{CodedPicture, DecoderConfiguration, InLoopFilters, decode};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/heic");
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// The payloads of all boxes of a name.
fn payloads<'f>(file: &'f [u8], name: &'f [u8; 4]) -> impl Iterator<Item = &'f [u8]> {
    (4..file.len() - 4).filter(move |&at| &file[at..at + 4] == name).map(|at| {
        let len = u32::from_be_bytes(file[at - 4..at].try_into().unwrap());
        &file[at + 4..at - 4 + len as usize]
    })
}

#[test]
fn both_views_of_the_sets_agree() {
    let mut seen = 0;
    for path in files() {
        let file = std::fs::read(&path).unwrap();
        for config in payloads(&file, b"hvcC").map(|payload| DecoderConfiguration::read(payload).unwrap()) {
            let sets = config.parameter_sets().unwrap();
            let find = |kind: u8| *sets.iter().find(|set| nal_type(set) == Some(kind)).unwrap();
            let header = config.sequence().unwrap();
            let set = SequenceParameterSet::read(find(NAL_SPS)).unwrap();
            let format =
                IntraFormat::of(set, PictureParameterSet::read(find(NAL_PPS)).unwrap(), &CpuTimer::default()).unwrap();
            let size = Size::new(format.width.try_into().unwrap(), format.height.try_into().unwrap());
            assert_eq!(size, header.coded, "{}", path.display());
            assert_eq!(format.chroma_format, u32::from(config.chroma_format), "{}", path.display());
            assert_eq!(format.bit_depth, u32::from(config.bit_depth), "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 29, "{seen} configurations");
}

#[test]
fn a_decoded_picture_has_the_size_and_planes_of_its_configuration() {
    for (name, planes, depth) in [("single", 3, 8), ("ten_bit", 3, 10), ("gray", 1, 8)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../testdata/heic/{name}.heic"));
        let file = std::fs::read(path).unwrap();
        let config = DecoderConfiguration::read(payloads(&file, b"hvcC").next().unwrap()).unwrap();
        let data = payloads(&file, b"mdat").next().unwrap();
        let picture = decode(
            &CodedPicture::read(&config, data, &CpuTimer::default()).unwrap(),
            InLoopFilters::Applied,
            &CpuTimer::default(),
        )
        .unwrap();
        assert_eq!((picture.planes.len(), picture.bit_depth), (planes, depth), "{name}");
        let coded = config.sequence().unwrap().coded;
        let luma = &picture.planes[0];
        assert_eq!((luma.width, luma.height), (coded.width as usize, coded.height as usize), "{name}");
        assert!(picture.planes.iter().all(|plane| plane.samples.len() == plane.width * plane.height), "{name}");
        assert_eq!(picture.view().iter().flatten().count(), planes, "{name}");
    }
}

#[test]
fn every_cut_of_a_picture_is_refused() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/heic/gray.heic");
    let file = std::fs::read(path).unwrap();
    let config = DecoderConfiguration::read(payloads(&file, b"hvcC").next().unwrap()).unwrap();
    let slice = &payloads(&file, b"mdat").next().unwrap()[4..];
    for len in (3..slice.len()).step_by(997) {
        let data = [&u32::try_from(len).unwrap().to_be_bytes()[..], &slice[..len]].concat();
        let decoded = CodedPicture::read(&config, &data, &CpuTimer::default())
            .and_then(|coded| decode(&coded, InLoopFilters::LeftOut, &CpuTimer::default()));
        assert!(decoded.is_err(), "{len}");
    }
}
