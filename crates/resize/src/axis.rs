//! The two axes of a stored plane, of which a window of the upright picture touches a part.
//!
//! A reduction is stated for the upright picture. Where that is stored turned, its weights are those of the upright axes, in
//! the opposite order where an axis is mirrored, and the passes change places where the axes do. Sums are exact, and each is
//! rounded once after each pass, so the result is that of the upright rows, turned.

use std::ops::Range;

use crate::reduction::Extent;

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
