//! The indices that are still needed: of rows that are not whole, and of the strings of the table.

use std::mem;

use image_ingest_samples::{WorkError, zeroed};

use super::strings::Strings;
use crate::result::Result;

/// The most indices that are held: twice the longest stretch of strings, so that it moves as often as it is decoded.
pub(crate) const MAX_WINDOW: usize = 1 << 24;

/// The fewest that a window has room for, where the frame has as many.
const MIN_WINDOW: usize = 1 << 14;

/// No string is as long as this.
const LONGEST_STRING: usize = 1 << 12;

/// A part of the output, whose places are counted from the window's start.
#[derive(Debug)]
pub(super) struct IndexWindow {
    /// What was decoded, and room for more.
    buffer: Vec<u8>,
    /// Where the next index goes.
    pub(super) at: usize,
    /// Where the first row begins that was not handed on.
    row: usize,
    /// Where the frame ends, in the window or behind it.
    end: usize,
    /// The frame's; 1 where it has no pixels.
    width: usize,
}

impl IndexWindow {
    /// A window of `len` indices, fewer where the frame has fewer.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(super) fn new(width: usize, height: usize, len: usize) -> Result<Self> {
        let end = width * height;
        let buffer = zeroed(end.min(len.clamp(MIN_WINDOW, MAX_WINDOW)))?;
        Ok(Self { buffer, at: 0, row: 0, end, width: width.max(1) })
    }

    /// Whether the frame is decoded.
    pub(super) fn is_complete(&self) -> bool {
        self.at == self.end
    }

    /// Whether there is a row to be handed on.
    pub(super) fn has_row(&self) -> bool {
        self.at - self.row >= self.width
    }

    /// The whole rows that were not handed on.
    pub(super) fn take_rows(&mut self) -> &[u8] {
        let start = self.row;
        self.row = self.at - (self.at - start) % self.width;
        &self.buffer[start..self.row]
    }

    /// The frame's indices, where the window has not moved.
    pub(super) fn into_indices(self) -> Vec<u8> {
        self.buffer
    }

    /// Where decoding stops: at the frame's end, or as long as there is room for a string.
    pub(super) fn stop(&self) -> usize {
        if self.end <= self.buffer.len() { self.end } else { self.buffer.len() - LONGEST_STRING }
    }

    /// What indices are decoded to: it ends with the frame.
    pub(super) fn out(&mut self) -> &mut [u8] {
        let end = self.end.min(self.buffer.len());
        &mut self.buffer[..end]
    }

    /// Makes room behind what is still needed: the strings, and the start of a row. No whole row may be left.
    ///
    /// # Errors
    ///
    /// `out_of_memory`.
    pub(super) fn make_room(&mut self, strings: &mut Strings) -> Result<(), WorkError> {
        let (kept, row, left) = (strings.stretch(self.at), self.at - self.row, self.end - self.at);
        let (first, second) = match kept.end <= self.row {
            true => (kept, self.row..self.at),
            false => (kept.start.min(self.row)..self.at, 0..0),
        };
        let (middle, len) = (first.len(), first.len() + second.len());
        strings.move_by(first.start);
        if len > self.buffer.len() / 2 && self.buffer.len() < MAX_WINDOW {
            let buffer = zeroed(MAX_WINDOW.min(len + left))?;
            let before = mem::replace(&mut self.buffer, buffer);
            self.buffer[..middle].copy_from_slice(&before[first]);
            self.buffer[middle..len].copy_from_slice(&before[second]);
        } else {
            // A full table stays where it is from the second time on.
            if first.start > 0 {
                self.buffer.copy_within(first, 0);
            }
            self.buffer.copy_within(second, middle);
        }
        (self.at, self.row, self.end) = (len, len - row, len + left);
        Ok(())
    }
}
