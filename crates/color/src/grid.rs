//! Converts pixels by a table profile: a grid of sRGB colours, interpolated in integers.
//!
//! A table profile costs far more than a look-up for one colour, so it is evaluated once at the nodes of a grid
//! ([`crate::table`]), and pixels are interpolated between nodes. A node has sRGB codes with 8 bits of fraction, 0–65
//! 280.
//!
//! **Interpolation** is tetrahedral. A cell has eight corners; sorted by how far the pixel is along each axis, the
//! three steps from its lowest corner to its highest pass four of them. With the sorted fractions `a ≥ b ≥ c` these
//! corners get the weights `1 − a`, `a − b`, `b − c` and `c`. None is negative and their sum is 1, in fixed point
//! exactly 2^15, so a result lies between its nodes and the gray axis of a neutral profile stays neutral.
//!
//! **No sum overflows**: 65 280 × 2^15 is below 2^31. For CMYK two such sums are weighted once more, in 64 bits.
use std::array::from_fn;

use image_ingest_samples::{CpuTimer, zeroed};

use crate::clut::AxisPosition;
use crate::description::ColorModel;
use crate::result::Result;
use crate::srgb::Encoder;
use crate::table::TableProfile;

/// sRGB colours at nodes that are equally spaced in device values.
pub(crate) struct ColorGrid {
    /// Nodes along each input; the first varies slowest. An input that there is not has one.
    sides: [usize; 4],
    nodes: Vec<Node>,
}

/// Red, green and blue in 1/256 of a code; the fourth makes nodes of 8 bytes.
type Node = [u16; 4];

impl ColorGrid {
    /// Evaluates `profile` at every node. There are at most 41³ or 17⁴ of them, 700 KB.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`.
    pub(crate) fn new(profile: &TableProfile<'_>, timer: &CpuTimer<'_>) -> Result<Self> {
        let channels = profile.space.channels();
        let mut sides = [1; 4];
        for (axis, side) in sides.iter_mut().enumerate().take(channels) {
            *side = points(profile.clut.as_ref().map_or(2, |clut| clut.grid[axis]), profile.space);
        }
        let encoder = Encoder::new()?;
        let mut nodes: Vec<Node> = zeroed(sides.iter().product())?;
        let positions: [Vec<AxisPosition>; 4] = from_fn(|axis| {
            let last = (sides[axis].max(2) - 1) as f64;
            (0..sides[axis]).map(|index| profile.position(axis, index as f64 / last)).collect()
        });
        let mut at = [0; 4];
        for node in &mut nodes {
            timer.step()?;
            let light = profile.linear_srgb_at(from_fn(|axis| positions[axis][at[axis]]));
            let [r, g, b] = light.map(|v| steps(encoder.at(v)));
            *node = [r, g, b, 0];
            advance(&mut at, &sides);
        }
        Ok(Self { sides, nodes })
    }

    /// The 8-bit sRGB of 16-bit device RGB: tetrahedral.
    pub(crate) fn rgb(&self, device: [u16; 3]) -> [u8; 3] {
        let (base, axes) = self.cells(device);
        let [r, g, b, _] = self.tetrahedron(base, axes);
        let code = |v: u32| code(v.into(), WEIGHT_BITS + STEP_BITS);
        [code(r), code(g), code(b)]
    }

    /// The 8-bit sRGB of 16-bit ink amounts: tetrahedral in the three colours, linear in black.
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

    /// The node at the lowest corner of a pixel's cell, and for each of the first three inputs its fraction and stride.
    ///
    /// Both are packed into one number, the fraction in the upper half, so that sorting by fraction is three
    /// comparisons and moves the strides along. A stride is below 2^32, since a grid has fewer nodes.
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

    /// The weighted sum of the four corners that the module's documentation describes, in 1/2^15 of a node's unit.
    ///
    /// Where two fractions are equal either order does: the corner between them gets weight 0. Every corner exists,
    /// since [`position`] gives cells up to the last node but one only.
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

/// Nodes along an axis, for a table that has `own` points there.
///
/// It is 17 for inks and 33 for light as in LittleCMS. For light it is up to 41 where that makes every point of the
/// table a node: a table is linear between its points and bends at them.
fn points(own: usize, space: ColorModel) -> usize {
    if space == ColorModel::Cmyk {
        return 17;
    }
    let cells = own.max(2) - 1;
    let fitting = cells * 32usize.div_ceil(cells) + 1;
    if fitting <= 41 { fitting } else { 33 }
}

/// The cell of a 16-bit value among `side` ≥ 2 nodes, and the weight of the cell's end, 0 to 2^15.
///
/// The value 65 535 is the end of the last cell, not the start of one behind it.
fn position(value: u16, side: usize) -> (usize, u64) {
    let cells = side as u64 - 1;
    let fixed = (u64::from(value) * (cells << WEIGHT_BITS) + 32_767) / 65_535;
    let index = (fixed >> WEIGHT_BITS).min(cells - 1);
    (usize::try_from(index).unwrap_or(0), fixed - (index << WEIGHT_BITS))
}

/// An encoded value of 0–1 in the unit of a node.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=65 280")]
fn steps(encoded: f64) -> u16 {
    (encoded.clamp(0.0, 1.0) * f64::from(255u32 << STEP_BITS) + 0.5) as u16
}

/// The nearest code of a value with `bits` of fraction.
fn code(value: u64, bits: u32) -> u8 {
    u8::try_from((value + (1 << (bits - 1))) >> bits).unwrap_or(u8::MAX)
}

/// Moves to the next node: the last input first, as nodes are stored.
fn advance(at: &mut [usize; 4], sides: &[usize; 4]) {
    for (index, side) in at.iter_mut().zip(sides).rev() {
        *index += 1;
        if *index < *side {
            return;
        }
        *index = 0;
    }
}

/// Fraction bits of a weight: 16 would not fit the `u16` that multiplications are narrowed to.
const WEIGHT_BITS: u32 = 15;
const WEIGHT_ONE: u64 = 1 << WEIGHT_BITS;
/// Fraction bits of a code in a node.
const STEP_BITS: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_a_cell_and_the_weight_of_its_end() {
        assert_eq!(position(0, 33), (0, 0));
        assert_eq!(position(65_535, 33), (31, WEIGHT_ONE));
        assert_eq!(position(65_535, 2), (0, WEIGHT_ONE));
        // 0x8000 of 0xFFFF is a hair above one half.
        assert_eq!(position(0x8000, 3), (1, 1));
        for value in 0..=u16::MAX {
            let (index, fraction) = position(value, 17);
            let exact = f64::from(value) / 65_535.0 * 16.0;
            let found = index as f64 + fraction as f64 / WEIGHT_ONE as f64;
            assert!(index <= 15 && (found - exact).abs() <= 0.5 / WEIGHT_ONE as f64 + 1e-9, "{value}");
        }
    }

    #[test]
    fn axes_have_as_many_nodes_as_littlecms_or_as_fit_the_table() {
        assert_eq!(points(9, ColorModel::Cmyk), 17);
        assert_eq!([2, 9, 17, 33].map(|own| points(own, ColorModel::Rgb)), [33; 4]);
        assert_eq!(points(6, ColorModel::Rgb), 36);
        assert_eq!(points(41, ColorModel::Rgb), 41);
        assert_eq!(points(200, ColorModel::Rgb), 33);
    }

    /// A grid with the channels of its nodes linear in the inputs.
    fn linear(side: usize) -> ColorGrid {
        let step = |i: usize| u16::try_from(i * (65_280 / (side - 1))).unwrap();
        let nodes =
            (0..side * side * side).map(|at| [step(at / side / side), step(at / side % side), step(at % side), 0]);
        ColorGrid { sides: [side, side, side, 1], nodes: nodes.collect() }
    }

    #[test]
    fn a_linear_grid_gives_back_what_went_in() {
        let grid = linear(5);
        for rgb in [[0, 0, 0], [255, 255, 255], [255, 0, 128], [1, 2, 3], [200, 100, 50], [77, 77, 77]] {
            assert_eq!(grid.rgb(rgb.map(|v: u8| u16::from(v) * 257)), rgb);
        }
    }

    #[test]
    fn the_weights_of_a_cell_are_not_negative_and_their_sum_is_one() {
        let grid = ColorGrid { sides: [2, 2, 2, 1], nodes: vec![[65_280; 4]; 8] };
        for value in (0..=u16::MAX).step_by(97) {
            let (base, axes) = grid.cells([value, value / 3, 65_535 - value]);
            assert_eq!(grid.tetrahedron(base, axes), [65_280 << WEIGHT_BITS; 4]);
        }
    }

    #[test]
    fn black_ink_is_interpolated_linearly() {
        let nodes = (0..16).map(|at| if at % 2 == 0 { [65_280; 4] } else { [0; 4] });
        let grid = ColorGrid { sides: [2; 4], nodes: nodes.collect() };
        for k in 0..=255u8 {
            assert_eq!(grid.cmyk([9_999, 100, 65_535, u16::from(k) * 257]), [255 - k; 3]);
        }
    }
}
