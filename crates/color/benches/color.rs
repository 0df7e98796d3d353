//! Converting generated pictures of 3 MP, the size of a canonical image, to sRGB.
//!
//! The time includes making tables: it is what one image costs.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use image_ingest_color::{ColorDescription, ColorModel, LimitedPlanes, conversion, to_rgb, to_srgb};
use image_ingest_samples::{
    Chroma, Cicp, CpuTimer, Layout, Matrix, Planes, Range, Raster, Samples, Siting, Size, sample_count,
};

const SIZE: Size = Size::new(2048, 1536);

/// Noise, which meets every entry of a table in no order.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn samples(channels: usize, bits: u8) -> Samples {
    let samples = noise(sample_count(SIZE, channels).expect("3 MP"));
    if bits == 8 { Samples::U8(samples) } else { Samples::U16(samples.iter().map(|&v| u16::from(v) * 257).collect()) }
}

/// A profile of one `mft2` table, as scanners and printers have it: 9 points an axis, device values to Lab.
fn table_profile(space: &[u8; 4], channels: u8) -> ColorDescription {
    let mut table = [&b"mft2\0\0\0\0"[..], &[channels, 3, 9, 0], &[0; 36], &[0, 2, 0, 2]].concat();
    let identity = [0, 0, 255, 255];
    table.extend(identity.repeat(channels.into()));
    for point in 0..9usize.pow(channels.into()) {
        let sum =
            u16::try_from((0..channels).map(|axis| point / 9usize.pow(axis.into()) % 9).sum::<usize>()).unwrap_or(0);
        let most = u16::from(channels) * 8;
        let lightness = if channels == 4 { most - sum } else { sum } * (65_280 / most);
        table.extend([lightness, 32_768 + 100 * sum, 32_768 - 100 * sum].into_iter().flat_map(u16::to_be_bytes));
    }
    table.extend(identity.repeat(3));
    let mut profile = vec![0; 128];
    profile[8] = 2;
    profile[12..16].copy_from_slice(b"prtr");
    profile[16..20].copy_from_slice(space);
    profile[20..24].copy_from_slice(b"Lab ");
    profile[36..40].copy_from_slice(b"acsp");
    let length = u32::try_from(table.len()).expect("a small table").to_be_bytes();
    profile.extend([&[0, 0, 0, 1], b"A2B0", &144u32.to_be_bytes(), &length, &table[..]].concat());
    ColorDescription::Icc(profile.into())
}

fn convert(c: &mut Criterion) {
    let cicp = |primaries, transfer| ColorDescription::Cicp(Cicp { primaries, transfer, matrix: 0, full_range: true });
    let mut group = c.benchmark_group("color");
    group.sample_size(10).throughput(Throughput::Elements(SIZE.pixels()));
    for (name, description, layout, bits) in [
        ("matrix/3mp/rgb_8_bit", cicp(12, 13), Layout::Rgb, 8),
        ("matrix/3mp/rgb_16_bit", cicp(12, 13), Layout::Rgb, 16),
        ("matrix/3mp/rgba_8_bit", ColorDescription::AdobeRgb, Layout::Rgba, 8),
        ("table/3mp/rgb_8_bit", table_profile(b"RGB ", 3), Layout::Rgb, 8),
        ("table/3mp/cmyk_8_bit", table_profile(b"CMYK", 4), Layout::Cmyk, 8),
        ("tone_map/3mp/pq_16_bit", cicp(9, 16), Layout::Rgb, 16),
        ("tone_map/3mp/hlg_16_bit", cicp(9, 18), Layout::Rgb, 16),
    ] {
        let model = if layout == Layout::Cmyk { ColorModel::Cmyk } else { ColorModel::Rgb };
        let conversion = conversion(&description, model, &CpuTimer::default()).expect("tables of a few kilobytes");
        assert!(!conversion.is_identity(), "{name}");
        let raster = Raster::new(SIZE, layout, samples(layout.channels(), bits)).expect("agrees with its size");
        group.bench_function(name, |b| {
            b.iter_batched(
                || raster.clone(),
                |raster| to_srgb(raster, &conversion, &CpuTimer::default()).expect("converts"),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn ycbcr(c: &mut Criterion) {
    let mut group = c.benchmark_group("color");
    group.sample_size(10).throughput(Throughput::Elements(SIZE.pixels()));
    let chroma = Chroma { cb: samples(1, 8), cr: samples(1, 8), subsampling: (1, 1), siting: Siting::Centred };
    let (range, matrix) = (Range::Full, Matrix::Bt709);
    let planes = Planes { size: SIZE, bit_depth: 8, luma: samples(1, 8), chroma: Some(chroma), range, matrix };
    group.bench_function("ycbcr/3mp/to_rgb", |b| {
        b.iter_batched(
            || planes.clone(),
            |planes| to_rgb(&planes, &CpuTimer::default()).expect("4:4:4"),
            BatchSize::LargeInput,
        );
    });
    let rgb = noise(sample_count(SIZE, 3).expect("3 MP"));
    group.bench_function("ycbcr/3mp/limited_from_rgb", |b| {
        b.iter(|| LimitedPlanes::from_rgb(SIZE, &rgb, &CpuTimer::default()).expect("agrees with its size"));
    });
    group.finish();
}

criterion_group!(benches, convert, ycbcr);
criterion_main!(benches);
