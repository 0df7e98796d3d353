//! A small grid of weighted sums, filled while rows of boxes come.

use image_ingest_samples::{WorkError, reserve_exact};

use crate::axis::AxisWeights;
use crate::result::Result;

/// The points of a grid of `C` channels.
pub(crate) struct WeightedGrid<const C: usize> {
    x: AxisWeights,
    y: AxisWeights,
    /// The points of one row of boxes, weighted along it.
    row: Vec<[u64; C]>,
    /// All points, rows tight.
    sums: Vec<[u64; C]>,
}

impl<const C: usize> WeightedGrid<C> {
    /// A grid without sums.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(crate) fn new(x: AxisWeights, y: AxisWeights) -> Result<Self> {
        let zeros = |len: usize| -> Result<Vec<[u64; C]>, WorkError> {
            let mut sums = Vec::new();
            reserve_exact(&mut sums, len)?;
            sums.resize(len, [0; C]);
            Ok(sums)
        };
        let (row, sums) = (zeros(x.points.len())?, zeros(x.points.len() * y.points.len())?);
        Ok(Self { x, y, row, sums })
    }

    /// Adds row `index` of boxes.
    ///
    /// A value of a sample is below 2^18, and weights of 22 bits add up to 1 for a point, so sums over a row are below 2^40
    /// times the rows of a box, and all of them together below 2^62.
    pub(crate) fn add(&mut self, index: usize, boxes: &[[u32; C]]) {
        let holds = |start: usize, len: usize| (start..start + len).contains(&index);
        if !self.y.points.iter().any(|point| holds(point.start, point.weights.len())) {
            return;
        }
        for (sum, point) in self.row.iter_mut().zip(&self.x.points) {
            *sum = [0; C];
            for (values, weight) in boxes[point.start..].iter().zip(&point.weights) {
                sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += u64::from(*value) * u64::from(*weight));
            }
        }
        for (point, sums) in self.y.points.iter().zip(self.sums.chunks_exact_mut(self.row.len())) {
            if holds(point.start, point.weights.len()) {
                let weight = u64::from(point.weights[index - point.start]);
                for (sum, row) in sums.as_flattened_mut().iter_mut().zip(self.row.as_flattened()) {
                    *sum += row * weight;
                }
            }
        }
    }

    /// The sums of all points, rows tight, with `2 × WEIGHT_BITS` more fraction bits than the values that were added.
    pub(crate) fn into_sums(self) -> Vec<[u64; C]> {
        self.sums
    }
}
