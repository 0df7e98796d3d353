//! Reduces along columns: rows of samples in, fewer rows out.

use std::collections::VecDeque;

use image_ingest_samples::zeroed;

use crate::arithmetic::Arithmetic;
use crate::result::Result;
use crate::weights::Weights;

/// The rows that the next target rows still need, and how far the work has come.
pub(crate) struct Vertical<T: Arithmetic> {
    /// `None` where rows pass as they are.
    weights: Option<Weights<T>>,
    kept: VecDeque<Vec<T>>,
    /// Vertical pushed.
    seen: usize,
    /// Vertical given.
    done: usize,
    spare: Vec<Vec<T>>,
}

impl<T: Arithmetic> Vertical<T> {
    pub(crate) fn new(weights: Option<Weights<T>>) -> Self {
        Self { weights, kept: VecDeque::new(), seen: 0, done: 0, spare: Vec::new() }
    }

    /// Takes rows of equal length, and has each target row whose last source row is among them written by `give` to where
    /// it belongs.
    pub(crate) fn push<'a>(
        &mut self,
        rows: impl Iterator<Item = &'a [T]>,
        mut give: impl FnMut(&dyn Fn(&mut [T])) -> Result<()>,
    ) -> Result<()> {
        let Some(weights) = &self.weights else {
            return rows.into_iter().try_for_each(|row| give(&|out| out.copy_from_slice(row)));
        };
        let rows: Vec<&[T]> = rows.collect();
        let first = self.seen - self.kept.len();
        let at_hand: Vec<&[T]> = self.kept.iter().map(Vec::as_slice).chain(rows.iter().copied()).collect();
        let end = first + at_hand.len();
        let mut next = weights.span(self.done);
        while let Some(span) = next.filter(|span| span.end <= end) {
            let window = &at_hand[span.first - first..span.end - first];
            give(&|out| T::blend_rows(window, weights.of(span), weights.precision, out))?;
            self.done += 1;
            next = weights.span(self.done);
        }
        let needed = next.map_or(end, |span| span.needed_from.clamp(first, end));
        self.keep(&rows, needed)
    }

    /// Drops rows before `needed` and copies those of `rows` that remain.
    fn keep(&mut self, rows: &[&[T]], needed: usize) -> Result<()> {
        while self.seen - self.kept.len() < needed {
            let Some(row) = self.kept.pop_front() else { break };
            self.spare.push(row);
        }
        for row in rows.iter().skip(needed.saturating_sub(self.seen)) {
            let mut copy = self.spare.pop().map_or_else(|| zeroed(row.len()), Ok)?;
            copy.copy_from_slice(row);
            self.kept.push_back(copy);
        }
        self.seen += rows.len();
        Ok(())
    }
}
