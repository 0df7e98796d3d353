//! Samples to quantised DCT coefficients, as JPEG's scans carry them.

use crate::raster::Rgb;

/// One component: blocks of coefficients in zigzag order, padded to whole MCUs.
pub(crate) struct Component {
    /// Sampling factors.
    pub(crate) h: usize,
    pub(crate) v: usize,
    /// Blocks a row holds with the padding, and without it.
    pub(crate) stride: usize,
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    pub(crate) blocks: Vec<[i16; 64]>,
}

/// Y′, Cb, Cr of a picture in 4:2:0 at a libjpeg quality of 50 to 100.
pub(crate) fn components_420(image: &Rgb, quality: u16) -> [Component; 3] {
    let (w, h) = (image.width as usize, image.height as usize);
    let planes = ycbcr(image);
    let half = |plane: &[f64]| halved(plane, w, h);
    let (cw, ch) = (w.div_ceil(2), h.div_ceil(2));
    [
        component(&planes[0], (w, h), 2, &quantizers(&LUMA, quality)),
        component(&half(&planes[1]), (cw, ch), 1, &quantizers(&CHROMA, quality)),
        component(&half(&planes[2]), (cw, ch), 1, &quantizers(&CHROMA, quality)),
    ]
}

/// The two quantisation tables (T.81, annex K.1) at `quality`, in zigzag order.
pub(crate) fn tables(quality: u16) -> [[u8; 64]; 2] {
    [&LUMA, &CHROMA].map(|table| ZIGZAG.map(|at| quantizers(table, quality)[at] as u8))
}

fn quantizers(table: &[u16; 64], quality: u16) -> [u16; 64] {
    table.map(|q| ((q * (200 - 2 * quality) + 50) / 100).clamp(1, 255))
}

/// Full-range BT.601 (T.871), level-shifted.
fn ycbcr(image: &Rgb) -> [Vec<f64>; 3] {
    let weighted = |[r, g, b]: [f64; 3], offset: f64| {
        image
            .pixels()
            .map(|p| (r * f64::from(p[0]) + g * f64::from(p[1]) + b * f64::from(p[2]) + 0.5).floor() - offset)
            .collect()
    };
    [
        weighted([0.299, 0.587, 0.114], 128.0),
        weighted([-0.168_736, -0.331_264, 0.5], 0.0),
        weighted([0.5, -0.418_688, -0.081_312], 0.0),
    ]
}

fn halved(plane: &[f64], w: usize, h: usize) -> Vec<f64> {
    let at = |x: usize, y: usize| plane[y.min(h - 1) * w + x.min(w - 1)];
    let mean = |x: usize, y: usize| (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4.0;
    (0..h.div_ceil(2)).flat_map(|y| (0..w.div_ceil(2)).map(move |x| mean(2 * x, 2 * y))).collect()
}

fn component(plane: &[f64], (w, h): (usize, usize), factor: usize, quantizers: &[u16; 64]) -> Component {
    let (columns, rows) = (w.div_ceil(8), h.div_ceil(8));
    let (stride, padded) = (columns.next_multiple_of(factor), rows.next_multiple_of(factor));
    let block = |index: usize| {
        let (x0, y0) = (index % stride * 8, index / stride * 8);
        let samples = |i: usize| plane[(y0 + i / 8).min(h - 1) * w + (x0 + i % 8).min(w - 1)];
        let coefficients = fdct(&std::array::from_fn(samples));
        ZIGZAG.map(|at| quantized(coefficients[at], quantizers[at]))
    };
    let blocks = (0..stride * padded).map(block).collect();
    Component { h: factor, v: factor, stride, columns, rows, blocks }
}

fn quantized(value: f64, by: u16) -> i16 {
    let scaled = value / f64::from(by);
    (if scaled < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i16
}

/// T.81, A.3.3: rows, then columns.
fn fdct(samples: &[f64; 64]) -> [f64; 64] {
    let basis: [[f64; 8]; 8] = std::array::from_fn(|u| std::array::from_fn(|x| cosine((2 * x + 1) * u) * norm(u)));
    let rows: [f64; 64] = std::array::from_fn(|i| (0..8).map(|x| samples[i / 8 * 8 + x] * basis[i % 8][x]).sum());
    std::array::from_fn(|i| (0..8).map(|y| rows[y * 8 + i % 8] * basis[i / 8][y]).sum())
}

fn norm(u: usize) -> f64 {
    if u == 0 { COSINES[4] / 2.0 } else { 0.5 }
}

/// cos(n·π/16).
fn cosine(n: usize) -> f64 {
    let n = n % 32;
    let n = if n > 16 { 32 - n } else { n };
    if n > 8 { -COSINES[16 - n] } else { COSINES[n] }
}

const COSINES: [f64; 9] = [
    1.0,
    0.980_785_280_403_230_4,
    0.923_879_532_511_286_7,
    0.831_469_612_302_545_2,
    std::f64::consts::FRAC_1_SQRT_2,
    0.555_570_233_019_602_2,
    0.382_683_432_365_089_8,
    0.195_090_322_016_128_26,
    0.0,
];

const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

const LUMA: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
];

const CHROMA: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99,
];
