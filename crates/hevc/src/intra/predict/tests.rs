use super::*;

/// The samples of § 8.4.4.2: `p(x, y)` with `x` or `y` of -1.
#[derive(Clone)]
struct Neighbours {
    corner: i32,
    left: Vec<i32>,
    above: Vec<i32>,
}

impl Neighbours {
    fn p(&self, x: i32, y: i32) -> i32 {
        match (x, y) {
            (-1, -1) => self.corner,
            (-1, y) => self.left[y as usize],
            (x, _) => self.above[x as usize],
        }
    }

    fn border(&self) -> Border {
        let mut border = [0; 129];
        let around = self.left.iter().rev().chain([&self.corner]).chain(&self.above);
        border.iter_mut().zip(around).for_each(|(to, &sample)| *to = sample as u16);
        border
    }

    /// § 8.4.4.2.3.
    fn filtered(&self, n: i32, mode: i32, rules: PredictionRules) -> Self {
        let distance = (mode - 26).abs().min((mode - 10).abs());
        let threshold = [(8, 7), (16, 1), (32, 0)].into_iter().find(|&(side, _)| side == n);
        if !rules.smooths || mode == 1 || threshold.is_none_or(|(_, threshold)| distance <= threshold) {
            return self.clone();
        }
        let (end, p) = (2 * n - 1, |x, y| self.p(x, y));
        let is_flat = |end: i32, middle: i32| (self.corner + end - 2 * middle).abs() < 1 << (rules.depth - 5);
        if rules.strong_smoothing && n == 32 && is_flat(p(end, -1), p(n - 1, -1)) && is_flat(p(-1, end), p(-1, n - 1)) {
            let line = |i: i32, end: i32| ((63 - i) * self.corner + (i + 1) * end + 32) >> 6;
            let left = (0..64).map(|y| if y == 63 { p(-1, 63) } else { line(y, p(-1, 63)) }).collect();
            let above = (0..64).map(|x| if x == 63 { p(63, -1) } else { line(x, p(63, -1)) }).collect();
            return Self { corner: self.corner, left, above };
        }
        let mean = |a: i32, b: i32, c: i32| (a + 2 * b + c + 2) >> 2;
        let left = |y: i32| if y == end { p(-1, y) } else { mean(p(-1, y + 1), p(-1, y), p(-1, y - 1)) };
        let above = |x: i32| if x == end { p(x, -1) } else { mean(p(x - 1, -1), p(x, -1), p(x + 1, -1)) };
        Self {
            corner: mean(p(-1, 0), self.corner, p(0, -1)),
            left: (0..=end).map(left).collect(),
            above: (0..=end).map(above).collect(),
        }
    }
}

fn rules(is_luma: bool, strong_smoothing: bool, depth: u32) -> PredictionRules {
    PredictionRules { smooths: is_luma, strong_smoothing, soft_mean: is_luma, soft_direction: is_luma, depth }
}

/// § 8.4.4.2.4 to § 8.4.4.2.6, sample by sample. Modes below 18 are those above with both axes swapped.
fn slow(around: &Neighbours, n: i32, mode: i32, rules: PredictionRules) -> Vec<i32> {
    let around = around.filtered(n, mode, rules);
    let (p, log2) = (|x, y| around.p(x, y), n.ilog2());
    let edges = rules.soft_mean && n < 32;
    let clip = |value: i32| value.clamp(0, (1 << rules.depth) - 1);
    let dc = ((0..n).map(|i| p(i, -1) + p(-1, i)).sum::<i32>() + n) >> (log2 + 1);
    let sample = |x: i32, y: i32| match mode {
        0 => {
            let across = (n - 1 - x) * p(-1, y) + (x + 1) * p(n, -1);
            let down = (n - 1 - y) * p(x, -1) + (y + 1) * p(-1, n);
            (across + down + n) >> (log2 + 1)
        }
        1 => match (x, y) {
            (0, 0) if edges => (p(-1, 0) + 2 * dc + p(0, -1) + 2) >> 2,
            (x, 0) if edges => (p(x, -1) + 3 * dc + 2) >> 2,
            (0, y) if edges => (p(-1, y) + 3 * dc + 2) >> 2,
            _ => dc,
        },
        18.. => directed(&p, mode - 26, (x, y), edges.then_some(&clip)),
        _ => directed(&|x, y| p(y, x), 10 - mode, (y, x), edges.then_some(&clip)),
    };
    (0..n * n).map(|i| sample(i % n, i / n)).collect()
}

/// One sample of a mode that is `steps` from vertical, to the right where it is positive.
fn directed(p: &dyn Fn(i32, i32) -> i32, steps: i32, (x, y): (i32, i32), edges: Option<&dyn Fn(i32) -> i32>) -> i32 {
    let angle = steps.signum() * [0, 2, 5, 9, 13, 17, 21, 26, 32][steps.unsigned_abs() as usize];
    if let (0, 0, Some(clip)) = (steps, x, edges) {
        return clip(p(0, -1) + ((p(-1, y) - p(-1, -1)) >> 1));
    }
    let reference = |at: i32| {
        if at >= 0 {
            return p(at - 1, -1);
        }
        let inverse = (8192.0 / f64::from(angle)).round() as i32;
        p(-1, -1 + ((at * inverse + 128) >> 8))
    };
    let (whole, part) = (((y + 1) * angle) >> 5, ((y + 1) * angle) & 31);
    match part {
        0 => reference(x + whole + 1),
        _ => ((32 - part) * reference(x + whole + 1) + part * reference(x + whole + 2) + 16) >> 5,
    }
}

/// Samples of some depth: noise, a slope that strong smoothing takes for a line, or the extremes.
fn neighbours(n: i32, depth: u32, kind: u32) -> Neighbours {
    let mut state = kind * 7 + n as u32;
    let mut sample = |at: i32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (state >> 16) as i32;
        let most = (1 << depth) - 1;
        match kind {
            0 => noise & most,
            1 => (100 + at + (noise & 1)) << (depth - 8),
            _ => (noise & 1) * most,
        }
    };
    let left = (0..2 * n).map(|i| sample(-i)).collect();
    let above = (0..2 * n).map(&mut sample).collect();
    Neighbours { corner: sample(0), left, above }
}

fn check<T: PlaneSample>(n: i32, mode: i32, rules: PredictionRules, kind: u32) {
    let (around, side) = (neighbours(n, rules.depth, kind), n as usize);
    let stride = side + 5;
    let mut out = vec![T::default(); stride * side];
    predict(&mut around.border(), side, mode as u8, rules, &mut [[7; 32]; 32], (&mut out, stride));
    let predicted: Vec<i32> = out.chunks(stride).flat_map(|row| row[..side].iter().map(|s| s.wide())).collect();
    let expected = slow(&around, n, mode, rules);
    let (is_luma, strong) = (rules.soft_mean, rules.strong_smoothing);
    assert!(predicted == expected, "side {n}, mode {mode}, luma {is_luma}, strong {strong}, samples {kind}");
    assert!(out.chunks(stride).all(|row| row[side..].iter().all(|s| s.wide() == 0)), "beyond the block");
}

#[test]
fn all_modes_are_the_formulas_of_the_standard() {
    for (n, mode, flags) in [4, 8, 16, 32].into_iter().flat_map(|n| (0..35 * 4).map(move |i| (n, i / 4, i % 4))) {
        for kind in 0..3 {
            let rules = |depth| rules(flags & 1 == 1, flags & 2 == 2, depth);
            check::<u8>(n, mode, rules(8), kind);
            check::<u16>(n, mode, rules(10), kind);
            check::<u16>(n, mode, rules(12), kind);
            check::<u16>(n, mode, rules(16), kind);
        }
    }
}

#[test]
fn a_slope_is_smoothed_by_interpolation() {
    // The border that the test above calls a slope takes the path of strong smoothing: both halves are straight lines.
    let rules = rules(true, true, 8);
    let around = neighbours(32, 8, 1);
    let mut border = around.border();
    smooth(&mut border, 32, rules);
    let line = |i: usize| ((64 - i as i32) * around.left[63] + i as i32 * around.corner + 32) >> 6;
    assert!((0..64).all(|i| i32::from(border[i]) == line(i)));
}
