//! Our decoder against libjpeg-turbo, on the files of testdata.

use std::fs;
use std::path::Path;

use image_ingest_jpeg::DctScale;
use image_ingest_samples::{CpuTimer, DecodeError, Size};

use super::super::decode::{decode_by_libjpeg_turbo, decode_planes};
use super::super::probe;
use crate::error::Result;
use crate::header::{Channels, Coding, Header};
use crate::pixels::Pixels;
use crate::plan::profile::Profile;
use crate::plan::{Plan, plan};
use crate::upload::limits::Limits;

const SCALES: [DctScale; 4] = [DctScale::Full, DctScale::Half, DctScale::Quarter, DctScale::Eighth];

struct Case {
    bytes: Vec<u8>,
    header: Header,
    plan: Plan,
}

impl Case {
    fn new(bytes: Vec<u8>) -> Option<Self> {
        let header = probe(&bytes, &Limits::default()).ok()?;
        let plan = plan(&header, &Profile::default());
        Some(Self { bytes, header, plan })
    }

    fn at(mut self, luma: DctScale, chroma: DctScale) -> Self {
        (self.plan.scale, self.plan.chroma_scale) = (luma, chroma);
        // Luma as decoded; chroma too where it then lies on the 4:2:0 grid.
        let Size { width, height } = self.header.coded_size;
        self.plan.target = Size::new(width.div_ceil(luma.divisor()), height.div_ceil(luma.divisor()));
        self
    }

    /// `None` for what our decoder does not know.
    fn ours(&self) -> Result<Option<Pixels>, DecodeError> {
        match decode_planes(&self.bytes, &self.header, &self.plan, &CpuTimer::default()) {
            Some(Err(DecodeError::Unsupported { .. })) | None => Ok(None),
            Some(decoded) => decoded.map(Some),
        }
    }

    fn turbos(&self) -> Result<Pixels> {
        decode_by_libjpeg_turbo(&self.bytes, &self.header, &self.plan, &Limits::default(), &CpuTimer::default())
    }
}

fn testdata() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/jpeg");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let named = |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    files.iter().map(|path| (named(path), fs::read(path).unwrap())).collect()
}

fn small() -> impl Iterator<Item = (String, Vec<u8>)> {
    testdata().into_iter().filter(|(_, bytes)| bytes.len() < 60_000)
}

#[test]
fn every_sample_is_that_of_libjpeg_turbo_at_every_scale() {
    let mut compared = 0;
    for (name, bytes) in small() {
        for luma in SCALES {
            for chroma in SCALES.into_iter().filter(|&chroma| chroma >= luma) {
                let Some(case) = Case::new(bytes.clone()).map(|case| case.at(luma, chroma)) else { continue };
                let Some(planes) = case.ours().unwrap() else { continue };
                assert!(planes == case.turbos().unwrap(), "{name} at {luma:?}, {chroma:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn every_huffman_coded_file_of_planes_is_decoded_here() {
    for (name, bytes) in small() {
        let Some(case) = Case::new(bytes) else { continue };
        let plain = matches!(&case.header.coding, Coding::JpegSequential { .. } | Coding::JpegProgressive { .. })
            && matches!(case.header.channels, Channels::Ycbcr | Channels::Gray)
            && !name.contains("arithmetic");
        let is_ours = case.ours().unwrap().is_some();
        assert!(is_ours == plain || case.turbos().is_err(), "{name}");
    }
}

#[test]
fn what_is_accepted_of_a_damaged_file_is_what_libjpeg_turbo_accepts() {
    let mut state = 1u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    let (mut accepted, mut refused) = (0, 0);
    for (name, bytes) in small() {
        for _ in 0..20 {
            let mut damaged = bytes.clone();
            let at = random() % damaged.len();
            damaged[at] ^= 1 << (random() % 8);
            let Some(case) = Case::new(damaged) else { continue };
            match case.ours() {
                Ok(None) => {}
                Ok(Some(planes)) => {
                    // Coefficients beyond any picture overflow otherwise there: only the verdict counts.
                    let turbos = case.turbos().unwrap_or_else(|e| panic!("{name}, bit in byte {at}: {e}"));
                    assert_eq!(planes.size(), turbos.size());
                    accepted += 1;
                }
                Err(error) => {
                    let is_damage = matches!(error, DecodeError::Malformed { .. } | DecodeError::Truncated { .. });
                    assert!(is_damage, "{name}: {error}");
                    refused += 1;
                }
            }
        }
    }
    assert!(accepted > 50 && refused > 50, "{accepted} accepted, {refused} refused");
}

#[test]
fn a_file_cut_anywhere_in_its_scan_is_truncated() {
    let (_, bytes) = small().find(|(name, _)| name == "size_640x480.jpg").or_else(|| small().next()).unwrap();
    let case = Case::new(bytes.clone()).unwrap();
    assert!(case.ours().unwrap().is_some());
    // The header of a scan of three components has 12 bytes, and 2 of its marker.
    let start = 14 + bytes.windows(2).rposition(|w| w == [0xFF, 0xDA]).unwrap();
    let scan = &bytes[start..];
    for percent in 0..99 {
        let cut = start + scan.len() * percent / 100;
        let Some(case) = Case::new(bytes[..cut].to_vec()) else { continue };
        assert!(matches!(case.ours(), Err(DecodeError::Truncated { .. })), "{percent} %");
    }
}
