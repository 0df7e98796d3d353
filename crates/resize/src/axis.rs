//! The two axes of a stored plane, of which a window of the upright picture touches a part.
//!
//! A reduction is stated for the upright picture. Where that is stored turned, its weights are those of the upright axes, in
//! the opposite order where an axis is mirrored, and the passes change places where the axes do. Sums are exact, and each is
//! rounded once after each pass, so the result is that of the upright rows, turned.

use std::ops::Range;

use image_ingest_samples::WorkError;

use crate::result::Result;

/// An axis of a plane as it is stored, and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StoredAxis {
    /// What becomes the target, counted as in the upright picture.
    pub(crate) extent: Extent,
    /// Samples of the plane.
    pub(crate) samples: u32,
    /// Samples of the target.
    pub(crate) target: u32,
    /// Whether the first stored sample is the last of the upright picture.
    pub(crate) is_mirrored: bool,
}

impl StoredAxis {
    /// All of an axis that is stored as it stands upright.
    #[cfg(test)]
    pub(crate) fn whole(samples: u32, target: u32) -> Self {
        Self { extent: Extent::whole(samples), samples, target, is_mirrored: false }
    }

    /// The stored samples that the window touches.
    pub(crate) fn used(&self) -> Range<usize> {
        let (start, end) = (self.extent.start, self.extent.end.min(self.samples));
        let used = if self.is_mirrored { self.samples - end..self.samples - start } else { start..end };
        used.start as usize..used.end as usize
    }

    /// How many copies of the first used sample come before it, and of the last one behind it: the window may reach past the
    /// upper end of the upright axis.
    pub(crate) fn repeated(&self) -> (usize, usize) {
        let past = self.extent.end.saturating_sub(self.samples) as usize;
        if self.is_mirrored { (past, 0) } else { (0, past) }
    }
}

/// The whole samples `start..end` that a window touches along one axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Extent {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// From `start` to the start of the window, 0–1.
    pub(crate) offset: f64,
    /// The length of the window.
    pub(crate) len: f64,
}

impl Extent {
    /// All of an axis.
    #[cfg(test)]
    pub(crate) fn whole(samples: u32) -> Self {
        Self { start: 0, end: samples, offset: 0.0, len: samples.into() }
    }

    /// The extent of a window from `start` on.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the condition below")]
    ///
    /// # Errors
    ///
    /// `internal` for one that is empty or outside of any picture.
    pub(crate) fn new(start: f64, len: f64) -> Result<Self> {
        // A rounding error of the divisions must not make the window touch a further sample.
        let end = (start + len - 1e-6).ceil();
        if !(start >= 0.0 && len > 0.0 && end <= f64::from(u32::MAX)) {
            return Err(WorkError::internal("a resize window outside the picture"));
        }
        let offset = start - start.floor();
        let len = len.min(end - start.floor() - offset);
        Ok(Self { start: start.floor() as u32, end: end as u32, offset, len })
    }

    /// Whether `target` samples are those of the extent, one by one.
    pub(crate) fn is_identity(&self, target: u32) -> bool {
        self.offset == 0.0 && self.len == f64::from(target)
    }

    /// The number of samples.
    pub(crate) fn samples(&self) -> u32 {
        self.end - self.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirrored_axis_is_used_from_its_other_end() {
        let extent = Extent { start: 2, end: 9, offset: 0.5, len: 6.0 };
        let axis = StoredAxis { extent, samples: 8, target: 3, is_mirrored: false };
        assert_eq!((axis.used(), axis.repeated()), (2..8, (0, 1)));
        let mirrored = StoredAxis { is_mirrored: true, ..axis };
        assert_eq!((mirrored.used(), mirrored.repeated()), (0..6, (1, 0)));
    }
}
