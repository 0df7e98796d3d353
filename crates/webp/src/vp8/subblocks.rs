//! Predicts subblocks of luma, 4 × 4 samples each (RFC 6386 § 12.3), on any machine.

use super::modes::SubblockMode;
use super::transform::ResidualRows;

/// The samples beside a row of four subblocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SubblocksBeside {
    /// The row above.
    pub(crate) above: [u8; 16],
    /// What follows that row. For all rows of a macroblock it is what follows the row above the macroblock.
    pub(crate) above_right: [u8; 4],
    /// The column to the left.
    pub(crate) left: [u8; 4],
    /// The sample above and to the left.
    pub(crate) corner: u8,
}

/// Predicts four subblocks from left to right and adds what the residual has for each.
#[inline]
pub(crate) fn reconstruct(
    modes: &[SubblockMode; 4],
    beside: &SubblocksBeside,
    residual: Option<&ResidualRows>,
    rows: &mut [[u8; 16]; 4],
) {
    // The corner, the row above and what follows it: subblock `i` has places 4i to 4i + 8.
    let mut above = [0; 21];
    above[0] = beside.corner;
    above[1..17].copy_from_slice(&beside.above);
    above[17..].copy_from_slice(&beside.above_right);
    let mut left = beside.left;
    for (block, &mode) in modes.iter().enumerate() {
        let mut edge = [0; 13];
        (edge[0], edge[1], edge[2], edge[3]) = (left[3], left[2], left[1], left[0]);
        edge[4..].copy_from_slice(&above[4 * block..4 * block + 9]);
        let mut samples = predict(mode, &edge);
        if let Some(residual) = residual {
            for (row, residual) in samples.iter_mut().zip(residual) {
                for (sample, add) in row.iter_mut().zip(&residual[4 * block..4 * block + 4]) {
                    *sample = u8::try_from((i16::from(*sample) + add).clamp(0, 255)).unwrap_or(0);
                }
            }
        }
        for (y, row) in samples.iter().enumerate() {
            rows[y][4 * block..4 * block + 4].copy_from_slice(row);
            left[y] = row[3];
        }
    }
}

/// The samples of one subblock. `edge` goes around it as in § 12.3: from the lowest sample to the left upwards (0–3),
/// the corner (4), and the row above with four more (5–12).
#[inline]
fn predict(mode: SubblockMode, edge: &[u8; 13]) -> [[u8; 4]; 4] {
    let e = |i: usize| u16::from(edge[i]);
    let low = |sum: u16| u8::try_from(sum).unwrap_or(u8::MAX);
    // Two and three samples, weighted evenly and 1 : 2 : 1. The sums have at most 10 bits.
    let two = |i: usize| low((e(i) + e(i + 1) + 1) >> 1);
    let three = |i: usize| low((e(i - 1) + 2 * e(i) + e(i + 1) + 2) >> 2);
    match mode {
        SubblockMode::Dc => {
            let sum: u16 = [0, 1, 2, 3, 5, 6, 7, 8].into_iter().map(e).sum();
            [[low((sum + 4) >> 3); 4]; 4]
        }
        SubblockMode::TrueMotion => [3, 2, 1, 0].map(|left| {
            [5, 6, 7, 8].map(|above| {
                let sum = (e(left) + e(above)).saturating_sub(e(4));
                low(sum.min(255))
            })
        }),
        SubblockMode::Vertical => [[three(5), three(6), three(7), three(8)]; 4],
        SubblockMode::Horizontal => {
            let last = low((e(1) + 3 * e(0) + 2) >> 2);
            [[three(3); 4], [three(2); 4], [three(1); 4], [last; 4]]
        }
        SubblockMode::LeftDown => {
            let last = low((e(11) + 3 * e(12) + 2) >> 2);
            let [a, b, c, d, f, g] = [6, 7, 8, 9, 10, 11].map(three);
            [[a, b, c, d], [b, c, d, f], [c, d, f, g], [d, f, g, last]]
        }
        SubblockMode::RightDown => {
            let [a, b, c, d, f, g, h] = [1, 2, 3, 4, 5, 6, 7].map(three);
            [[d, f, g, h], [c, d, f, g], [b, c, d, f], [a, b, c, d]]
        }
        SubblockMode::VerticalRight => {
            let [a, b, c, d, f, g] = [2, 3, 4, 5, 6, 7].map(three);
            let [h, i, j, k] = [4, 5, 6, 7].map(two);
            [[h, i, j, k], [c, d, f, g], [b, h, i, j], [a, c, d, f]]
        }
        SubblockMode::VerticalLeft => {
            let [a, b, c, d, f, g] = [6, 7, 8, 9, 10, 11].map(three);
            let [h, i, j, k] = [5, 6, 7, 8].map(two);
            [[h, i, j, k], [a, b, c, d], [i, j, k, f], [b, c, d, g]]
        }
        SubblockMode::HorizontalDown => {
            let [a, b, c, d, f, g] = [1, 2, 3, 4, 5, 6].map(three);
            let [h, i, j, k] = [0, 1, 2, 3].map(two);
            [[k, d, f, g], [j, c, k, d], [i, b, j, c], [h, a, i, b]]
        }
        SubblockMode::HorizontalUp => {
            let last = low((e(1) + 3 * e(0) + 2) >> 2);
            let (h, i, j, k) = (two(2), three(2), two(1), three(1));
            let (l, z) = (two(0), edge[0]);
            [[h, i, j, k], [j, k, l, last], [l, last, z, z], [z; 4]]
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The modes in their order.
    pub(crate) const MODES: [SubblockMode; 10] = [
        SubblockMode::Dc,
        SubblockMode::TrueMotion,
        SubblockMode::Vertical,
        SubblockMode::Horizontal,
        SubblockMode::RightDown,
        SubblockMode::VerticalRight,
        SubblockMode::LeftDown,
        SubblockMode::VerticalLeft,
        SubblockMode::HorizontalDown,
        SubblockMode::HorizontalUp,
    ];

    #[test]
    fn a_flat_edge_gives_a_flat_subblock() {
        for mode in MODES {
            assert_eq!(predict(mode, &[77; 13]), [[77; 4]; 4], "{mode:?}");
        }
    }

    #[test]
    fn a_ramp_along_the_edge_goes_on_in_each_direction() {
        // Along the edge samples rise by 10, so smoothing changes nothing but at its ends.
        let edge = std::array::from_fn(|i| u8::try_from(10 * i).unwrap());
        let rows = |mode| predict(mode, &edge);
        assert_eq!(rows(SubblockMode::Vertical), [[50, 60, 70, 80]; 4]);
        assert_eq!(rows(SubblockMode::Horizontal), [[30; 4], [20; 4], [10; 4], [3; 4]]);
        assert_eq!(rows(SubblockMode::RightDown)[0], [40, 50, 60, 70]);
        assert_eq!(rows(SubblockMode::RightDown)[3], [10, 20, 30, 40]);
        assert_eq!(rows(SubblockMode::LeftDown)[0], [60, 70, 80, 90]);
        assert_eq!(rows(SubblockMode::LeftDown)[3], [90, 100, 110, 118]);
        assert_eq!(rows(SubblockMode::VerticalRight)[0], [45, 55, 65, 75]);
        assert_eq!(rows(SubblockMode::VerticalRight)[1], [40, 50, 60, 70]);
        assert_eq!(rows(SubblockMode::VerticalRight)[3], [20, 40, 50, 60]);
        assert_eq!(rows(SubblockMode::VerticalLeft)[0], [55, 65, 75, 85]);
        assert_eq!(rows(SubblockMode::VerticalLeft)[2], [65, 75, 85, 100]);
        assert_eq!(rows(SubblockMode::HorizontalDown)[0], [35, 40, 50, 60]);
        assert_eq!(rows(SubblockMode::HorizontalDown)[3], [5, 10, 15, 20]);
        assert_eq!(rows(SubblockMode::HorizontalUp)[0], [25, 20, 15, 10]);
        assert_eq!(rows(SubblockMode::HorizontalUp)[3], [0; 4]);
    }

    #[test]
    fn the_mean_and_true_motion_are_exact() {
        let edge = [10, 20, 30, 40, 100, 90, 255, 0, 130, 1, 2, 3, 4];
        assert_eq!(predict(SubblockMode::Dc, &edge), [[72; 4]; 4]);
        assert_eq!(predict(SubblockMode::TrueMotion, &edge)[0], [30, 195, 0, 70]);
        assert_eq!(predict(SubblockMode::TrueMotion, &edge)[3], [0, 165, 0, 40]);
    }

    #[test]
    fn each_subblock_sees_what_the_one_before_became() {
        let beside = SubblocksBeside { above: [50; 16], above_right: [50; 4], left: [50; 4], corner: 50 };
        let mut residual = [[0; 16]; 4];
        residual.iter_mut().for_each(|row| row[..4].fill(20));
        residual[0][7] = 300;
        let mut rows = [[0; 16]; 4];
        reconstruct(&[SubblockMode::Horizontal; 4], &beside, Some(&residual), &mut rows);
        assert_eq!(rows[1][..8], [70, 70, 70, 70, 70, 70, 70, 70]);
        assert_eq!(rows[0][4..8], [65, 65, 65, 255]);
    }
}
