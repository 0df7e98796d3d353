//! Converts pixels by a table profile: a grid of 8-bit sRGB colours with 8 bits of fraction, interpolated in integers.

use std::array::from_fn;

use image_ingest_samples::zeroed;

use crate::description::ColorModel;
use crate::pipeline::{Pipeline, Place};
use crate::result::Result;
use crate::srgb::Encoder;

/// Nodes equally spaced in device values.
pub(crate) struct Grid {
    /// Points along each input; the first varies slowest. Unused inputs have one.
    sides: [usize; 4],
    nodes: Vec<Node>,
}

/// Red, green, blue in 1/256 of a code, and padding.
type Node = [u16; 4];

impl Grid {
    /// Evaluates `pipeline` at every node: at most 41³ or 17⁴ of them, 700 KB.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(pipeline: &Pipeline<'_>) -> Result<Self> {
        let channels = pipeline.space.channels();
        let mut sides = [1; 4];
        for (axis, side) in sides.iter_mut().enumerate().take(channels) {
            *side = points(pipeline.clut.as_ref().map_or(2, |clut| clut.grid[axis]), pipeline.space);
        }
        let encoder = Encoder::new()?;
        let mut nodes: Vec<Node> = zeroed(sides.iter().product())?;
        let places: [Vec<Place>; 4] = from_fn(|axis| {
            let last = (sides[axis].max(2) - 1) as f64;
            (0..sides[axis]).map(|index| pipeline.place(axis, index as f64 / last)).collect()
        });
        let mut at = [0; 4];
        for node in &mut nodes {
            let light = pipeline.linear_srgb_at(from_fn(|axis| places[axis][at[axis]]));
            let [r, g, b] = light.map(|v| steps(encoder.at(v)));
            *node = [r, g, b, 0];
            advance(&mut at, &sides);
        }
        Ok(Self { sides, nodes })
    }

    /// 8-bit sRGB of 16-bit RGB: tetrahedral.
    pub(crate) fn rgb(&self, device: [u16; 3]) -> [u8; 3] {
        let (base, axes) = self.cells(device);
        let [r, g, b, _] = self.tetrahedron(base, axes);
        let code = |v: u32| code(v.into(), WEIGHT_BITS + STEP_BITS);
        [code(r), code(g), code(b)]
    }

    /// 8-bit sRGB of 16-bit ink amounts: tetrahedral in the colours, linear in black.
    pub(crate) fn cmyk(&self, [c, m, y, k]: [u16; 4]) -> [u8; 3] {
        let (base, axes) = self.cells([c, m, y]);
        let (index, fraction) = position(k, self.sides[3]);
        let (low, high) = (self.tetrahedron(base + index, axes), self.tetrahedron(base + index + 1, axes));
        let between = |i: usize| {
            let sum = u64::from(low[i]) * (WEIGHT_ONE - fraction) + u64::from(high[i]) * fraction;
            code(sum, 2 * WEIGHT_BITS + STEP_BITS)
        };
        [between(0), between(1), between(2)]
    }

    /// The base corner of the first three inputs, and for each the weight and stride of its step, as one number that
    /// sorts by weight.
    #[inline]
    fn cells(&self, device: [u16; 3]) -> (usize, [u64; 3]) {
        let mut base = 0;
        let mut stride = self.sides[3];
        let mut axes = [0; 3];
        for i in [2, 1, 0] {
            let (index, fraction) = position(device[i], self.sides[i]);
            base += index * stride;
            axes[i] = fraction << 32 | stride as u64;
            stride *= self.sides[i];
        }
        (base, axes)
    }

    /// Walks from the base corner to the far one, the largest weight first.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "weights are at most 2^15, strides are below 2^32")]
    fn tetrahedron(&self, base: usize, [a, b, c]: [u64; 3]) -> [u32; 4] {
        let (a, b) = (a.max(b), a.min(b));
        let (b, c) = (b.max(c), b.min(c));
        let (a, b) = (a.max(b), a.min(b));
        let stride = |axis: u64| axis as u32 as usize;
        let weights = [WEIGHT_ONE - (a >> 32), (a >> 32) - (b >> 32), (b >> 32) - (c >> 32), c >> 32].map(|w| w as u16);
        let first = base + stride(a);
        let second = first + stride(b);
        let (n0, n1) = (self.nodes[base], self.nodes[first]);
        let (n2, n3) = (self.nodes[second], self.nodes[second + stride(c)]);
        let [w0, w1, w2, w3] = weights.map(u32::from);
        from_fn(|i| u32::from(n0[i]) * w0 + u32::from(n1[i]) * w1 + u32::from(n2[i]) * w2 + u32::from(n3[i]) * w3)
    }
}

/// Points along an axis, for a table that has `own`: 17 for inks and 33 for light as in LittleCMS, but up to 41 for
/// light where that hits the table's own points.
fn points(own: usize, space: ColorModel) -> usize {
    if space == ColorModel::Cmyk {
        return 17;
    }
    let cells = own.max(2) - 1;
    let fitting = cells * 32usize.div_ceil(cells) + 1;
    if fitting <= 41 { fitting } else { 33 }
}

/// The cell of a 16-bit value among `side` ≥ 2 points, and the weight of the cell's end. The last value is the end of
/// the last cell.
fn position(value: u16, side: usize) -> (usize, u64) {
    let cells = side as u64 - 1;
    let fixed = (u64::from(value) * (cells << WEIGHT_BITS) + 32_767) / 65_535;
    let index = (fixed >> WEIGHT_BITS).min(cells - 1);
    (usize::try_from(index).unwrap_or(0), fixed - (index << WEIGHT_BITS))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=65 280")]
fn steps(encoded: f64) -> u16 {
    (encoded.clamp(0.0, 1.0) * f64::from(255u32 << STEP_BITS) + 0.5) as u16
}

/// The nearest code of a value with `bits` of fraction.
fn code(value: u64, bits: u32) -> u8 {
    u8::try_from((value + (1 << (bits - 1))) >> bits).unwrap_or(u8::MAX)
}

fn advance(at: &mut [usize; 4], sides: &[usize; 4]) {
    for (index, side) in at.iter_mut().zip(sides).rev() {
        *index += 1;
        if *index < *side {
            return;
        }
        *index = 0;
    }
}

const WEIGHT_BITS: u32 = 15;
const WEIGHT_ONE: u64 = 1 << WEIGHT_BITS;
const STEP_BITS: u32 = 8;
