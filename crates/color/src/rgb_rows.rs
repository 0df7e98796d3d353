//! Makes RGB of the rows of planes that come at different times.

use image_ingest_samples::{CpuTimer, Layout, SampleSlice, Samples, WorkError};

use crate::plane_scale::PlaneCoding;
use crate::result::Result;
use crate::ycbcr::PlaneConverter;

/// Converts rows of 4:4:4 planes, or of luma alone, as soon as no plane lacks them.
///
/// ```
/// use image_ingest_color::{PlaneCoding, RgbRows};
/// use image_ingest_samples::{CpuTimer, Matrix, Range, SampleSlice};
///
/// let timer = CpuTimer::default();
/// let coding = PlaneCoding { bit_depth: 8, range: Range::Full, matrix: Matrix::Bt601 };
/// let mut planes = RgbRows::new(coding, true, 1 << 15, &timer)?;
/// let mut pixels = Vec::new();
/// for (plane, samples) in [(0, &[76, 200][..]), (1, &[85]), (2, &[255, 128]), (1, &[128])] {
///     planes.take(plane, SampleSlice::U8(samples), &timer, |rgb| {
///         if let SampleSlice::U8(rgb) = rgb {
///             pixels.extend_from_slice(rgb);
///         }
///         Ok(())
///     })?;
/// }
/// assert_eq!(pixels, [254, 0, 0, 200, 200, 200]);
/// # Ok::<(), image_ingest_samples::WorkError>(())
/// ```
pub struct RgbRows {
    converter: PlaneConverter,
    /// None but the first of luma alone.
    planes: [WaitingSamples; 3],
    at_once: usize,
}

/// Samples of one plane.
struct WaitingSamples {
    samples: Samples,
    /// Those before this one have been converted.
    start: usize,
}

impl RgbRows {
    /// For planes of this coding, of which at most `at_once` pixels are converted at a time.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`], [`WorkError::Deadline`], [`WorkError::Cancelled`].
    pub fn new(coding: PlaneCoding, has_chroma: bool, at_once: usize, timer: &CpuTimer<'_>) -> Result<Self> {
        let converter = PlaneConverter::new(coding, has_chroma, timer)?;
        let planes = [const { WaitingSamples { samples: Samples::U8(Vec::new()), start: 0 } }; 3];
        Ok(Self { converter, planes, at_once })
    }

    /// The layout of what comes out: gray or RGB.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.converter.layout()
    }

    /// Whether no sample waits for those of another plane.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.planes.iter().all(|plane| plane.waiting().is_empty())
    }

    /// Takes samples of a plane, and gives to `give` the pixels that no plane lacks, some at a time.
    ///
    /// # Errors
    ///
    /// As [`PlaneConverter::convert`]; [`WorkError::Internal`] for a plane that there is not; those of `give`.
    pub fn take(
        &mut self,
        plane: usize,
        samples: SampleSlice<'_>,
        timer: &CpuTimer<'_>,
        mut give: impl FnMut(SampleSlice<'_>) -> Result<()>,
    ) -> Result<()> {
        let Self { converter, planes, at_once } = self;
        let none = || WorkError::internal("rows of a plane that there is not");
        if converter.layout() == Layout::Gray {
            // Luma alone waits for nothing.
            let mut luma = if plane == 0 { samples.parts(*at_once) } else { return Err(none()) };
            return luma.try_for_each(|luma| give(converter.convert([luma; 3], timer)?));
        }
        planes.get_mut(plane).ok_or_else(none)?.samples.extend(samples)?;
        let ready = planes.iter().map(|plane| plane.waiting().len()).min().unwrap_or(0);
        let [Some(y), Some(cb), Some(cr)] = planes.each_ref().map(|plane| plane.waiting().get(0..ready)) else {
            return Err(none());
        };
        for ((y, cb), cr) in y.parts(*at_once).zip(cb.parts(*at_once)).zip(cr.parts(*at_once)) {
            give(converter.convert([y, cb, cr], timer)?)?;
        }
        planes.iter_mut().for_each(|plane| plane.forget(ready));
        Ok(())
    }
}

impl WaitingSamples {
    fn waiting(&self) -> SampleSlice<'_> {
        let all = self.samples.as_slice();
        all.get(self.start..all.len()).unwrap_or(SampleSlice::U8(&[]))
    }

    /// Forgets what was converted once that is half of all, so that what waits is seldom moved.
    fn forget(&mut self, converted: usize) {
        self.start += converted;
        if 2 * self.start >= self.samples.len() {
            self.samples.forget(self.start);
            self.start = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use image_ingest_samples::{Matrix, Range};

    use super::*;

    #[test]
    fn the_order_of_planes_does_not_matter() {
        let samples: Vec<u8> = (0..240u32).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        let coding = PlaneCoding { bit_depth: 8, range: Range::Limited, matrix: Matrix::Bt709 };
        let (timer, planes) = (CpuTimer::default(), [&samples[..80], &samples[80..160], &samples[160..]]);
        let whole = PlaneConverter::new(coding, true, &timer).unwrap();
        let mut whole = whole;
        let SampleSlice::U8(whole) = whole.convert(planes.map(SampleSlice::U8), &timer).unwrap() else { panic!() };
        for (at_once, parts) in [(7, [10, 20, 40]), (80, [80, 80, 80]), (1, [1, 80, 3])] {
            let mut rows = RgbRows::new(coding, true, at_once, &timer).unwrap();
            let mut out = Vec::new();
            let mut parts = [0, 1, 2].map(|plane: usize| planes[plane].chunks(parts[plane]));
            while rows_left(&parts) {
                for (plane, part) in parts.iter_mut().enumerate().filter_map(|(i, parts)| Some((i, parts.next()?))) {
                    let give = |rgb: SampleSlice<'_>| {
                        let SampleSlice::U8(rgb) = rgb else { panic!("deep") };
                        assert!(rgb.len() <= 3 * at_once);
                        out.extend_from_slice(rgb);
                        Ok(())
                    };
                    rows.take(plane, SampleSlice::U8(part), &timer, give).unwrap();
                }
            }
            assert!(out == whole && rows.is_empty(), "{at_once}");
        }
    }

    fn rows_left(parts: &[std::slice::Chunks<'_, u8>]) -> bool {
        parts.iter().any(|parts| parts.len() > 0)
    }

    #[test]
    fn rows_that_lack_others_wait() {
        let timer = CpuTimer::default();
        let coding = PlaneCoding { bit_depth: 10, range: Range::Full, matrix: Matrix::Bt2020 };
        let mut rows = RgbRows::new(coding, true, 8, &timer).unwrap();
        let mut give = |_: SampleSlice<'_>| panic!("nothing is whole");
        rows.take(0, SampleSlice::U16(&[1, 2]), &timer, &mut give).unwrap();
        rows.take(2, SampleSlice::U16(&[1, 2]), &timer, &mut give).unwrap();
        assert!(!rows.is_empty());
        assert!(rows.take(3, SampleSlice::U16(&[1]), &timer, &mut give).is_err());
    }
}
