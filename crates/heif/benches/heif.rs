//! Reads the structure of HEIF files; nothing here decodes pictures.

use std::fs;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use image_ingest_heif::{HeifLimits, Items};
use image_ingest_samples::CpuTimer;

const LIMITS: HeifLimits = HeifLimits { depth: 16, items: 1000, tiles: 1024, extents: 64 };

fn probe(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("probe/heif");
    for (id, name) in [("12mp/grid_phone", "grid_phone_12mp.heic"), ("0mp/single", "single.heic")] {
        let file = fs::read(format!("{}/../../testdata/heic/{name}", env!("CARGO_MANIFEST_DIR"))).expect("testdata");
        // Most bytes of a file are those of its pictures, which are not read, so there is no throughput.
        group.bench_function(id, |b| b.iter(|| everything(black_box(&file))));
    }
    let file = many_items(999, 250);
    group.throughput(Throughput::Bytes(file.len() as u64));
    group.bench_function("0mp/items_999", |b| b.iter(|| everything(black_box(&file))));
    group.finish();
}

/// Reads all properties and finds the data of the primary item and of its inputs.
fn everything(file: &[u8]) -> usize {
    let items = Items::read(file, &LIMITS, &CpuTimer::default()).expect("a HEIF file");
    let all = [items.primary].into_iter().chain(items.inputs(items.primary).iter().copied());
    all.map(|item| items.properties(item).count() + items.data(item).expect("data").len()).sum()
}

/// A grid of `count` − 1 tiles, each with `properties` properties and one byte of data.
fn many_items(count: u16, properties: u8) -> Vec<u8> {
    let ids = || (1..=count).map(u16::to_be_bytes);
    let each = |fields: &dyn Fn([u8; 2]) -> Vec<u8>| ids().flat_map(fields).collect::<Vec<u8>>();
    let item_type = |id: [u8; 2]| if id == [0, 1] { b"grid" } else { b"hvc1" };
    let infos = each(&|id| make_box(b"infe", &[&[2, 0, 0, 0], &id, &[0, 0], item_type(id), &[0]]));
    let inputs: Vec<u8> = ids().skip(1).flatten().collect();
    let locations = each(&|id| [&id, &[0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1][..]].concat());
    let associations = each(&|id| [&id[..], &[properties], &vec![1; properties.into()]].concat());
    let ispe = make_box(b"ispe", &[&[0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 64]]);
    let count = count.to_be_bytes();
    let tiles = [count[0], count[1] - 1];
    let meta = [
        make_box(b"hdlr", &[&[0; 8], b"pict", &[0; 13]]),
        make_box(b"pitm", &[&[0, 0, 0, 0, 0, 1]]),
        make_box(b"iinf", &[&[0; 4], &count, &infos]),
        make_box(b"iref", &[&[0; 4], &make_box(b"dimg", &[&[0, 1], &tiles, &inputs])]),
        make_box(b"iloc", &[&[1, 0, 0, 0, 0x44, 0], &count, &locations]),
        make_box(b"idat", &[&[0]]),
        make_box(b"iprp", &[&make_box(b"ipco", &[&ispe]), &make_box(b"ipma", &[&[0; 6], &count, &associations])]),
    ];
    [make_box(b"ftyp", &[b"heic\0\0\0\0mif1"]), make_box(b"meta", &[&[0; 4], &meta.concat()])].concat()
}

/// A box of `parts`, joined.
fn make_box(name: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let payload = parts.concat();
    let size = u32::try_from(payload.len() + 8).expect("a small box");
    [&size.to_be_bytes()[..], name, &payload].concat()
}

criterion_group!(benches, probe);
criterion_main!(benches);
