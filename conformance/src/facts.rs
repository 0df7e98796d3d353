//! The facts of canonical samples, given to the collector as a whole.

use image_ingest::stages::{Canonical, CanonicalSamples};
use image_ingest_facts::{Facts, FactsCollector, RowFormat};
use image_ingest_samples::WorkError;

pub(crate) fn of(canonical: &Canonical) -> Result<Facts, WorkError> {
    let (format, planes): (_, Vec<&[u8]>) = match &canonical.samples {
        CanonicalSamples::Rgb(rgb) => (RowFormat::Rgb, vec![rgb]),
        CanonicalSamples::Gray(luma) => (RowFormat::Gray, vec![luma]),
        CanonicalSamples::Ycbcr420 { luma, cb, cr } => (RowFormat::Ycbcr420, vec![luma, cb, cr]),
    };
    let mut collector = FactsCollector::new(canonical.size(), format)?;
    planes.iter().enumerate().try_for_each(|(plane, samples)| collector.push(plane, samples))?;
    collector.finish()
}
