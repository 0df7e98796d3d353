//! The orders in which coefficients, and blocks of 4 × 4 of them, are coded (ITU-T H.265 § 6.5.3 to § 6.5.5).
//!
//! The diagonal order goes along antidiagonals, from the lower left end of each to its upper right end. The horizontal
//! order goes along rows, the vertical order along columns. Coefficients are coded from the last of an order to its
//! first.

/// The diagonal order of a block of `side` × `side`, as (x, y) (§ 6.5.3).
pub(crate) fn diagonal(side: usize) -> Vec<(usize, usize)> {
    (0..2 * side).flat_map(|sum| (0..=sum).map(move |x| (x, sum - x))).filter(|&(x, y)| x < side && y < side).collect()
}

/// An order of the positions of a block of up to 8 × 8, and its inverse.
///
/// A position is `y << 3 | x`, so it is below 64 for every `x` and `y` below 8, and 64 entries hold each order. Entries
/// that no position of a smaller block reaches are 0.
pub(crate) struct ScanOrder {
    /// Position of each index.
    pub(crate) positions: [u8; 64],
    /// Index of each position.
    pub(crate) index: [u8; 64],
}

impl ScanOrder {
    /// `kind` is `scanIdx`: 0 is diagonal, 1 is horizontal, 2 is vertical. `side` is 1, 2, 4 or 8.
    #[expect(clippy::cast_possible_truncation, reason = "positions and indices are below 64")]
    const fn new(kind: usize, side: usize) -> Self {
        let mut order = Self { positions: [0; 64], index: [0; 64] };
        let (mut i, mut a) = (0, 0);
        while a < 2 * side {
            let mut b = 0;
            while b < side {
                let (x, y, inside) = match kind {
                    0 => (b, a.wrapping_sub(b), a >= b && a - b < side),
                    1 => (b, a, a < side),
                    _ => (a, b, a < side),
                };
                if inside {
                    let position = y << 3 | x;
                    order.positions[i] = position as u8;
                    order.index[position] = i as u8;
                    i += 1;
                }
                b += 1;
            }
            a += 1;
        }
        order
    }
}

/// The orders by `scanIdx`, then by the logarithm of the side.
///
/// The horizontal and vertical orders are used for blocks of 4 × 4 and 8 × 8 coefficients. In the latter the four
/// blocks of 4 × 4 follow each other in the same order (§ 6.5.4, § 6.5.5).
pub(crate) static ORDERS: [[ScanOrder; 4]; 3] = [
    [ScanOrder::new(0, 1), ScanOrder::new(0, 2), ScanOrder::new(0, 4), ScanOrder::new(0, 8)],
    [ScanOrder::new(1, 1), ScanOrder::new(1, 2), ScanOrder::new(1, 4), ScanOrder::new(1, 8)],
    [ScanOrder::new(2, 1), ScanOrder::new(2, 2), ScanOrder::new(2, 4), ScanOrder::new(2, 8)],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(kind: usize, log2: usize) -> Vec<(usize, usize)> {
        let side = 1 << log2;
        ORDERS[kind][log2].positions[..side * side].iter().map(|&p| (usize::from(p & 7), usize::from(p >> 3))).collect()
    }

    #[test]
    fn the_diagonal_order_goes_up_and_right() {
        let first = [(0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 0), (0, 3), (1, 2), (2, 1), (3, 0)];
        assert_eq!(positions(0, 2)[..10], first);
        assert_eq!(positions(0, 2)[10..], [(1, 3), (2, 2), (3, 1), (2, 3), (3, 2), (3, 3)]);
        for log2 in 0..4 {
            assert_eq!(positions(0, log2), diagonal(1 << log2));
        }
    }

    #[test]
    fn the_other_orders_go_along_rows_and_columns() {
        assert_eq!(positions(1, 2)[..5], [(0, 0), (1, 0), (2, 0), (3, 0), (0, 1)]);
        assert_eq!(positions(2, 2)[..5], [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0)]);
        assert_eq!(positions(1, 1), [(0, 0), (1, 0), (0, 1), (1, 1)]);
        assert_eq!(positions(2, 1), [(0, 0), (0, 1), (1, 0), (1, 1)]);
    }

    #[test]
    fn an_index_is_the_inverse_of_its_position() {
        for (order, len) in ORDERS.iter().flat_map(|orders| orders.iter().zip([1, 4, 16, 64])) {
            for i in 0..len {
                assert_eq!(usize::from(order.index[usize::from(order.positions[i])]), i);
            }
        }
    }
}
