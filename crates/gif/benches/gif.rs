//! Decoding of the LZW codes of generated frames of a megapixel.
//!
//! Ids are `decode/gif/1mp/<variant>`; throughput is pixels of the frame.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use image_ingest_gif::FirstFrame;
use image_ingest_samples::{CpuTimer, RowSink, SampleRows, WorkError};
use weezl::{BitOrder, encode::Encoder};

const SIDE: u16 = 1024;

/// Takes rows and forgets them.
struct Nothing;

impl RowSink for Nothing {
    fn take_rows(&mut self, _: usize, rows: SampleRows<'_>, _: &CpuTimer<'_>) -> Result<(), WorkError> {
        std::hint::black_box(rows);
        Ok(())
    }
}

/// A GIF of one frame of these indices, each of `min_code_size` bits.
fn file(min_code_size: u8, indices: &[u8]) -> Vec<u8> {
    let codes = Encoder::new(BitOrder::Lsb, min_code_size).encode(indices).expect("indices of that many bits");
    let [low, high] = SIDE.to_le_bytes();
    let mut file = [b"GIF89a".as_slice(), &[low, high, low, high, 0, 0, 0]].concat();
    file.extend([b',', 0, 0, 0, 0, low, high, low, high, 0, min_code_size]);
    for block in codes.chunks(255) {
        file.push(u8::try_from(block.len()).expect("255 at most"));
        file.extend(block);
    }
    file.extend([0, b';']);
    file
}

/// The indices of a frame, by column, row and a random byte.
fn indices(index: impl Fn(u32, u32, u8) -> u8) -> Vec<u8> {
    let mut state = 1_u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let side = u32::from(SIDE);
    (0..side * side).map(|at| index(at % side, at / side, random())).collect()
}

fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode/gif/1mp");
    group.throughput(Throughput::Elements(u64::from(SIDE) * u64::from(SIDE)));
    let mut bench = |variant: &str, file: Vec<u8>| {
        let frame = FirstFrame::read(&file, &CpuTimer::default()).expect("a GIF");
        group.bench_function(BenchmarkId::from_parameter(variant), |b| {
            b.iter(|| frame.decode(&mut Nothing, &CpuTimer::default()).expect("whole codes"));
        });
    };
    bench("flat", file(8, &indices(|_, _, _| 7)));
    // Colours that change every few pixels, one of eight of them by chance: strings of a few indices, as in a photo.
    bench("photo", file(8, &indices(|x, y, random| (x / 16 + y / 16).to_le_bytes()[0] ^ u8::from(random < 32))));
    bench("noise", file(8, &indices(|_, _, random| random)));
    bench("monochrome", file(1, &indices(|x, y, _| u8::from((x / 5 + y / 7) % 2 == 0))));
    group.finish();
}

criterion_group!(gif, benches);
criterion_main!(gif);
