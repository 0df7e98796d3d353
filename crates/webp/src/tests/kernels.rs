//! What is done to the samples of VP8 is the same with AVX2 and without, and filtering is what RFC 6386 § 15 has.

use crate::vp8::kernels::{Kernels, MacroblockFilter, Portable, SampleRows};
use crate::vp8::macroblock::{Beside, MacroblockSamples};
use crate::vp8::modes::PlaneMode;
use crate::vp8::residual::RowContent;
use crate::vp8::strength::{EdgeStrength, LoopFilter};
use crate::vp8::subblocks::SubblocksBeside;
use crate::vp8::subblocks::tests::MODES;
use crate::vp8::tokens::BlockRow;

/// Numbers of a linear congruential generator. Every fourth picture has samples of 0 and 255 alone, and every fourth one
/// of little contrast, in which edges are filtered.
struct Noise {
    state: u32,
    round: u32,
}

impl Noise {
    fn new(round: u32) -> Self {
        Self { state: round.wrapping_mul(0x9E37_79B9), round }
    }

    fn byte(&mut self) -> u8 {
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.state.to_be_bytes()[0]
    }

    fn sample(&mut self) -> u8 {
        match self.round % 4 {
            0 => self.byte(),
            1 => 255 * (self.byte() & 1),
            2 => 120 + self.byte() % 5,
            _ => 100 + self.byte() % 40,
        }
    }

    fn row<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.sample())
    }

    fn macroblock(&mut self) -> MacroblockSamples {
        MacroblockSamples { luma: std::array::from_fn(|_| self.row()), chroma: std::array::from_fn(|_| self.row()) }
    }

    fn coefficients(&mut self) -> [i16; 64] {
        let shift = self.round % 5;
        std::array::from_fn(|_| i16::from(self.byte().cast_signed()) << 3 >> shift)
    }
}

const PLANE_MODES: [PlaneMode; 4] = [PlaneMode::Dc, PlaneMode::TrueMotion, PlaneMode::Vertical, PlaneMode::Horizontal];

/// The kernels for AVX2; `None`, with a message, where the CPU does not have it.
fn avx2() -> Option<impl Kernels> {
    #[cfg(target_arch = "x86_64")]
    let found = image_ingest_samples::Avx2::find();
    #[cfg(not(target_arch = "x86_64"))]
    let found: Option<Portable> = None;
    if found.is_none() {
        eprintln!("skipped: this CPU does not have AVX2");
    }
    found
}

#[test]
fn predictions_are_the_same_with_avx2() {
    let Some(avx2) = avx2() else { return };
    for round in 0..200 {
        let mut noise = Noise::new(round);
        let (has_above, has_left) = (round & 4 == 0, round & 8 == 0);
        let beside = Beside { above: noise.row(), left: noise.row(), corner: noise.row(), has_above, has_left };
        for mode in PLANE_MODES {
            let [mut a, mut b] = [noise.macroblock(); 2];
            Portable.predict_luma(mode, &beside, &mut a.luma);
            Portable.predict_chroma(mode, &beside, &mut a.chroma);
            avx2.predict_luma(mode, &beside, &mut b.luma);
            avx2.predict_chroma(mode, &beside, &mut b.chroma);
            assert_eq!(a, b, "{mode:?}, round {round}");
            assert_eq!(Portable.last_columns(&a), avx2.last_columns(&a));
        }
    }
}

/// What is done to coefficients and samples of four blocks.
type OnBlocks<'f> = &'f dyn Fn(&mut BlockRow, &mut SampleRows);

#[test]
fn residuals_and_subblocks_are_the_same_with_avx2() {
    let Some(avx2) = avx2() else { return };
    for round in 0..400 {
        let mut noise = Noise::new(round);
        let beside =
            SubblocksBeside { above: noise.row(), above_right: noise.row(), left: noise.row(), corner: noise.sample() };
        let modes = std::array::from_fn(|_| MODES[usize::from(noise.byte() % 10)]);
        let mut coefficients = noise.coefficients();
        let content = [RowContent::Nothing, RowContent::First, RowContent::All][round as usize % 3];
        if content < RowContent::All {
            // What a row of blocks has that has no others.
            coefficients = std::array::from_fn(|i| {
                if content == RowContent::First && i < 16 && i % 4 == 0 { coefficients[i] } else { 0 }
            });
        }
        let factors = [3 + i16::from(noise.byte() % 20), 3 + i16::from(noise.byte() % 20)];
        let rows: [[u8; 16]; 4] = std::array::from_fn(|_| noise.row());
        let run = |subblocks: OnBlocks<'_>| {
            let (mut coefficients, mut rows) = (coefficients, rows);
            subblocks(&mut coefficients, &mut rows);
            (coefficients, rows)
        };
        let portable = run(&|c, rows| Portable.reconstruct_subblocks(&modes, &beside, (c, content, factors), rows));
        let vectors = run(&|c, rows| avx2.reconstruct_subblocks(&modes, &beside, (c, content, factors), rows));
        assert_eq!(portable, vectors, "{modes:?}, round {round}");
        if content > RowContent::Nothing {
            let portable = run(&|c, rows| Portable.add_residual(c, content, factors, rows));
            assert_eq!(portable, run(&|c, rows| avx2.add_residual(c, content, factors, rows)), "round {round}");
            assert_eq!(portable.0, [0; 64]);
        }
    }
}

#[test]
fn a_macroblock_is_filtered_edge_by_edge() {
    let avx2 = avx2();
    for round in 0..240 {
        let mut noise = Noise::new(round);
        let [current, left, above] = [(); 3].map(|()| noise.macroblock());
        let level = 1 + noise.byte() % 63;
        let filter = MacroblockFilter {
            kind: if round % 3 == 0 { LoopFilter::Simple } else { LoopFilter::Normal },
            strength: EdgeStrength { edge: 2 * level + 5, interior: 1 + noise.byte() % 63, variance: noise.byte() % 3 },
            inner: round & 16 == 0,
        };
        let (has_left, has_above) = (round & 32 == 0, round & 64 == 0);
        let expected = by_the_standard(filter, [current, left, above], has_left, has_above);
        let portable = filtered(Portable, filter, [current, left, above], has_left, has_above);
        assert!(portable == expected, "{filter:?}, round {round}");
        if let Some(avx2) = avx2 {
            let vectors = filtered(avx2, filter, [current, left, above], has_left, has_above);
            assert!(vectors == expected, "{filter:?} with AVX2, round {round}");
        }
    }
}

/// The three macroblocks after filtering the first by some kernels.
fn filtered(
    kernels: impl Kernels,
    filter: MacroblockFilter,
    [mut current, mut left, mut above]: [MacroblockSamples; 3],
    has_left: bool,
    has_above: bool,
) -> [MacroblockSamples; 3] {
    let (beside_left, beside_above) = (has_left.then_some(&mut left), has_above.then_some(&mut above));
    kernels.filter(filter, &mut current, beside_left, beside_above);
    [current, left, above]
}

/// The three macroblocks after filtering the first, each plane laid out with its neighbours and filtered sample by sample.
fn by_the_standard(
    filter: MacroblockFilter,
    [mut current, mut left, mut above]: [MacroblockSamples; 3],
    has_left: bool,
    has_above: bool,
) -> [MacroblockSamples; 3] {
    let planes = if filter.kind == LoopFilter::Simple { 1 } else { 3 };
    for plane in 0..planes {
        let side = if plane == 0 { 16 } else { 8 };
        let mut samples = vec![vec![0; 2 * side]; 2 * side];
        for (y, x) in (0..side).flat_map(|y| (0..side).map(move |x| (y, x))) {
            samples[side + y][side + x] = *sample(&mut current, plane, y, x);
            samples[side + y][x] = *sample(&mut left, plane, y, x);
            samples[y][side + x] = *sample(&mut above, plane, y, x);
        }
        let inner: Vec<usize> = if filter.inner { (side + 4..2 * side).step_by(4).collect() } else { Vec::new() };
        for (has_edge, is_upright) in [(has_left, true), (has_above, false)] {
            let edges = has_edge.then_some(side).into_iter().chain(inner.iter().copied());
            for (edge, along) in edges.flat_map(|edge| (side..2 * side).map(move |along| (edge, along))) {
                let place = |i: usize| if is_upright { (along, edge + i - 4) } else { (edge + i - 4, along) };
                let mut across: [u8; 8] = std::array::from_fn(|i| samples[place(i).0][place(i).1]);
                filter_across(filter, edge == side, &mut across);
                across.iter().enumerate().for_each(|(i, &sample)| samples[place(i).0][place(i).1] = sample);
            }
        }
        for (y, x) in (0..side).flat_map(|y| (0..side).map(move |x| (y, x))) {
            *sample(&mut current, plane, y, x) = samples[side + y][side + x];
            *sample(&mut left, plane, y, x) = samples[side + y][x];
            *sample(&mut above, plane, y, x) = samples[y][side + x];
        }
    }
    [current, left, above]
}

fn sample(macroblock: &mut MacroblockSamples, plane: usize, y: usize, x: usize) -> &mut u8 {
    match plane {
        0 => &mut macroblock.luma[y][x],
        _ => &mut macroblock.chroma[y][8 * (plane - 1) + x],
    }
}

/// § 15.2 and § 15.3, on the samples from `p3` to `q3`.
fn filter_across(filter: MacroblockFilter, is_between: bool, samples: &mut [u8; 8]) {
    let EdgeStrength { edge, interior, variance } = filter.strength;
    let far = |a: usize, b: usize| i32::from(samples[a].abs_diff(samples[b]));
    let limit = i32::from(edge) + if is_between { 4 } else { 0 };
    let is_low = far(3, 4) * 2 + far(2, 5) / 2 <= limit;
    let is_smooth = [0, 1, 2, 4, 5, 6].iter().all(|&i| far(i, i + 1) <= i32::from(interior));
    let has_variance = far(2, 3) > i32::from(variance) || far(5, 4) > i32::from(variance);
    let clamp = |value: i32| value.clamp(-128, 127);
    let [p2, p1, p0, q0, q1, q2] = [1, 2, 3, 4, 5, 6].map(|i| i32::from(samples[i]) - 128);
    let mut put = |i: usize, value: i32| samples[i] = u8::try_from(clamp(value) + 128).unwrap();
    let mut common = |outer: bool| {
        let step = clamp(if outer { clamp(p1 - q1) } else { 0 } + 3 * (q0 - p0));
        let (down, up) = (clamp(step + 3) >> 3, clamp(step + 4) >> 3);
        put(3, p0 + down);
        put(4, q0 - up);
        up
    };
    match filter.kind {
        LoopFilter::Simple if is_low => _ = common(true),
        LoopFilter::Normal if is_low && is_smooth && is_between && has_variance => _ = common(true),
        LoopFilter::Normal if is_low && is_smooth && is_between => {
            let step = clamp(clamp(p1 - q1) + 3 * (q0 - p0));
            for (factor, p, q, i) in [(27, p0, q0, 0), (18, p1, q1, 1), (9, p2, q2, 2)] {
                let part = clamp((factor * step + 63) >> 7);
                put(3 - i, p + part);
                put(4 + i, q - part);
            }
        }
        LoopFilter::Normal if is_low && is_smooth => {
            let half = (common(has_variance) + 1) >> 1;
            if !has_variance {
                put(2, p1 + half);
                put(5, q1 - half);
            }
        }
        _ => {}
    }
}
