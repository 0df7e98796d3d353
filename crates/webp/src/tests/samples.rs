//! Every sample of the small files of `testdata/webp` and `testdata/same` is the one that libwebp gives.
//!
//! `samples.txt` has a line for each file and form of its samples: planes, or RGBA. It ends with the hash of all samples
//! without padding. The program `webp` of `oracles/` printed it while both decoders agreed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use image_ingest_samples::{CpuTimer, Layout, RowSink, SampleRows, WorkError};

use crate::result::Result;
use crate::{CodedImage, Container, Vp8Decoder, decode_lossless, decode_lossy_rgba, portable};

/// The samples of each plane without padding.
struct Tight {
    widths: Vec<usize>,
    planes: Vec<Vec<u8>>,
}

impl RowSink for Tight {
    fn take_rows(
        &mut self,
        plane: usize,
        rows: SampleRows<'_>,
        _: &CpuTimer<'_>,
    ) -> std::result::Result<(), WorkError> {
        let (planes, width) = (&mut self.planes, self.widths[plane]);
        rows.bytes()?.chunks(rows.stride).for_each(|row| planes[plane].extend_from_slice(&row[..width]));
        Ok(())
    }
}

fn hash(image: &CodedImage<'_>, form: &str, is_portable: bool) -> Result<u64> {
    let (width, timer) = (image.size.width as usize, CpuTimer::default());
    let widths = if form == "planes" { vec![width, width.div_ceil(2), width.div_ceil(2)] } else { vec![4 * width] };
    let mut tight = Tight { planes: vec![Vec::new(); widths.len()], widths };
    match (form, is_portable) {
        ("planes", false) => Vp8Decoder::new(image.frame()?)?.decode(&mut tight, &timer)?,
        ("planes", true) => portable::vp8_decoder(image.frame()?)?.decode(&mut tight, &timer)?,
        ("lossy_rgba", false) => decode_lossy_rgba(image.frame()?, image.alpha_chunk(), &mut tight, &timer)?,
        ("lossy_rgba", true) => {
            portable::decode_lossy_rgba(image.frame()?, image.alpha_chunk(), &mut tight, &timer)?;
        }
        (_, false) => decode_lossless(image.vp8l_data(), image.size, Layout::Rgba, &mut tight, &timer)?,
        (_, true) => portable::decode_lossless(image.vp8l_data(), image.size, Layout::Rgba, &mut tight, &timer)?,
    }
    let samples = tight.planes.iter().flatten();
    Ok(samples.fold(0xCBF2_9CE4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01B3)))
}

#[test]
fn every_sample_is_that_of_libwebp() {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    let mut files = BTreeSet::new();
    for line in include_str!("samples.txt").lines() {
        let [name, form, expected] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let file = ["webp", "same"].iter().find_map(|folder| fs::read(testdata.join(folder).join(name)).ok()).unwrap();
        let image = Container::read(&file, &CpuTimer::default()).unwrap().image;
        for is_portable in [false, true] {
            assert_eq!(format!("{:016x}", hash(&image, form, is_portable).unwrap()), expected, "{line}");
        }
        files.insert(name);
    }
    assert!(files.len() > 40, "{}", files.len());
}
