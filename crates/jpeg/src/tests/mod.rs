//! The two builds of decoder and encoder against each other, and both against libjpeg-turbo; vectors for the unit tests beside the code.

mod arithmetic;
#[cfg(target_arch = "x86_64")]
mod avx2;
mod band;
mod encode;
mod masks;
mod pictures;
mod samples;
pub(crate) mod vectors;

use std::fs;
use std::path::Path;

use image_ingest_samples::{CpuTimer, RowSink, SampleRows, WorkError};

use crate::result::Result;
use crate::{DctScale, JpegDecoder};

const SCALES: [DctScale; 4] = [DctScale::Full, DctScale::Half, DctScale::Quarter, DctScale::Eighth];

/// Keeps every sample that comes.
#[derive(Default, PartialEq)]
struct Planes([Vec<u8>; 3]);

impl RowSink for Planes {
    fn take_rows(&mut self, plane: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
        self.0[plane].extend_from_slice(rows.bytes()?);
        Ok(())
    }
}

fn decoded(decoder: JpegDecoder<'_>, scales: [DctScale; 2]) -> Result<Planes> {
    let mut planes = Planes::default();
    decoder.decode(scales, &mut planes, &CpuTimer::default()).map(|()| planes)
}

#[test]
fn a_machine_without_avx2_gives_the_same_samples() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/jpeg");
    let mut compared = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let (path, bytes) = entry.map(|entry| (entry.path(), fs::read(entry.path()).unwrap())).unwrap();
        if bytes.len() > 60_000 || JpegDecoder::new(&bytes, &CpuTimer::default()).is_err() {
            continue;
        }
        for scale in SCALES {
            let portable = JpegDecoder::new(&bytes, &CpuTimer::default()).unwrap().portable();
            let (Ok(found), Ok(plain)) = (
                decoded(JpegDecoder::new(&bytes, &CpuTimer::default()).unwrap(), [scale; 2]),
                decoded(portable, [scale; 2]),
            ) else {
                continue;
            };
            assert!(found == plain, "{} at {scale:?}", path.display());
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
}
