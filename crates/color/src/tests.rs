//! Whole conversions: against each other, against what LittleCMS gives, and by hostile profiles.

use super::*;
use crate::description::ColorModel;
use crate::grid::ColorGrid;
use crate::profile::ColorProfile;
use image_ingest_samples::{Cicp, CpuTimer, Layout, Raster, Samples, Size};

type Tag = ([u8; 4], Vec<u8>);

/// A profile of version 2, which has no black of its own.
fn icc(space: &[u8; 4], pcs: &[u8; 4], tags: &[Tag]) -> Vec<u8> {
    let mut out = vec![0; 128];
    out[8] = 2;
    out[12..16].copy_from_slice(b"prtr");
    out[16..20].copy_from_slice(space);
    out[20..24].copy_from_slice(pcs);
    out[36..40].copy_from_slice(b"acsp");
    out.extend(be32(tags.len()));
    let mut at = 132 + 12 * tags.len();
    for (name, tag) in tags {
        out.extend([*name, be32(at), be32(tag.len())].concat());
        at += tag.len();
    }
    out.extend(tags.iter().flat_map(|(_, tag)| tag));
    out
}

fn be32(v: usize) -> [u8; 4] {
    u32::try_from(v).unwrap().to_be_bytes()
}

#[expect(clippy::cast_possible_truncation, reason = "s15Fixed16 of small numbers")]
fn fixed(v: f64) -> [u8; 4] {
    ((v * 65_536.0).round() as i32).to_be_bytes()
}

fn para(kind: u8, parameters: &[f64]) -> Vec<u8> {
    [b"para\0\0\0\0\0".to_vec(), vec![kind, 0, 0], parameters.iter().flat_map(|&v| fixed(v)).collect()].concat()
}

fn srgb_curve() -> Vec<u8> {
    para(3, &[2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045])
}

/// sRGB as `lutAToBType`: curves and a matrix, and a table that is the identity.
fn identity_mab() -> Vec<u8> {
    let matrix = matrix::Matrix3::to_xyz(matrix::BT709).unwrap();
    let rows =
        matrix.0.iter().flatten().flat_map(|v| fixed(v * 32_768.0 / 65_535.0)).chain([0; 12]).collect::<Vec<u8>>();
    let (linear, curves) = (para(0, &[1.0]).repeat(3), srgb_curve().repeat(3));
    let mut clut = [&[2, 2, 2][..], &[0; 13], &[1, 0, 0, 0]].concat();
    clut.extend((0..8).flat_map(|i| [i >> 2 & 1, i >> 1 & 1, i & 1].map(|v: u8| v * 255)));
    let mut tag = b"mAB \0\0\0\0\x03\x03\0\0".to_vec();
    let mut at = 32;
    for part in [&linear, &rows, &curves, &clut] {
        tag.extend(be32(at));
        at += part.len();
    }
    tag.extend(be32(at));
    tag.extend([linear.clone(), rows, curves, clut, linear].concat());
    icc(b"RGB ", b"XYZ ", &[(*b"A2B0", tag)])
}

/// Inks of 3⁴ points to Lab, as `lut8Type`.
fn inks() -> Vec<u8> {
    let identity: Vec<u8> = (0..=255).collect();
    let mut tag = [&b"mft1\0\0\0\0\x04\x03\x03\0"[..], &[0; 36]].concat();
    tag.extend(identity.repeat(4));
    for point in 0..81u8 {
        let [c, m, y, k] = [27, 9, 3, 1].map(|stride| point / stride % 3);
        let lightness = (250 - 40 * c - 50 * m - 10 * y) / (k + 1);
        tag.extend([lightness, 128 - 15 * c + 30 * m, 128 - 20 * c + 40 * y]);
    }
    tag.extend(identity.repeat(3));
    icc(b"CMYK", b"Lab ", &[(*b"A2B0", tag)])
}

/// Light of 5³ points to Lab, as `lut16Type`: gray is near its middle.
fn lights() -> Vec<u8> {
    let mut tag = [&b"mft2\0\0\0\0\x03\x03\x05\0"[..], &[0; 36], &[0, 2, 0, 3]].concat();
    tag.extend([0, 0, 255, 255].repeat(3));
    for point in 0..125u16 {
        let [r, g, b] = [25, 5, 1].map(|stride| point / stride % 5);
        let (lightness, red, blue) =
            (3_264 * (r + 2 * g + b), 32_768 + 6_000 * r - 6_000 * g, 32_768 + 4_000 * g - 4_000 * b);
        tag.extend([lightness, red, blue].into_iter().flat_map(u16::to_be_bytes));
    }
    tag.extend([0, 0, 120, 0, 255, 255].repeat(3));
    icc(b"RGB ", b"Lab ", &[(*b"A2B0", tag)])
}

/// The tags of a gray and of an RGB profile in one.
fn curves(space: &[u8; 4]) -> Vec<u8> {
    let xyz = |v: [f64; 3]| [b"XYZ \0\0\0\0".to_vec(), v.into_iter().flat_map(fixed).collect()].concat();
    let table = b"curv\0\0\0\0\0\0\0\x03\0\0\x30\0\xFF\xFF\0\0".to_vec();
    icc(
        space,
        b"XYZ ",
        &[
            (*b"rXYZ", xyz([0.515, 0.241, -0.001])),
            (*b"gXYZ", xyz([0.292, 0.692, 0.042])),
            (*b"bXYZ", xyz([0.157, 0.067, 0.784])),
            (*b"rTRC", srgb_curve()),
            (*b"gTRC", table),
            (*b"bTRC", b"curv\0\0\0\0\0\0\0\x01\x01\xCD\0\0".to_vec()),
            (*b"kTRC", para(4, &[2.2, 0.95, 0.05, 0.1, 0.04, 0.0, 0.0])),
        ],
    )
}

fn all() -> [(Vec<u8>, ColorModel); 5] {
    let rgb = ColorModel::Rgb;
    [
        (identity_mab(), rgb),
        (lights(), rgb),
        (inks(), ColorModel::Cmyk),
        (curves(b"RGB "), rgb),
        (curves(b"GRAY"), ColorModel::Gray),
    ]
}

fn layout(space: ColorModel) -> Layout {
    match space {
        ColorModel::Gray => Layout::Gray,
        ColorModel::Rgb => Layout::Rgb,
        ColorModel::Cmyk => Layout::Cmyk,
    }
}

fn converted(description: &ColorDescription, layout: Layout, samples: Samples) -> Vec<u8> {
    let width = u32::try_from(samples.len() / layout.channels()).unwrap();
    let raster = Raster::new(Size::new(width, 1), layout, samples).unwrap();
    match to_srgb(raster, &Conversion::Profile(description.clone()), &CpuTimer::default()).unwrap().samples {
        Samples::U8(v) => v,
        Samples::U16(_) => panic!("16 bits came out"),
    }
}

/// 12 000 samples that meet every value of each channel and most cells of a grid.
fn noise() -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..12_000).map(|_| next()).collect()
}

fn table(bytes: &[u8], space: ColorModel) -> table::TableProfile<'_> {
    match icc::read(bytes, space) {
        Some(ColorProfile::Table(profile)) => *profile,
        _ => panic!("not a table profile"),
    }
}

#[test]
fn a_table_equal_to_srgb_is_the_identity() {
    let bytes = identity_mab();
    assert!(equality::equals_srgb(&icc::read(&bytes, ColorModel::Rgb).unwrap(), &CpuTimer::default()).unwrap());
    let noise = noise();
    let out = converted(&ColorDescription::Icc(bytes.into()), Layout::Rgb, Samples::U8(noise.clone()));
    assert!(noise.iter().zip(out).all(|(a, b)| a.abs_diff(b) <= 1));
}

#[test]
fn colours_at_nodes_are_exact() {
    let bytes = inks();
    let profile = table(&bytes, ColorModel::Cmyk);
    let grid = ColorGrid::new(&profile, &CpuTimer::default()).unwrap();
    for device in [[0, 0, 0, 0], [255, 0, 0, 0], [0, 255, 255, 0], [51, 102, 153, 204], [255; 4]] {
        let exact = profile.linear_srgb(device.map(|v: u8| f64::from(v) / 255.0)).map(srgb::encode);
        let found = grid.cmyk(device.map(|v| u16::from(v) * 257));
        assert!(exact.iter().zip(found).all(|(e, f)| (e * 255.0 - f64::from(f)).abs() <= 0.6), "{exact:?} {found:?}");
    }
}

#[test]
fn the_gray_axis_never_falls() {
    let bytes = lights();
    let grid = ColorGrid::new(&table(&bytes, ColorModel::Rgb), &CpuTimer::default()).unwrap();
    let greens: Vec<u8> = (0..=u16::MAX).step_by(16).map(|v| grid.rgb([v; 3])[1]).collect();
    assert!(greens.is_sorted() && greens[0] < greens[greens.len() - 1]);
}

#[test]
fn eight_and_sixteen_bits_agree() {
    for (bytes, space) in all() {
        let (description, noise) = (ColorDescription::Icc(bytes.into()), noise());
        let deep = noise.iter().map(|&v| u16::from(v) * 257).collect();
        let shallow = converted(&description, layout(space), Samples::U8(noise));
        assert_eq!(shallow, converted(&description, layout(space), Samples::U16(deep)));
    }
}

#[test]
fn white_stays_white_whatever_the_code_points() {
    let convert = |primaries, transfer| {
        let cicp = Cicp { primaries, transfer, matrix: 0, full_range: true };
        converted(&ColorDescription::Cicp(cicp), Layout::Rgb, Samples::U8(vec![255, 255, 255, 200, 40, 40]))
    };
    for primaries in [4, 5, 6, 7, 8, 9, 11, 12, 22] {
        for transfer in [4, 5, 8, 13] {
            let made = convert(primaries, transfer);
            assert!(made[..3].iter().all(|&v| v >= 254), "{primaries} {transfer}: {made:?}");
        }
        assert_ne!(convert(primaries, 13)[3..], [200, 40, 40], "{primaries}");
    }
    for unknown in [0, 3, 13, 99] {
        assert_eq!(convert(unknown, 13)[3..], [200, 40, 40]);
    }
}

/// As LittleCMS 2.19 converts them.
#[test]
fn matrix_profiles_give_known_colours() {
    let p3 = ColorDescription::Cicp(Cicp { primaries: 12, transfer: 13, matrix: 0, full_range: true });
    let near = |description: &ColorDescription, rgb: [u8; 3], wanted: [u8; 3]| {
        let found = converted(description, Layout::Rgb, Samples::U8(rgb.to_vec()));
        assert!(found.iter().zip(wanted).all(|(f, w)| f.abs_diff(w) <= 1), "{found:?} {wanted:?}");
    };
    for v in 0..=255 {
        near(&p3, [v; 3], [v; 3]);
    }
    near(&p3, [200, 100, 50], [215, 93, 31]);
    near(&p3, [0, 255, 0], [0, 255, 0]);
    near(&ColorDescription::AdobeRgb, [100, 150, 200], [66, 151, 203]);
    near(&ColorDescription::AdobeRgb, [255; 3], [255; 3]);
}

/// The same on every machine: what the module's documentation promises. A change here changes content ids.
#[test]
fn samples_are_these_bytes() {
    let digests = all().map(|(bytes, space)| {
        let out = converted(&ColorDescription::Icc(bytes.into()), layout(space), Samples::U8(noise()));
        blake3::hash(&out).to_hex()[..16].to_owned()
    });
    let known = ["27d5fac62395c967", "9dba61966c8984b4", "50b39a63ae96977d", "81adfb9a7c23a0d6", "5b91cb2d342ef91d"];
    assert_eq!(digests, known);
}

#[test]
fn broken_profiles_are_no_profiles() {
    for (bytes, space) in all() {
        for end in 0..bytes.len() {
            // The last bytes may be padding, or tags of another kind of profile.
            touch(&bytes[..end], space);
        }
        assert!(icc::read(&bytes[..bytes.len() / 2], space).is_none());
    }
    let mut absurd = lights();
    let at = absurd.windows(4).position(|w| w == b"mft2").unwrap();
    absurd[at + 10] = 255;
    assert!(icc::read(&absurd, ColorModel::Rgb).is_none());
}

#[test]
fn mutated_profiles_never_panic() {
    for (bytes, space) in all() {
        for at in 0..bytes.len().min(600) {
            for value in [0, 1, 2, 127, 255, bytes[at] ^ 0x80] {
                let mut mutant = bytes.clone();
                mutant[at] = value;
                touch(&mutant, space);
            }
        }
    }
}

/// Reads a profile and converts some colours.
fn touch(bytes: &[u8], space: ColorModel) {
    match icc::read(bytes, space) {
        Some(ColorProfile::Table(profile)) => {
            for v in [0.0, 0.37, 1.0] {
                let light = profile.linear_srgb([v, 1.0 - v, v, 0.5]).map(srgb::encode);
                assert!(light.iter().all(|v| (0.0..=1.0).contains(v)), "{light:?}");
            }
        }
        Some(ColorProfile::Matrix(matrix)) => {
            shaper::Shaper::<256>::new(&matrix, &CpuTimer::default()).unwrap().rgb([0u8, 100, 255]);
        }
        Some(ColorProfile::Gray(gray)) => {
            shaper::grays(&shaper::Luminance::Curve(&gray), 256, &CpuTimer::default()).unwrap();
        }
        None => {}
    }
}
