//! Filters sixteen places along an edge at once (RFC 6386 § 15.2, § 15.3), on any machine.
//!
//! Samples lie in vectors by their distance from the edge: `p3` to `p0` before it, `q0` to `q3` behind it. The standard
//! computes with samples less 128, clamped to 8 bits with sign after each sum; saturating instructions do just that.

use bytemuck::cast;
use wide::{i8x16, i16x8, i16x16, u8x16, u16x8};

use super::strength::EdgeStrength;

/// The limits, one in every lane.
#[derive(Clone, Copy)]
pub(crate) struct Limits16 {
    edge: u8x16,
    interior: u8x16,
    variance: u8x16,
}

impl Limits16 {
    /// The limits of edges inside a macroblock.
    #[inline]
    pub(crate) fn inside(strength: EdgeStrength) -> Self {
        let EdgeStrength { edge, interior, variance } = strength;
        Self { edge: u8x16::splat(edge), interior: u8x16::splat(interior), variance: u8x16::splat(variance) }
    }

    /// The limits of the edges between macroblocks: 4 more, at most 193.
    #[inline]
    pub(crate) fn between(strength: EdgeStrength) -> Self {
        Self::inside(EdgeStrength { edge: strength.edge.saturating_add(4), ..strength })
    }
}

/// The simple filter, on `p1`, `p0`, `q0` and `q1`.
#[inline]
pub(crate) fn simple([p1, p0, q0, q1]: [u8x16; 4], limits: Limits16) -> [u8x16; 4] {
    let mask = edge_is_low(p1, p0, q0, q1, limits.edge);
    let [a, b, c, d] = [p1, p0, q0, q1].map(signed);
    let [b, c] = common(b, c, step(a, b, c, d, i8x16::splat(-1)) & mask);
    [p1, unsigned(b), unsigned(c), q1]
}

/// The normal filter for edges between macroblocks, on `p3` to `q3`.
#[inline]
pub(crate) fn between(samples: [u8x16; 8], limits: Limits16) -> [u8x16; 8] {
    let [p3, p2, p1, p0, q0, q1, q2, q3] = samples;
    let (mask, even) = masks(&samples, limits);
    let [a, b, c, d, e, f] = [p2, p1, p0, q0, q1, q2].map(signed);
    let step = step(b, c, d, e, i8x16::splat(-1)) & mask;
    // Where variance is high, the two samples at the edge change as in the simple filter; elsewhere, three on each side.
    let [c, d] = common(c, d, step & !even);
    let [by27, by18, by9] = sevenths(step & even);
    let before = [a.saturating_add(by9), b.saturating_add(by18), c.saturating_add(by27)].map(unsigned);
    let behind = [d.saturating_sub(by27), e.saturating_sub(by18), f.saturating_sub(by9)].map(unsigned);
    [p3, before[0], before[1], before[2], behind[0], behind[1], behind[2], q3]
}

/// The normal filter for edges inside a macroblock, on `p3` to `q3`.
#[inline]
pub(crate) fn inside(samples: [u8x16; 8], limits: Limits16) -> [u8x16; 8] {
    let [p3, p2, p1, p0, q0, q1, q2, q3] = samples;
    let (mask, even) = masks(&samples, limits);
    let [b, c, d, e] = [p1, p0, q0, q1].map(signed);
    let step = step(b, c, d, e, !even) & mask;
    let (up, down) = eighths(step);
    // Half of the change, rounded up, goes to the samples next to those at the edge, where variance is low. `up` is
    // from −16 to 15.
    let half = shifted_right::<1>(up + i8x16::splat(1)) & even;
    let [b, c] = [b.saturating_add(half), c.saturating_add(down)].map(unsigned);
    let [d, e] = [d.saturating_sub(up), e.saturating_sub(half)].map(unsigned);
    [p3, p2, b, c, d, e, q2, q3]
}

/// Where the edge is filtered at all, and where its variance is not high; all ones in such lanes.
#[inline]
fn masks(samples: &[u8x16; 8], limits: Limits16) -> (i8x16, i8x16) {
    let &[p3, p2, p1, p0, q0, q1, q2, q3] = samples;
    let at_edge = distance(p1, p0).max(distance(q1, q0));
    let beside = distance(p3, p2).max(distance(p2, p1)).max(distance(q3, q2).max(distance(q2, q1)));
    let smooth = at_most(beside.max(at_edge), limits.interior);
    (smooth & edge_is_low(p1, p0, q0, q1, limits.edge), at_most(at_edge, limits.variance))
}

/// |p0 − q0| · 2 + |p1 − q1| / 2 ≤ limit. Saturation at 255 is above any limit.
#[inline]
fn edge_is_low(p1: u8x16, p0: u8x16, q0: u8x16, q1: u8x16, limit: u8x16) -> i8x16 {
    let (near, far) = (distance(p0, q0), distance(p1, q1));
    // A shift of 16 bits brings a bit of the neighbour into the highest place, which the mask takes away.
    let half: u8x16 = cast(cast::<_, u16x8>(far) >> 1);
    at_most(near.saturating_add(near).saturating_add(half & u8x16::splat(0x7F)), limit)
}

/// The step across the edge: 3 · (q0 − p0), and p1 − q1 where `outer` is set, clamped as the standard clamps.
#[inline]
fn step(p1: i8x16, p0: i8x16, q0: i8x16, q1: i8x16, outer: i8x16) -> i8x16 {
    let across = q0.saturating_sub(p0);
    let sum = (p1.saturating_sub(q1) & outer).saturating_add(across);
    sum.saturating_add(across).saturating_add(across)
}

/// (step + 4) / 8 and (step + 3) / 8, each clamped before the division.
#[inline]
fn eighths(step: i8x16) -> (i8x16, i8x16) {
    let eighth = |add: i8| shifted_right::<3>(step.saturating_add(i8x16::splat(add)));
    (eighth(4), eighth(3))
}

#[inline]
fn common(p0: i8x16, q0: i8x16, step: i8x16) -> [i8x16; 2] {
    let (up, down) = eighths(step);
    [p0.saturating_add(down), q0.saturating_sub(up)]
}

/// (27 · step + 63) / 128, and so for 18 and 9: with steps of 8 bits, the products have 13, the results 6.
#[inline]
fn sevenths(step: i8x16) -> [i8x16; 3] {
    let bytes: u8x16 = cast(step);
    // A byte in the higher half of 16 bits, shifted down, has its sign again.
    let [low, high] = [u8x16::unpack_low(bytes, bytes), u8x16::unpack_high(bytes, bytes)];
    let nine = |pair: u8x16| (cast::<_, i16x8>(pair) >> 8) * i16x8::splat(9);
    let (low, high) = (nine(low), nine(high));
    let mut sums = (i16x8::splat(63), i16x8::splat(63));
    let mut next = || {
        sums = (sums.0 + low, sums.1 + high);
        let shifted: i16x16 = cast([sums.0 >> 7, sums.1 >> 7]);
        i8x16::from_i16x16_saturate(shifted)
    };
    let (by9, by18, by27) = (next(), next(), next());
    [by27, by18, by9]
}

/// Divides bytes with sign by 2 to the power of `BITS`, rounding down. There is no such instruction: 16 bits are
/// shifted, the neighbour's bits masked away, and the sign is spread by a subtraction.
#[inline]
fn shifted_right<const BITS: i32>(value: i8x16) -> i8x16 {
    let sign = 0x80u8 >> BITS;
    let shifted: u8x16 = cast(cast::<_, u16x8>(value) >> BITS);
    let shifted: i8x16 = cast((shifted & u8x16::splat(0xFF >> BITS)) ^ u8x16::splat(sign));
    shifted - cast::<_, i8x16>(u8x16::splat(sign))
}

#[inline]
fn distance(a: u8x16, b: u8x16) -> u8x16 {
    a.saturating_sub(b) | b.saturating_sub(a)
}

#[inline]
fn at_most(value: u8x16, limit: u8x16) -> i8x16 {
    cast(value.saturating_sub(limit).simd_eq(u8x16::ZERO))
}

/// A sample less 128.
#[inline]
fn signed(samples: u8x16) -> i8x16 {
    cast(samples ^ u8x16::splat(0x80))
}

#[inline]
fn unsigned(samples: i8x16) -> u8x16 {
    cast::<_, u8x16>(samples) ^ u8x16::splat(0x80)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// § 15.2 and § 15.3 for one place, in plain numbers.
    pub(crate) mod standard {
        fn clamped(value: i32) -> i32 {
            value.clamp(-128, 127)
        }

        fn sample(value: i32) -> u8 {
            u8::try_from(clamped(value) + 128).unwrap()
        }

        fn is_low(s: &[i32; 8], edge: i32) -> bool {
            2 * (s[3] - s[4]).abs() + (s[2] - s[5]).abs() / 2 <= edge
        }

        fn is_smooth(s: &[i32; 8], edge: i32, interior: i32) -> bool {
            is_low(s, edge) && [0, 1, 2, 4, 5, 6].into_iter().all(|i| (s[i] - s[i + 1]).abs() <= interior)
        }

        fn is_uneven(s: &[i32; 8], variance: i32) -> bool {
            (s[2] - s[3]).abs() > variance || (s[5] - s[4]).abs() > variance
        }

        fn common(s: &mut [u8; 8], v: &[i32; 8], use_outer: bool) -> i32 {
            let outer = if use_outer { clamped(v[2] - v[5]) } else { 0 };
            let a = clamped(outer + 3 * (v[4] - v[3]));
            let (f, e) = (clamped(a + 4) >> 3, clamped(a + 3) >> 3);
            (s[3], s[4]) = (sample(v[3] + e), sample(v[4] - f));
            f
        }

        pub(crate) fn simple(s: &mut [u8; 8], edge: u8) {
            let v = s.map(|sample| i32::from(sample) - 128);
            if is_low(&v, edge.into()) {
                common(s, &v, true);
            }
        }

        pub(crate) fn between(s: &mut [u8; 8], edge: u8, interior: u8, variance: u8) {
            let v = s.map(|sample| i32::from(sample) - 128);
            if !is_smooth(&v, edge.into(), interior.into()) {
                return;
            }
            if is_uneven(&v, variance.into()) {
                common(s, &v, true);
                return;
            }
            let w = clamped(clamped(v[2] - v[5]) + 3 * (v[4] - v[3]));
            for (distance, factor) in [(0, 27), (1, 18), (2, 9)] {
                let a = clamped((factor * w + 63) >> 7);
                s[4 + distance] = sample(v[4 + distance] - a);
                s[3 - distance] = sample(v[3 - distance] + a);
            }
        }

        pub(crate) fn inside(s: &mut [u8; 8], edge: u8, interior: u8, variance: u8) {
            let v = s.map(|sample| i32::from(sample) - 128);
            if !is_smooth(&v, edge.into(), interior.into()) {
                return;
            }
            let uneven = is_uneven(&v, variance.into());
            let a = (common(s, &v, uneven) + 1) >> 1;
            if !uneven {
                (s[5], s[2]) = (sample(v[5] - a), sample(v[2] + a));
            }
        }
    }

    /// Samples around an edge that are near each other, or anything now and then.
    pub(crate) fn noise(seed: u32) -> impl FnMut() -> [u8; 8] {
        let mut state = seed;
        let mut byte = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        move || {
            let (base, spread) = (byte(), [1, 3, 8, 20, 255][usize::from(byte()) % 5]);
            std::array::from_fn(|_| base.saturating_add(byte() % spread).saturating_sub(spread / 2))
        }
    }

    fn lanes(places: &[[u8; 8]; 16]) -> [u8x16; 8] {
        std::array::from_fn(|i| u8x16::new(std::array::from_fn(|lane| places[lane][i])))
    }

    #[test]
    fn each_filter_is_that_of_the_standard() {
        let mut next = noise(1);
        for round in 0..4000u32 {
            let level = u8::try_from(round % 63 + 1).unwrap();
            let interior = (level >> (round / 7 % 3)).clamp(1, if round % 2 == 0 { 63 } else { 8 });
            let variance = u8::try_from(round % 3).unwrap();
            let strength = EdgeStrength { edge: 2 * level + interior, interior, variance };
            let places: [[u8; 8]; 16] = std::array::from_fn(|_| next());
            let (inner, outer) = (Limits16::inside(strength), Limits16::between(strength));
            let edge = strength.edge;
            let expected = |filter: &dyn Fn(&mut [u8; 8])| {
                let mut places = places;
                places.iter_mut().for_each(filter);
                lanes(&places)
            };
            let between_expected = expected(&|s| standard::between(s, edge + 4, interior, variance));
            assert_eq!(between(lanes(&places), outer), between_expected);
            assert_eq!(inside(lanes(&places), inner), expected(&|s| standard::inside(s, edge, interior, variance)));
            let [_, _, p1, p0, q0, q1, _, _] = lanes(&places);
            let [_, _, a, b, c, d, _, _] = expected(&|s| standard::simple(s, edge));
            assert_eq!(simple([p1, p0, q0, q1], inner), [a, b, c, d]);
        }
    }

    #[test]
    fn bytes_are_divided_rounding_down() {
        for base in (-128i8..=127).step_by(16) {
            let values: [i8; 16] = std::array::from_fn(|i| base + i8::try_from(i).unwrap());
            assert_eq!(shifted_right::<3>(i8x16::new(values)).to_array(), values.map(|v| v >> 3));
            assert_eq!(shifted_right::<1>(i8x16::new(values)).to_array(), values.map(|v| v >> 1));
            let [by27, by18, by9] = sevenths(i8x16::new(values)).map(i8x16::to_array);
            for (i, value) in values.map(i32::from).into_iter().enumerate() {
                let expected = [27, 18, 9].map(|factor| i8::try_from((factor * value + 63) >> 7).unwrap());
                assert_eq!([by27[i], by18[i], by9[i]], expected);
            }
        }
    }
}
