//! Writes ICC profiles that are tables (ICC.1:2022, 10.10–10.12): CMYK `mft1`, RGB `mft2` and `mAB `.

use super::icc::{D50, Tag, adapted, apply, be32, copyright, desc, fixed, profile, white_point};

/// CMYK to Lab by a table of 2⁴ points: crude inks, darker and warmer than the usual inversion gives.
pub(crate) fn cmyk() -> Vec<u8> {
    let mut table = b"mft1\0\0\0\0\x04\x03\x02\0".to_vec();
    for cell in 0..9 {
        table.extend(fixed(if cell % 4 == 0 { 1.0 } else { 0.0 }));
    }
    let identity: Vec<u8> = (0..=255).collect();
    (0..4).for_each(|_| table.extend_from_slice(&identity));
    for point in 0u8..16 {
        let ink = |bit: u8| i32::from(point >> bit & 1);
        let (c, m, y, k) = (ink(3), ink(2), ink(1), ink(0));
        let lightness = (245 - 95 * c - 120 * m - 20 * y) * (1 - k) + 28 * k;
        let (a, b) =
            ((128 - 36 * c + 70 * m - 6 * y) * (1 - k) + 128 * k, (128 - 48 * c - 4 * m + 88 * y) * (1 - k) + 128 * k);
        table.extend([lightness, a, b].map(|v| v.clamp(0, 255) as u8));
    }
    (0..3).for_each(|_| table.extend_from_slice(&identity));
    let tags = vec![desc("generated CMYK"), copyright(), white_point(), (*b"A2B0", table)];
    profile(*b"prtr", *b"CMYK", *b"Lab ", tags)
}

/// A wide RGB of gamma 2 to Lab by `lut16Type` in a version 2 profile: 9³ points, curved inputs and outputs.
pub(crate) fn rgb_lut16() -> Vec<u8> {
    const POINTS: usize = 9;
    const ENTRIES: usize = 64;
    let mut table = b"mft2\0\0\0\0\x03\x03\x09\0".to_vec();
    for cell in 0..9 {
        table.extend(fixed(if cell % 4 == 0 { 1.0 } else { 0.0 }));
    }
    (0..2).for_each(|_| table.extend((ENTRIES as u16).to_be_bytes()));
    // In: v ↦ (v + v²) / 2. Out: the square root and its inverse cancel, but for the table between them.
    let curve = |of: fn(f64) -> f64| {
        (0..ENTRIES).flat_map(move |i| word(of(i as f64 / (ENTRIES - 1) as f64))).collect::<Vec<u8>>()
    };
    (0..3).for_each(|_| table.extend(curve(|v| (v + v * v) / 2.0)));
    for index in 0..POINTS.pow(3) {
        let rgb = grid(index, POINTS).map(|v| (2.0 * v + 0.25).sqrt() - 0.5);
        let [l, a, b] = lab(apply(&adapted(WIDE), rgb.map(|v| v * v)));
        // Version 2's encoding (10.10, table 42).
        let encoded = [l * 652.8, (a + 128.0) * 256.0, (b + 128.0) * 256.0].map(|v| v / 65535.0);
        table.extend(encoded.map(|v| v * v).into_iter().flat_map(word));
    }
    (0..3).for_each(|_| table.extend(curve(f64::sqrt)));
    let tags = vec![desc("generated RGB lut16"), copyright(), white_point(), (*b"A2B0", table)];
    let mut out = profile(*b"mntr", *b"RGB ", *b"Lab ", tags);
    out[8..10].copy_from_slice(&[2, 0x40]);
    out
}

/// The same RGB to XYZ by `lutAToBType`: A curves, 5 × 6 × 7 points of 8 bits, M curves, matrix and B curves.
pub(crate) fn rgb_mab() -> Vec<u8> {
    let gamma = |value: f64| [&b"para\0\0\0\0\0\0\0\0"[..], &fixed(value)].concat();
    let (b, matrix, m) = (gamma(1.0).repeat(3), scaled(adapted(WIDE)), gamma(2.0).repeat(3));
    let mut clut = [5, 6, 7].to_vec();
    clut.resize(16, 0);
    clut.extend([1, 0, 0, 0]);
    for red in 0..5 {
        for (green, blue) in (0..42).map(|i| (i / 7, i % 7)) {
            let rgb = [f64::from(red) / 4.0, f64::from(green) / 5.0, f64::from(blue) / 6.0];
            // Colours a little nearer to gray, which stays where it is.
            let mean = (rgb[0] + rgb[1] + rgb[2]) / 3.0;
            clut.extend(rgb.map(|v| (255.0 * (0.9 * v + 0.1 * mean) + 0.5) as u8));
        }
    }
    clut.resize(clut.len().next_multiple_of(4), 0);
    let mut table = b"mAB \0\0\0\0\x03\x03\0\0".to_vec();
    let mut at = 32;
    for part in [&b, &matrix, &m, &clut] {
        table.extend(be32(at));
        at += part.len();
    }
    table.extend(be32(at));
    table.extend([b, matrix, m, clut, gamma(1.0).repeat(3)].concat());
    let tags: Vec<Tag> = vec![desc("generated RGB mAB"), copyright(), white_point(), (*b"A2B0", table)];
    profile(*b"mntr", *b"RGB ", *b"XYZ ", tags)
}

/// The matrix for XYZ in its 16-bit encoding, and no offsets.
fn scaled(matrix: super::icc::IccMatrix) -> Vec<u8> {
    let cells = matrix.iter().flatten().flat_map(|&v| fixed(v * 32768.0 / 65535.0));
    cells.chain([0; 12]).collect()
}

/// The point of a cube of `points` a side; red varies slowest.
fn grid(index: usize, points: usize) -> [f64; 3] {
    [index / points / points, index / points % points, index % points].map(|v| v as f64 / (points - 1) as f64)
}

fn lab(xyz: [f64; 3]) -> [f64; 3] {
    let f = |v: f64| if v > 216.0 / 24389.0 { cube_root(v) } else { (24389.0 / 27.0 * v + 16.0) / 116.0 };
    let [x, y, z] = [0, 1, 2].map(|i| f(xyz[i] / D50[i]));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// By Newton's method: a platform's own differs in the last bit from another's.
fn cube_root(v: f64) -> f64 {
    (0..60).fold(1.0, |root: f64, _| (2.0 * root + v / (root * root)) / 3.0)
}

/// 0–1 as 16 bits.
fn word(value: f64) -> [u8; 2] {
    ((value.clamp(0.0, 1.0) * 65535.0 + 0.5) as u16).to_be_bytes()
}

/// Between sRGB's and Display P3's.
const WIDE: super::icc::Primaries = [[0.66, 0.325], [0.28, 0.645], [0.15, 0.06]];
