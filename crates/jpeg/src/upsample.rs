//! Brings the rows of a subsampled component to the width of the picture, one row at a time.
//!
//! The samples are those of libjpeg's "fancy" upsampling (jdsample.c), which decoders of the field give. It takes chroma
//! as centred between the samples of luma, as JFIF has it (ITU-T T.871), and interpolates by a triangle: of each
//! sample's two neighbours, the nearer has the weight 3/4 and the other 1/4. Halves are rounded up and down in turns, so
//! that rounding does not brighten the picture. Other proportions than 2 : 1 repeat samples.
//!
//! No sum overflows: across, four samples and 2 are at most 1022, and in both directions, sixteen samples and 8 are at
//! most 4088.

/// How the samples of a component become those of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upsampling {
    /// The component has the picture's size.
    Whole,
    /// Each sample is repeated so many times, across and down.
    Repeat(usize, usize),
    /// Interpolates across; the picture is twice as wide.
    Across,
    /// Interpolates down; the picture is twice as high.
    Down,
    /// Interpolates in both directions.
    Both,
}

impl Upsampling {
    /// The way for a component that has `group` samples, across and down, where the picture has `of`. `width` is that of
    /// the component, and `is_smooth` says whether to interpolate. The result is `None` where `group` does not divide
    /// `of`.
    pub(crate) fn new(group: (usize, usize), of: (usize, usize), width: usize, is_smooth: bool) -> Option<Self> {
        if group.0 == 0 || group.1 == 0 || !of.0.is_multiple_of(group.0) || !of.1.is_multiple_of(group.1) {
            return None;
        }
        Some(match (of.0 / group.0, of.1 / group.1) {
            (1, 1) => Self::Whole,
            (2, 1) if is_smooth && width > 2 => Self::Across,
            (1, 2) if is_smooth => Self::Down,
            (2, 2) if is_smooth && width > 2 => Self::Both,
            (h, v) => Self::Repeat(h, v),
        })
    }

    /// The rows of the component that the row `y` of the picture is made of: the nearest, and the next nearest or the
    /// nearest once more. The component has `height` rows, at least one. A row beyond either end is the one at that end.
    pub(crate) fn rows(self, y: usize, height: usize) -> (usize, usize) {
        let v = match self {
            Self::Whole | Self::Across => 1,
            Self::Repeat(_, v) => v,
            Self::Down | Self::Both => 2,
        };
        let near = (y / v).min(height - 1);
        match self {
            Self::Down | Self::Both if y.is_multiple_of(2) => (near, near.saturating_sub(1)),
            Self::Down | Self::Both => (near, (near + 1).min(height - 1)),
            _ => (near, near),
        }
    }

    /// Makes the row `y` of the picture from the rows that [`Self::rows`] names, all samples of each. `out` has room for
    /// the picture's width and for what the last sample adds beyond it, and `sums` for the width of the component.
    #[inline(always)]
    pub(crate) fn row(self, y: usize, near: &[u8], far: &[u8], sums: &mut [u16], out: &mut [u8]) {
        match self {
            Self::Whole => {}
            Self::Repeat(h, _) => repeat(near, h, out),
            Self::Across => across(near, out),
            // The bias of the upper row is 1, that of the lower one 2.
            Self::Down => down(near, far, 1 + u16::from(y % 2 == 1), out),
            Self::Both => both(near, far, sums, out),
        }
    }
}

#[inline(always)]
fn repeat(row: &[u8], times: usize, out: &mut [u8]) {
    for (&sample, out) in row.iter().zip(out.chunks_exact_mut(times.max(1))) {
        out.fill(sample);
    }
}

/// Doubles the width of a row of at least two samples.
#[inline(always)]
fn across(row: &[u8], out: &mut [u8]) {
    let wide = |sample: u8| u16::from(sample);
    let ([first, second, ..], [.., before, last]) = (row, row) else { return };
    let (pairs, _) = out[..2 * row.len()].as_chunks_mut::<2>();
    for (pair, near) in pairs[1..].iter_mut().zip(row.windows(3)) {
        let three = 3 * wide(near[1]);
        *pair = two((three + wide(near[0]) + 1) >> 2, (three + wide(near[2]) + 2) >> 2);
    }
    pairs[0] = two(wide(*first), (3 * wide(*first) + wide(*second) + 2) >> 2);
    pairs[row.len() - 1] = two((3 * wide(*last) + wide(*before) + 1) >> 2, wide(*last));
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "at most (4 · 255 + 2) / 4")]
fn down(near: &[u8], far: &[u8], bias: u16, out: &mut [u8]) {
    for ((out, &near), &far) in out.iter_mut().zip(near).zip(far) {
        *out = ((3 * u16::from(near) + u16::from(far) + bias) >> 2) as u8;
    }
}

/// Doubles the width of a row of at least two samples, of which each is first weighed with the one above or below it.
#[inline(always)]
fn both(near: &[u8], far: &[u8], sums: &mut [u16], out: &mut [u8]) {
    let sums = &mut sums[..near.len()];
    for ((sum, &near), &far) in sums.iter_mut().zip(near).zip(far) {
        *sum = 3 * u16::from(near) + u16::from(far);
    }
    let ([first, second, ..], [.., before, last]) = (&*sums, &*sums) else { return };
    let (pairs, _) = out[..2 * near.len()].as_chunks_mut::<2>();
    for (pair, sums) in pairs[1..].iter_mut().zip(sums.windows(3)) {
        *pair = two((3 * sums[1] + sums[0] + 8) >> 4, (3 * sums[1] + sums[2] + 7) >> 4);
    }
    pairs[0] = two((4 * first + 8) >> 4, (3 * first + second + 7) >> 4);
    pairs[near.len() - 1] = two((3 * last + before + 8) >> 4, (4 * last + 7) >> 4);
}

/// Two samples, each below 256.
#[inline(always)]
fn two(left: u16, right: u16) -> [u8; 2] {
    (left | right << 8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::vectors::Random;

    #[test]
    fn the_proportion_names_the_way() {
        let way = |group, of| Upsampling::new(group, of, 9, true);
        assert_eq!(way((2, 2), (2, 2)), Some(Upsampling::Whole));
        assert_eq!(way((1, 1), (2, 1)), Some(Upsampling::Across));
        assert_eq!(way((2, 1), (2, 2)), Some(Upsampling::Down));
        assert_eq!(way((2, 1), (4, 2)), Some(Upsampling::Both));
        assert_eq!(way((1, 1), (4, 1)), Some(Upsampling::Repeat(4, 1)));
        assert_eq!((way((2, 1), (3, 1)), way((1, 3), (1, 4))), (None, None), "no whole proportion");
        assert_eq!(Upsampling::new((1, 1), (2, 2), 2, true), Some(Upsampling::Repeat(2, 2)), "two columns");
        assert_eq!(Upsampling::new((1, 1), (1, 2), 9, false), Some(Upsampling::Repeat(1, 2)), "at 1/8");
    }

    #[test]
    fn rows_beyond_an_end_are_those_at_the_end() {
        let rows = |way: Upsampling| (0..6).map(|y| way.rows(y, 3)).collect::<Vec<_>>();
        assert_eq!(rows(Upsampling::Both), [(0, 0), (0, 1), (1, 0), (1, 2), (2, 1), (2, 2)]);
        assert_eq!(rows(Upsampling::Repeat(1, 2)), [(0, 0), (0, 0), (1, 1), (1, 1), (2, 2), (2, 2)]);
    }

    /// The triangle filter on samples that are not rounded: the sample at `at` quarters from the first one's centre.
    fn interpolated(row: &[f64], x: usize) -> f64 {
        let (near, far) =
            (x / 2, if x.is_multiple_of(2) { (x / 2).saturating_sub(1) } else { (x / 2 + 1).min(row.len() - 1) });
        0.75 * row[near] + 0.25 * row[far]
    }

    #[test]
    fn each_way_is_the_triangle_filter_but_for_rounding() {
        let mut random = Random::new(4);
        for width in 3..70 {
            let (near, far) = (random.bytes(width), random.bytes(width));
            let float = |row: &[u8]| row.iter().map(|&sample| f64::from(sample)).collect::<Vec<_>>();
            let (near_f, far_f) = (float(&near), float(&far));
            let mixed: Vec<f64> = near_f.iter().zip(&far_f).map(|(near, far)| 0.75 * near + 0.25 * far).collect();
            let across: Vec<f64> = (0..2 * width).map(|x| interpolated(&near_f, x)).collect();
            let both: Vec<f64> = (0..2 * width).map(|x| interpolated(&mixed, x)).collect();
            let ways = [(Upsampling::Across, across), (Upsampling::Down, mixed), (Upsampling::Both, both)];
            for (way, expected) in ways {
                for y in [0, 1] {
                    let (mut out, mut sums) = (vec![0; 2 * width], vec![0; width]);
                    way.row(y, &near, &far, &mut sums, &mut out);
                    for (sample, exact) in out.iter().zip(&expected) {
                        assert!((f64::from(*sample) - exact).abs() <= 0.5, "{way:?} of {width}");
                    }
                }
            }
        }
    }

    #[test]
    fn samples_are_repeated_where_they_are_not_interpolated() {
        let mut out = [0; 6];
        Upsampling::Repeat(3, 1).row(0, &[7, 9], &[], &mut [], &mut out);
        assert_eq!(out, [7, 7, 7, 9, 9, 9]);
    }
}
