//! Decodes the coded pictures of HEIC files of `testdata/`, without and with in-loop filters.
//!
//! Throughput counts luma samples. The container is not read: the files hold one `hvcC` box and one picture, and the
//! box names are searched for.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use image_ingest_hevc::{CodedPicture, DecoderConfiguration, InLoopFilters, decode};
use image_ingest_samples::CpuTimer;

/// The bench id of each file.
const FILES: [(&str, &str); 3] = [
    ("single.heic", "decode/hevc/0.2mp/8_bit_420"),
    ("ten_bit.heic", "decode/hevc/0.2mp/10_bit_420"),
    ("gray.heic", "decode/hevc/0.1mp/8_bit_400"),
];

fn benches(c: &mut Criterion) {
    for (name, id) in FILES {
        let file = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/heic").join(name)).unwrap();
        let config = DecoderConfiguration::read(payload(&file, b"hvcC")).unwrap();
        let data = payload(&file, b"mdat");
        let size = config.sequence().unwrap().coded;
        let mut group = c.benchmark_group(id.rsplit_once('/').unwrap().0);
        group.throughput(Throughput::Elements(size.pixels()));
        for (suffix, filters) in [("", InLoopFilters::LeftOut), ("_filtered", InLoopFilters::Applied)] {
            group.bench_function(format!("{}{suffix}", id.rsplit_once('/').unwrap().1), |b| {
                b.iter(|| {
                    let coded = CodedPicture::read(&config, black_box(data), &CpuTimer::default()).unwrap();
                    decode(&coded, filters, &CpuTimer::default()).unwrap()
                });
            });
        }
        group.finish();
    }
}

/// The payload of the first box of a name. A box is its length in four bytes, its name, and its payload.
fn payload<'f>(file: &'f [u8], name: &[u8; 4]) -> &'f [u8] {
    let at = file.windows(4).position(|window| window == name).unwrap();
    let len = u32::from_be_bytes(file[at - 4..at].try_into().unwrap());
    &file[at + 4..at - 4 + usize::try_from(len).unwrap()]
}

criterion_group!(hevc, benches);
criterion_main!(hevc);
