//! The orders in which coefficients and blocks of them are coded (ITU-T H.265 § 6.5.3 to § 6.5.5).

/// Up-right diagonal order of a square block, as (x, y).
pub(crate) fn diagonal(side: usize) -> Vec<(usize, usize)> {
    (0..2 * side).flat_map(|sum| (0..=sum).map(move |x| (x, sum - x))).filter(|&(x, y)| x < side && y < side).collect()
}

/// An order of up to 64 positions, and its inverse; a position is `y << 3 | x`.
pub(crate) struct Order {
    pub(crate) positions: [u8; 64],
    pub(crate) index: [u8; 64],
}

impl Order {
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

/// By `scanIdx` (diagonal, horizontal, vertical), then by the logarithm of the side.
pub(crate) static ORDERS: [[Order; 4]; 3] = [
    [Order::new(0, 1), Order::new(0, 2), Order::new(0, 4), Order::new(0, 8)],
    [Order::new(1, 1), Order::new(1, 2), Order::new(1, 4), Order::new(1, 8)],
    [Order::new(2, 1), Order::new(2, 2), Order::new(2, 4), Order::new(2, 8)],
];
