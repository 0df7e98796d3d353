//! Decoding, by the plan of the file. JPEG is also decoded at each DCT scale; 1/8 is little more than entropy decoding,
//! which is the least that any scale costs.

use criterion::{Criterion, Throughput};
use image_ingest::Format;

use crate::inputs;

pub(crate) fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    for input in inputs::all() {
        let planned = input.planned();
        group.throughput(Throughput::Elements(input.pixels()));
        group.bench_function(&input.id, |b| b.iter(|| planned.decode().unwrap()));
        if planned.header().format == Format::Jpeg {
            for divisor in [1, 2, 8] {
                let scaled = planned.clone().at_scale(divisor);
                group.bench_function(format!("{}_dct_1_{divisor}", input.id), |b| b.iter(|| scaled.decode().unwrap()));
            }
        }
    }
    group.finish();
}
