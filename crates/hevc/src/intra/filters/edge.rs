//! Filters the samples along one edge (ITU-T H.265 § 8.7.2.5).
//!
//! `p0` to `p3` are the samples before the edge and `q0` to `q3` those behind it, from the edge on. Edges lie on a grid
//! of 8 samples and not at the side of the plane, so there are four on either side. At most three are changed.

use crate::intra::plane::PlaneSample;

/// Where the samples along an edge lie.
#[derive(Clone, Copy)]
pub(crate) struct EdgeLine {
    /// The index of `q0` in the first line across the edge.
    pub(crate) start: usize,
    /// From one sample to the next across the edge.
    pub(crate) across: usize,
    /// From one line to the next, along the edge.
    pub(crate) along: usize,
    /// Lines: a multiple of 4.
    pub(crate) len: usize,
    pub(crate) keep: Keep,
    /// Bits per sample.
    pub(crate) depth: u32,
}

/// Which sides of an edge keep their samples (`nDp` and `nDq` of 0).
#[derive(Clone, Copy)]
pub(crate) struct Keep {
    pub(crate) before: bool,
    pub(crate) behind: bool,
}

/// The samples of one line across an edge: `p3` to `p0`, then `q0` to `q3`.
type Line = [i32; 8];

/// Filters a luma edge. Four lines at a time are filtered alike, as their first and last line tell.
pub(crate) fn filter_luma<T: PlaneSample>(samples: &mut [T], line: EdgeLine, beta: i32, tc: i32) {
    for first in (0..line.len).step_by(4) {
        let start = line.start + first * line.along - 4 * line.across;
        let at = |i: usize, k: usize| start + i * line.along + k * line.across;
        let read = |samples: &[T], i: usize| -> Line { std::array::from_fn(|k| samples[at(i, k)].wide()) };
        let ends = [read(samples, 0), read(samples, 3)];
        let Some(strength) = strength(ends, beta, tc) else { continue };
        for i in 0..4 {
            let before = read(samples, i);
            let filtered = match strength {
                Strength::Strong => strong(before, tc),
                Strength::Weak { p1, q1 } => weak(before, tc, p1, q1, line.depth),
            };
            let kept = if line.keep.before { 4 } else { 1 }..if line.keep.behind { 4 } else { 7 };
            for k in kept {
                samples[at(i, k)] = T::narrow(filtered[k]);
            }
        }
    }
}

/// How four lines are filtered.
#[derive(Clone, Copy)]
enum Strength {
    /// Three samples on either side.
    Strong,
    /// The first sample on either side, and where it is smooth the second.
    Weak { p1: bool, q1: bool },
}

/// Decides how four lines are filtered, given the first and the last (§ 8.7.2.5.3, § 8.7.2.5.6). `None` where both sides
/// are too rough to tell an edge of blocks from one of the picture.
fn strength(ends: [Line; 2], beta: i32, tc: i32) -> Option<Strength> {
    let bend = |[a, b, c]: [i32; 3]| (a - 2 * b + c).abs();
    let before = ends.map(|[_, p2, p1, p0, ..]| bend([p2, p1, p0]));
    let behind = ends.map(|[_, _, _, _, q0, q1, q2, _]| bend([q2, q1, q0]));
    let (sum_before, sum_behind) = (before[0] + before[1], behind[0] + behind[1]);
    if sum_before + sum_behind >= beta {
        return None;
    }
    let is_flat = |i: usize| {
        let [p3, _, _, p0, q0, _, _, q3] = ends[i];
        2 * (before[i] + behind[i]) < beta >> 2
            && (p3 - p0).abs() + (q0 - q3).abs() < beta >> 3
            && (p0 - q0).abs() < (5 * tc + 1) >> 1
    };
    if is_flat(0) && is_flat(1) {
        return Some(Strength::Strong);
    }
    let smooth = (beta + (beta >> 1)) >> 3;
    Some(Strength::Weak { p1: sum_before < smooth, q1: sum_behind < smooth })
}

/// The strong filter (§ 8.7.2.5.7). Each value is a mean of samples, so it is a sample again.
fn strong([p3, p2, p1, p0, q0, q1, q2, q3]: Line, tc: i32) -> Line {
    let near = |value: i32, to: i32| value.clamp(to - 2 * tc, to + 2 * tc);
    [
        p3,
        near((2 * p3 + 3 * p2 + p1 + p0 + q0 + 4) >> 3, p2),
        near((p2 + p1 + p0 + q0 + 2) >> 2, p1),
        near((p2 + 2 * p1 + 2 * p0 + 2 * q0 + q1 + 4) >> 3, p0),
        near((p1 + 2 * p0 + 2 * q0 + 2 * q1 + q2 + 4) >> 3, q0),
        near((p0 + q0 + q1 + q2 + 2) >> 2, q1),
        near((p0 + q0 + q1 + 3 * q2 + 2 * q3 + 4) >> 3, q2),
        q3,
    ]
}

/// The weak filter (§ 8.7.2.5.7), which leaves large steps alone.
fn weak(line: Line, tc: i32, changes_p1: bool, changes_q1: bool, depth: u32) -> Line {
    let [p3, p2, p1, p0, q0, q1, q2, q3] = line;
    let delta = (9 * (q0 - p0) - 3 * (q1 - p1) + 8) >> 4;
    if delta.abs() >= tc * 10 {
        return line;
    }
    let most = (1 << depth) - 1;
    let delta = delta.clamp(-tc, tc);
    let second = |outer: i32, inner: i32, value: i32, delta: i32| {
        let change = ((((outer + inner + 1) >> 1) - value + delta) >> 1).clamp(-(tc >> 1), tc >> 1);
        (value + change).clamp(0, most)
    };
    let new_p1 = if changes_p1 { second(p2, p0, p1, delta) } else { p1 };
    let new_q1 = if changes_q1 { second(q2, q0, q1, -delta) } else { q1 };
    [p3, p2, new_p1, (p0 + delta).clamp(0, most), (q0 - delta).clamp(0, most), new_q1, q2, q3]
}

/// Filters an edge of a chroma plane: one sample on either side (§ 8.7.2.5.8).
pub(crate) fn filter_chroma<T: PlaneSample>(samples: &mut [T], line: EdgeLine, tc: i32) {
    if tc == 0 {
        return;
    }
    for i in 0..line.len {
        let start = line.start + i * line.along - 2 * line.across;
        let [p1, p0, q0, q1] = std::array::from_fn(|k| samples[start + k * line.across].wide());
        let delta = ((((q0 - p0) << 2) + p1 - q1 + 4) >> 3).clamp(-tc, tc);
        if !line.keep.before {
            samples[start + line.across] = T::clipped(p0 + delta, line.depth);
        }
        if !line.keep.behind {
            samples[start + 2 * line.across] = T::clipped(q0 - delta, line.depth);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP_NONE: Keep = Keep { before: false, behind: false };

    fn row(keep: Keep) -> EdgeLine {
        EdgeLine { start: 4, across: 1, along: 8, len: 4, keep, depth: 8 }
    }

    #[test]
    fn a_small_step_between_flat_sides_is_smoothed_strongly() {
        let mut samples = [100u8, 100, 100, 100, 108, 108, 108, 108].repeat(4);
        filter_luma(&mut samples, row(KEEP_NONE), 64, 10);
        // By § 8.7.2.5.7: p2 = (200 + 300 + 100 + 100 + 108 + 4) / 8, p1 = (300 + 108 + 2) / 4, p0 = (100 + 200 + 200 +
        // 216 + 108 + 4) / 8, and the other side alike.
        assert_eq!(samples, [100, 101, 102, 103, 105, 106, 107, 108].repeat(4));
    }

    #[test]
    fn a_side_that_keeps_its_samples_is_not_changed() {
        for (keep, expected) in [
            (Keep { before: true, behind: false }, [100, 100, 100, 100, 105, 106, 107, 108]),
            (Keep { before: false, behind: true }, [100, 101, 102, 103, 108, 108, 108, 108]),
        ] {
            let mut samples = [100u8, 100, 100, 100, 108, 108, 108, 108].repeat(4);
            filter_luma(&mut samples, row(keep), 64, 10);
            assert_eq!(samples, expected.repeat(4));
        }
    }

    #[test]
    fn a_large_step_is_left_alone() {
        let mut samples = [0u8, 0, 0, 0, 200, 200, 200, 200].repeat(4);
        filter_luma(&mut samples, row(KEEP_NONE), 64, 2);
        assert_eq!(samples, [0, 0, 0, 0, 200, 200, 200, 200].repeat(4));
        // Rough sides: the bends add up to beta.
        let mut samples = [0u8, 16, 0, 16, 16, 0, 16, 0].repeat(4);
        let before = samples.clone();
        filter_luma(&mut samples, row(KEEP_NONE), 64, 10);
        assert_eq!(samples, before);
    }

    #[test]
    fn a_step_between_sides_that_bend_a_little_is_smoothed_weakly() {
        // The step of 16 is not below (5 · 6 + 1) / 2 = 15, so the filter is weak. delta = (144 - 0 + 8) / 16 = 9 is
        // clipped to 6. Second samples change by ((100 + 100 + 1) / 2 - 100 + 6) / 2 = 3, which 6 / 2 allows.
        let mut samples = [100u8, 100, 100, 100, 116, 116, 116, 116].repeat(4);
        filter_luma(&mut samples, row(KEEP_NONE), 64, 6);
        assert_eq!(samples, [100, 100, 103, 106, 110, 113, 116, 116].repeat(4));
    }

    #[test]
    fn edges_work_across_and_down() {
        let mut across = [100u8, 100, 100, 100, 108, 108, 108, 108].repeat(8);
        let mut down: Vec<u8> = (0..64).map(|at| across[at % 8 * 8 + at / 8]).collect();
        filter_luma(&mut across, EdgeLine { len: 8, ..row(KEEP_NONE) }, 64, 10);
        filter_luma(&mut down, EdgeLine { start: 32, across: 8, along: 1, len: 8, keep: KEEP_NONE, depth: 8 }, 64, 10);
        assert!((0..64).all(|at| down[at] == across[at % 8 * 8 + at / 8]));
    }

    #[test]
    fn chroma_changes_by_one_sample_on_either_side() {
        let mut samples = [100u8, 100, 100, 100, 120, 120, 120, 120].repeat(4);
        filter_chroma(&mut samples, row(KEEP_NONE), 5);
        // (80 - 20 + 4) / 8 = 8, clipped to 5.
        assert_eq!(samples, [100, 100, 100, 105, 115, 120, 120, 120].repeat(4));
    }
}
