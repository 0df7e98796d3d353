//! The colour table of a table profile: nodes on a grid of device values, and what lies between them.

use std::array::from_fn;

/// A colour table (CLUT) of one, three or four inputs and three outputs.
///
/// The first input varies slowest: the node of grid position `(i, j, k)` has the index `i·s₀ + j·s₁ + k·s₂`, where the
/// stride `s` of an input is the number of nodes from one of its positions to the next. The table stays a view of the
/// profile.
#[derive(Debug, Clone)]
pub(crate) struct Clut<'a> {
    /// Positions along each input, 2–255; 0 for inputs that there are not.
    pub(crate) grid: [usize; 4],
    /// Nodes from one position to the next along each input; 0 for inputs that there are not.
    pub(crate) strides: [usize; 4],
    pub(crate) channels: usize,
    values: ClutValues<'a>,
}

/// The outputs of all nodes, three each.
#[derive(Debug, Clone, Copy)]
enum ClutValues<'a> {
    /// One byte each, 255 being 1.
    Bytes(&'a [u8]),
    /// Two bytes each, big-endian, 65 535 being 1.
    Words(&'a [u8]),
}

/// Where a device value lies along its axis of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AxisPosition {
    /// The device value after its curve; the result where there is no table.
    pub(crate) value: f64,
    /// What the start of its cell adds to the index of a node.
    pub(crate) offset: usize,
    /// How far it is from the cell's start to its end, 0–1.
    pub(crate) fraction: f64,
}

impl<'a> Clut<'a> {
    /// The table at the start of `bytes`; `None` when an axis has less than two positions or the table does not fit.
    pub(crate) fn read(bytes: &'a [u8], grid: [u8; 4], channels: usize, bytes_per_value: usize) -> Option<Self> {
        let mut sizes = [0; 4];
        let mut len = 3 * bytes_per_value;
        for (to, &positions) in sizes.iter_mut().zip(&grid).take(channels) {
            if positions < 2 {
                return None;
            }
            *to = usize::from(positions);
            len = len.checked_mul(*to)?;
        }
        let bytes = bytes.get(..len)?;
        let values = if bytes_per_value == 2 { ClutValues::Words(bytes) } else { ClutValues::Bytes(bytes) };
        let mut strides = [0; 4];
        let mut stride = 1;
        for axis in (0..channels).rev() {
            strides[axis] = stride;
            stride *= sizes[axis];
        }
        Some(Self { grid: sizes, strides, channels, values })
    }

    /// Bytes of the table.
    pub(crate) fn byte_len(&self) -> usize {
        match self.values {
            ClutValues::Bytes(bytes) | ClutValues::Words(bytes) => bytes.len(),
        }
    }

    /// The outputs between nodes: tetrahedral in three inputs, and linear along the first of four, as LittleCMS does
    /// it.
    pub(crate) fn at(&self, positions: [AxisPosition; 4]) -> [f64; 3] {
        let base = positions.iter().map(|position| position.offset).sum();
        let axis = |i: usize| (positions[i].fraction, self.strides[i]);
        if self.channels < 4 {
            return self.simplex(base, [axis(0), axis(1), axis(2)]);
        }
        let rest = [axis(1), axis(2), axis(3)];
        let (low, high) = (self.simplex(base, rest), self.simplex(base + self.strides[0], rest));
        from_fn(|i| low[i] + (high[i] - low[i]) * positions[0].fraction)
    }

    /// Tetrahedral interpolation in the cell whose lowest corner is the node `base`, from fractions and strides.
    ///
    /// Sorted by fraction, the three axes lead along edges of the cell from the lowest corner to the highest. The
    /// corners on that way span the tetrahedron that the point lies in, and each step adds its part of the difference.
    /// With one input the strides of the others are 0, and what is left is linear interpolation.
    fn simplex(&self, base: usize, [a, b, c]: [(f64, usize); 3]) -> [f64; 3] {
        let (a, b) = if a.0 < b.0 { (b, a) } else { (a, b) };
        let (b, c) = if b.0 < c.0 { (c, b) } else { (b, c) };
        let (a, b) = if a.0 < b.0 { (b, a) } else { (a, b) };
        let first = base + a.1;
        let [n0, n1, n2, n3] = [base, first, first + b.1, first + b.1 + c.1].map(|at| self.node(at));
        from_fn(|i| n0[i] + (n1[i] - n0[i]) * a.0 + (n2[i] - n1[i]) * b.0 + (n3[i] - n2[i]) * c.0)
    }

    /// The outputs of the node at `index`, 0–1.
    ///
    /// Every index exists: a cell starts at the last position but one at most ([`crate::curve::cell`]), so one stride
    /// along each axis stays inside the grid.
    fn node(&self, index: usize) -> [f64; 3] {
        match self.values {
            ClutValues::Bytes(bytes) => bytes.as_chunks::<3>().0[index].map(|v| f64::from(v) / 255.0),
            ClutValues::Words(bytes) => {
                let [a, b, c, d, e, f] = bytes.as_chunks::<6>().0[index];
                [[a, b], [c, d], [e, f]].map(|v| f64::from(u16::from_be_bytes(v)) / 65_535.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::cell;

    /// A table whose first output is `255 × (x + 2y + 4z) / 7` at the corners of one cell.
    fn corners() -> Vec<u8> {
        (0..8u8).flat_map(|i| [(i >> 2 & 1) + 2 * (i >> 1 & 1) + 4 * (i & 1), i, 7 - i]).collect()
    }

    fn position(clut: &Clut<'_>, axis: usize, value: f64) -> AxisPosition {
        if axis >= clut.channels {
            return AxisPosition { value, offset: 0, fraction: 0.0 };
        }
        let (index, fraction) = cell(value, clut.grid[axis]);
        AxisPosition { value, offset: index * clut.strides[axis], fraction }
    }

    fn at(clut: &Clut<'_>, device: [f64; 4]) -> [f64; 3] {
        clut.at(from_fn(|axis| position(clut, axis, device[axis])))
    }

    #[test]
    fn the_first_input_varies_slowest() {
        let bytes = corners();
        let clut = Clut::read(&bytes, [2, 2, 2, 0], 3, 1).unwrap();
        assert_eq!((clut.strides, clut.byte_len()), ([4, 2, 1, 0], 24));
        for (device, first) in [([1.0, 0.0, 0.0], 1.0), ([0.0, 1.0, 0.0], 2.0), ([0.0, 0.0, 1.0], 4.0)] {
            assert_eq!(at(&clut, [device[0], device[1], device[2], 0.0])[0], first / 255.0);
        }
    }

    #[test]
    fn a_linear_table_is_linear_between_its_nodes() {
        let bytes = corners();
        let clut = Clut::read(&bytes, [2, 2, 2, 0], 3, 1).unwrap();
        for [x, y, z] in [[0.25, 0.5, 0.75], [0.75, 0.5, 0.25], [0.5, 0.1, 0.9], [0.3, 0.3, 0.3], [1.0, 1.0, 1.0]] {
            let wanted = (x + 2.0 * y + 4.0 * z) / 255.0;
            assert!((at(&clut, [x, y, z, 0.0])[0] - wanted).abs() < 1e-12, "{x} {y} {z}");
        }
    }

    #[test]
    fn one_input_and_four_are_linear_too() {
        let line = [0, 0, 0, 100, 0, 0, 50, 0, 255];
        let clut = Clut::read(&line, [3, 0, 0, 0], 1, 1).unwrap();
        assert_eq!(at(&clut, [0.25, 0.0, 0.0, 0.0])[0], 50.0 / 255.0);
        assert!((at(&clut, [0.75, 0.0, 0.0, 0.0])[0] - 75.0 / 255.0).abs() < 1e-12);
        let both = [corners(), corners().iter().map(|v| 10 + v).collect()].concat();
        let clut = Clut::read(&both, [2; 4], 4, 1).unwrap();
        assert!((at(&clut, [0.5, 0.0, 1.0, 0.0])[0] - 7.0 / 255.0).abs() < 1e-12);
    }

    #[test]
    fn words_are_big_endian() {
        let words: Vec<u8> = [0, 0, 0, 0x8000, 1, 65_535].into_iter().flat_map(u16::to_be_bytes).collect();
        let clut = Clut::read(&words, [2, 0, 0, 0], 1, 2).unwrap();
        assert_eq!(at(&clut, [1.0, 0.0, 0.0, 0.0]), [32_768.0 / 65_535.0, 1.0 / 65_535.0, 1.0]);
    }

    #[test]
    fn short_tables_and_axes_of_one_position_are_none() {
        let bytes = corners();
        assert!(Clut::read(&bytes[1..], [2, 2, 2, 0], 3, 1).is_none());
        assert!(Clut::read(&bytes, [2, 1, 2, 0], 3, 1).is_none());
        assert!(Clut::read(&bytes, [255; 4], 4, 2).is_none());
    }
}
