//! Predicts whole macroblocks from the samples beside them (RFC 6386 § 12.2), on any machine.

use super::macroblock::Beside;
use super::modes::PlaneMode;

/// Predicts 16 × 16 samples of luma.
#[inline]
pub(crate) fn luma(mode: PlaneMode, beside: &Beside, rows: &mut [[u8; 16]; 16]) {
    match mode {
        PlaneMode::Dc => *rows = [[mean(&beside.above, &beside.left, beside); 16]; 16],
        PlaneMode::Vertical => *rows = [beside.above; 16],
        PlaneMode::Horizontal => *rows = beside.left.map(|left| [left; 16]),
        PlaneMode::TrueMotion => {
            let slope = Slope::new(&beside.above, [beside.corner[0]; 16]);
            *rows = beside.left.map(|left| slope.from([left; 16]));
        }
    }
}

/// Predicts 8 × 8 samples of each plane of chroma.
#[inline]
pub(crate) fn chroma(mode: PlaneMode, beside: &Beside, rows: &mut [[u8; 16]; 8]) {
    let left = |row: usize| both([beside.left[row], beside.left[row + 8]]);
    match mode {
        PlaneMode::Dc => {
            let (above, left) = (beside.above.as_chunks::<8>().0, beside.left.as_chunks::<8>().0);
            *rows = [both([0, 1].map(|plane| mean(&above[plane], &left[plane], beside))); 8];
        }
        PlaneMode::Vertical => *rows = [beside.above; 8],
        PlaneMode::Horizontal => *rows = std::array::from_fn(left),
        PlaneMode::TrueMotion => {
            let slope = Slope::new(&beside.above, both(beside.corner));
            *rows = std::array::from_fn(|row| slope.from(left(row)));
        }
    }
}

/// Eight samples of U and eight of V.
fn both([u, v]: [u8; 2]) -> [u8; 16] {
    std::array::from_fn(|i| if i < 8 { u } else { v })
}

/// The mean of what is there, rounded; 128 without neighbours. At most 32 samples are added: 13 bits.
fn mean<const SIDE: usize>(above: &[u8; SIDE], left: &[u8; SIDE], beside: &Beside) -> u8 {
    let sum = |samples: &[u8; SIDE]| samples.iter().map(|&sample| u16::from(sample)).sum::<u16>();
    let side = u16::try_from(SIDE).unwrap_or(u16::MAX);
    let mean = match (beside.has_above, beside.has_left) {
        (true, true) => (sum(above) + sum(left) + side) / (2 * side),
        (true, false) => (sum(above) + side / 2) / side,
        (false, true) => (sum(left) + side / 2) / side,
        (false, false) => 128,
    };
    u8::try_from(mean).unwrap_or(u8::MAX)
}

/// How the samples above rise from the corner: up where positive, down where negative. One of the two is 0, so adding
/// the one and subtracting the other, both saturating, clamps the exact sum.
struct Slope {
    up: [u8; 16],
    down: [u8; 16],
}

impl Slope {
    fn new(above: &[u8; 16], corner: [u8; 16]) -> Self {
        Self {
            up: std::array::from_fn(|i| above[i].saturating_sub(corner[i])),
            down: std::array::from_fn(|i| corner[i].saturating_sub(above[i])),
        }
    }

    fn from(&self, left: [u8; 16]) -> [u8; 16] {
        std::array::from_fn(|i| left[i].saturating_add(self.up[i]).saturating_sub(self.down[i]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beside() -> Beside {
        Beside {
            above: std::array::from_fn(|i| u8::try_from(16 * i).unwrap()),
            left: std::array::from_fn(|i| u8::try_from(255 - 10 * i).unwrap()),
            corner: [100, 30],
            has_above: true,
            has_left: true,
        }
    }

    fn predicted(mode: PlaneMode, beside: &Beside) -> ([[u8; 16]; 16], [[u8; 16]; 8]) {
        let (mut of_luma, mut of_chroma) = ([[7; 16]; 16], [[7; 16]; 8]);
        luma(mode, beside, &mut of_luma);
        chroma(mode, beside, &mut of_chroma);
        (of_luma, of_chroma)
    }

    #[test]
    fn the_mean_is_of_the_samples_that_are_there() {
        let with = |has_above, has_left| {
            let (luma, chroma) = predicted(PlaneMode::Dc, &Beside { has_above, has_left, ..beside() });
            (luma[5][3], chroma[2][7], chroma[7][8])
        };
        assert_eq!(with(false, false), (128, 128, 128));
        assert_eq!(with(true, false), (120, 56, 184));
        assert_eq!(with(false, true), (180, 220, 140));
        assert_eq!(with(true, true), (150, 138, 162));
    }

    #[test]
    fn rows_and_columns_are_repeated() {
        let (luma, chroma) = predicted(PlaneMode::Vertical, &beside());
        assert_eq!((luma, chroma), ([beside().above; 16], [beside().above; 8]));
        let (luma, chroma) = predicted(PlaneMode::Horizontal, &beside());
        assert_eq!(
            (luma[15], chroma[1][..8].to_vec(), chroma[1][8..].to_vec()),
            ([105; 16], vec![245; 8], vec![165; 8])
        );
    }

    #[test]
    fn true_motion_is_left_plus_above_less_corner_clamped() {
        let beside = beside();
        let (luma, chroma) = predicted(PlaneMode::TrueMotion, &beside);
        let clamped = |left: u8, above: u8, corner: u8| {
            u8::try_from((i32::from(left) + i32::from(above) - i32::from(corner)).clamp(0, 255)).unwrap()
        };
        for (y, x) in (0..256).map(|i| (i / 16, i % 16)) {
            assert_eq!(luma[y][x], clamped(beside.left[y], beside.above[x], 100));
            if y < 8 {
                let plane = x / 8;
                assert_eq!(chroma[y][x], clamped(beside.left[y + 8 * plane], beside.above[x], beside.corner[plane]));
            }
        }
    }
}
