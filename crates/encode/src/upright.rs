//! Hands the rows of a whole canonical image on as they stand upright.

use image_ingest_samples::{CpuTimer, StoredPixels, WorkError, chroma_size};

use crate::canonical::{Canonical, CanonicalSamples};
use crate::sink::{CanonicalKind, CanonicalSink};

/// Gives the upright rows of a canonical image to `sink`, and turns some rows at a time where they do not lie so.
///
/// # Errors
///
/// Those of `sink`; `internal` where samples disagree with their size; `out_of_memory`.
pub fn hand_on(canonical: &Canonical, sink: &mut dyn CanonicalSink, timer: &CpuTimer<'_>) -> Result<(), WorkError> {
    let (size, half) = (canonical.stored_size, chroma_size(canonical.stored_size, (2, 2)));
    let plane = |samples, size| StoredPixels::<1>::new(samples, size, canonical.orientation);
    match &canonical.samples {
        CanonicalSamples::Rgb(rgb) => {
            sink.begin(CanonicalKind::Rgb, canonical.size())?;
            planes(canonical, &[StoredPixels::<3>::new(rgb, size, canonical.orientation)?], sink, timer)
        }
        CanonicalSamples::Gray(luma) => {
            sink.begin(CanonicalKind::Gray, canonical.size())?;
            planes(canonical, &[plane(luma, size)?], sink, timer)
        }
        CanonicalSamples::Ycbcr420 { luma, cb, cr } => {
            sink.begin(CanonicalKind::Ycbcr420, canonical.size())?;
            planes(canonical, &[plane(luma, size)?, plane(cb, half)?, plane(cr, half)?], sink, timer)
        }
    }
}

/// Gives the rows of planes, of which all but the first are chroma with half of its rows.
fn planes<const N: usize>(
    canonical: &Canonical,
    planes: &[StoredPixels<'_, N>],
    sink: &mut dyn CanonicalSink,
    timer: &CpuTimer<'_>,
) -> Result<(), WorkError> {
    let mut strip = Vec::new();
    for top in (0..canonical.size().height as usize).step_by(STRIP_ROWS) {
        timer.check()?;
        for (index, plane) in planes.iter().enumerate() {
            let (top, rows) = if index == 0 { (top, STRIP_ROWS) } else { (top / 2, STRIP_ROWS / 2) };
            sink.take(index, plane.upright_rows(top, rows, &mut strip)?, timer)?;
        }
    }
    Ok(())
}

/// Rows of luma that are turned at a time: two rows of MCUs, since chroma has half as many and sixteen are turned best.
const STRIP_ROWS: usize = 32;
