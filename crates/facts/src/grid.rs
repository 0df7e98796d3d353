//! A small grid of weighted sums, filled while rows of boxes come.

use image_ingest_samples::{WorkError, reserve_exact};

use crate::axis::{AxisWeights, PointWeights};
use crate::result::Result;

/// The points of a grid of `C` channels.
///
/// A row of boxes is first added, box by box, to the rows of points that it belongs to: few, and a loop over neighbours. What such
/// a row has got of all of its boxes is summed along it once.
pub(crate) struct WeightedGrid<const C: usize> {
    x: AxisWeights,
    y: AxisWeights,
    /// Boxes of a row.
    boxes: usize,
    /// The rows of points of which some rows of boxes have come, and others have not. They lie side by side, so each has a place
    /// of its own by its number.
    open: Vec<Option<OpenRow>>,
    /// For each place the weighted sums of the boxes; zeros where no row is open.
    columns: Vec<[u64; C]>,
    /// All points, rows tight.
    sums: Vec<[u64; C]>,
}

/// A row of points.
#[derive(Clone, Copy)]
struct OpenRow {
    point: usize,
    /// Rows of boxes that have not come.
    missing: usize,
}

impl<const C: usize> WeightedGrid<C> {
    /// A grid without sums, of rows of `boxes`.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(x: AxisWeights, y: AxisWeights, boxes: usize) -> Result<Self> {
        let zeros = |len: usize| -> Result<Vec<[u64; C]>, WorkError> {
            let mut sums = Vec::new();
            reserve_exact(&mut sums, len)?;
            sums.resize(len, [0; C]);
            Ok(sums)
        };
        let open = vec![None; most_open(&y.points)];
        let (columns, sums) = (zeros(boxes * open.len())?, zeros(x.points.len() * y.points.len())?);
        Ok(Self { x, y, boxes, open, columns, sums })
    }

    /// Adds row `index` of boxes. Rows come once each, from the first to the last or from the last to the first.
    ///
    /// A value of a sample is below 2^18, and weights of 22 bits add up to 1 for a point, so sums over a column are below 2^40
    /// times the rows of a box, and all of them together below 2^62.
    ///
    /// # Errors
    ///
    /// `internal` for rows that come otherwise.
    pub(crate) fn add(&mut self, index: usize, boxes: &[[u32; C]]) -> Result<()> {
        let Self { x, y, boxes: row_len, open, columns, sums } = self;
        // Neither where points begin nor where they end ever decreases.
        let first = y.points.partition_point(|point| point.end() <= index);
        for (i, point) in y.points.iter().enumerate().skip(first).take_while(|(_, point)| point.start <= index) {
            let place = i % open.len();
            let row = open[place].get_or_insert(OpenRow { point: i, missing: point.weights.len() });
            if row.point != i {
                return Err(WorkError::internal("rows of boxes in no order"));
            }
            let columns = &mut columns[place * *row_len..][..*row_len];
            let weight = point.weights[index - point.start];
            for (sums, values) in columns.iter_mut().zip(boxes) {
                sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += u64::from(*value) * u64::from(weight));
            }
            row.missing -= 1;
            if row.missing == 0 {
                open[place] = None;
                sum_row(&x.points, columns, &mut sums[i * x.points.len()..]);
                columns.fill([0; C]);
            }
        }
        Ok(())
    }

    /// The sums of all points, rows tight, with `2 × WEIGHT_BITS` more fraction bits than the values that were added.
    pub(crate) fn into_sums(self) -> Vec<[u64; C]> {
        self.sums
    }
}

/// Sums the boxes of a row of points along it.
fn sum_row<const C: usize>(points: &[PointWeights], columns: &[[u64; C]], sums: &mut [[u64; C]]) {
    for (sum, point) in sums.iter_mut().zip(points) {
        for (values, weight) in columns[point.start..].iter().zip(&point.weights) {
            sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value * u64::from(*weight));
        }
    }
}

/// The most points of which some rows have come and others have not, whichever way rows come: as many as hold a row. That is the
/// first row of one of them.
fn most_open(points: &[PointWeights]) -> usize {
    let holding = |(i, point): (usize, &PointWeights)| i + 1 - points.partition_point(|p| p.end() <= point.start);
    points.iter().enumerate().map(holding).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(points: &[(usize, &[u32])]) -> AxisWeights {
        let points = points.iter().map(|(start, weights)| PointWeights { start: *start, weights: weights.to_vec() });
        AxisWeights { points: points.collect() }
    }

    #[test]
    fn points_are_the_weighted_sums_of_their_boxes_whichever_way_rows_come() {
        let (x, y) = (axis(&[(0, &[1, 2]), (1, &[3, 5])]), axis(&[(0, &[7]), (0, &[11, 13, 17]), (2, &[19, 23])]));
        let boxes: Vec<[[u32; 1]; 3]> = (0..4).map(|row| [1, 2, 3].map(|value| [value + 10 * row])).collect();
        let along_x = |row: u64| [1 + 10 * row + 2 * (2 + 10 * row), 3 * (2 + 10 * row) + 5 * (3 + 10 * row)];
        let weighted = |rows: &[(u64, u64)]| -> [u64; 2] {
            [0, 1].map(|column| rows.iter().map(|(row, weight)| along_x(*row)[column] * weight).sum())
        };
        let expected = [weighted(&[(0, 7)]), weighted(&[(0, 11), (1, 13), (2, 17)]), weighted(&[(2, 19), (3, 23)])];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0]] {
            let mut grid = WeightedGrid::new(x.clone(), y.clone(), 3).unwrap();
            for row in order {
                grid.add(row, &boxes[row]).unwrap();
            }
            assert!(grid.open.iter().all(Option::is_none));
            assert_eq!(grid.into_sums().as_flattened(), expected.as_flattened(), "{order:?}");
        }
    }

    #[test]
    fn as_many_rows_of_points_are_open_as_hold_a_row_of_boxes() {
        assert_eq!(most_open(&axis(&[(0, &[1]), (1, &[1])]).points), 1);
        assert_eq!(most_open(&axis(&[(0, &[1, 1]), (1, &[1]), (1, &[1, 1])]).points), 3);
    }

    #[test]
    fn rows_that_come_in_no_order_are_refused() {
        let y = axis(&[(0, &[1, 1]), (2, &[1, 1])]);
        let mut grid = WeightedGrid::new(axis(&[(0, &[1])]), y, 1).unwrap();
        grid.add(0, &[[1]]).unwrap();
        assert!(grid.add(2, &[[1]]).is_err());
    }
}
