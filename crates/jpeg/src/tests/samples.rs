//! Every sample of the small files of `testdata/jpeg` is the one that libjpeg-turbo gives.
//!
//! `samples.txt` has a line for each file and pair of DCT scales: the divisors of the first plane and of the others, and
//! the hash of all samples without padding. The program `jpeg` of `oracles/` printed it while both decoders agreed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use image_ingest_samples::{CpuTimer, RowSink, SampleRows, WorkError};

use super::SCALES;
use crate::result::Result;
use crate::{DctScale, InterleavedColor, JpegDecoder, JpegProbe, ScanLimits};

/// The samples of each plane without padding.
struct Tight {
    widths: Vec<usize>,
    planes: Vec<Vec<u8>>,
}

impl RowSink for Tight {
    fn take_rows(&mut self, plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
        let (planes, width) = (&mut self.planes, self.widths[plane]);
        rows.bytes()?.chunks(rows.stride).for_each(|row| planes[plane].extend_from_slice(&row[..width]));
        Ok(())
    }
}

/// What a file's components become; `None` for planes.
fn color(file: &[u8]) -> Option<InterleavedColor> {
    let header =
        JpegProbe::new(file, &CpuTimer::default()).header(ScanLimits { max_scans: 500, max_full_scans: 64 }).unwrap();
    match (header.component_ids.len(), header.app.adobe_transform) {
        (3, Some(0)) if !header.app.has_jfif => Some(InterleavedColor::Rgb),
        (3, None) if !header.app.has_jfif && header.component_ids == b"RGB" => Some(InterleavedColor::Rgb),
        (4, Some(1..)) => Some(InterleavedColor::YcckToCmyk),
        (4, _) => Some(InterleavedColor::Cmyk),
        _ => None,
    }
}

fn hash(file: &[u8], scales: [DctScale; 2]) -> u64 {
    let decoder = JpegDecoder::new(file, &CpuTimer::default()).unwrap();
    let color = color(file);
    let width = |index: usize| {
        let frame = decoder.frame().unwrap();
        let side = 8 / scales[usize::from(index > 0)].divisor() as usize;
        frame.component_size(&frame.components[index], side).width as usize
    };
    let widths = match color {
        Some(color) => vec![decoder.size().width.div_ceil(scales[0].divisor()) as usize * color.channels()],
        None => (0..decoder.sampling().len()).map(width).collect(),
    };
    let mut tight = Tight { planes: vec![Vec::new(); widths.len()], widths };
    let timer = CpuTimer::default();
    match color {
        Some(color) => decoder.decode_interleaved(color, scales[0], &mut tight, &timer).unwrap(),
        None => decoder.decode(scales, &mut tight, &timer).unwrap(),
    }
    let samples = tight.planes.iter().flatten();
    samples.fold(0xCBF2_9CE4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01B3))
}

#[test]
fn every_sample_is_that_of_libjpeg_turbo_at_every_scale() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/jpeg");
    let scale = |divisor: &str| SCALES.into_iter().find(|scale| scale.divisor().to_string() == divisor).unwrap();
    let mut files: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    for line in include_str!("samples.txt").lines() {
        let [name, first, others, expected] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let file = files.entry(name).or_insert_with(|| fs::read(folder.join(name)).unwrap());
        assert_eq!(format!("{:016x}", hash(file, [scale(first), scale(others)])), expected, "{line}");
    }
    assert!(files.len() > 40, "{}", files.len());
}
