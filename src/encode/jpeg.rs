//! Encodes as baseline JPEG: 4:2:0, accurate DCT, standard Huffman tables (ITU-T T.81 annex K), a JFIF header and no
//! other metadata.

use image_ingest_jpeg::{PlanesEncoder, RgbEncoder};
use image_ingest_samples::{CpuTimer, StoredPixels, WorkError, chroma_size};

use crate::canonical::{Canonical, CanonicalSamples};
use crate::error::Result;

/// Encodes a canonical image, whose rows are turned upright as they are needed. Gray becomes three components with neutral
/// chroma, so that every result has the same form.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`; `internal`.
pub(super) fn encode(canonical: &Canonical, quality: u8, timer: &CpuTimer<'_>) -> Result<Vec<u8>> {
    Ok(match &canonical.samples {
        CanonicalSamples::Rgb(rgb) => encode_rgb(canonical, rgb, quality, timer)?,
        CanonicalSamples::Gray(luma) => encode_planes(canonical, luma, None, quality, timer)?,
        CanonicalSamples::Ycbcr420 { luma, cb, cr } => encode_planes(canonical, luma, Some((cb, cr)), quality, timer)?,
    })
}

/// Rows of luma that are turned at a time: two rows of MCUs, since chroma has half as many and sixteen are turned best.
const STRIP_ROWS: usize = 32;

fn encode_rgb(canonical: &Canonical, rgb: &[u8], quality: u8, timer: &CpuTimer<'_>) -> Result<Vec<u8>, WorkError> {
    let stored = StoredPixels::<3>::new(rgb, canonical.stored_size, canonical.orientation)?;
    let mut encoder = RgbEncoder::new(canonical.size(), quality)?;
    let mut strip = Vec::new();
    for top in (0..canonical.size().height as usize).step_by(STRIP_ROWS) {
        encoder.push(stored.upright_rows(top, STRIP_ROWS, &mut strip)?, timer)?;
    }
    encoder.finish()
}

fn encode_planes(
    canonical: &Canonical,
    luma: &[u8],
    chroma: Option<(&[u8], &[u8])>,
    quality: u8,
    timer: &CpuTimer<'_>,
) -> Result<Vec<u8>, WorkError> {
    let plane = |samples, size| StoredPixels::<1>::new(samples, size, canonical.orientation);
    let (size, half) = (canonical.stored_size, chroma_size(canonical.stored_size, (2, 2)));
    let new = if chroma.is_some() { PlanesEncoder::new } else { PlanesEncoder::gray };
    let mut encoder = new(canonical.size(), quality)?;
    let luma = plane(luma, size)?;
    let chroma = chroma.map(|(cb, cr)| Ok::<_, WorkError>((plane(cb, half)?, plane(cr, half)?))).transpose()?;
    let mut strips = [const { Vec::new() }; 3];
    for top in (0..canonical.size().height as usize).step_by(STRIP_ROWS) {
        let [luma_strip, cb_strip, cr_strip] = &mut strips;
        let luma = luma.upright_rows(top, STRIP_ROWS, luma_strip)?;
        let (cb, cr) = match &chroma {
            Some((cb, cr)) => (
                cb.upright_rows(top / 2, STRIP_ROWS / 2, cb_strip)?,
                cr.upright_rows(top / 2, STRIP_ROWS / 2, cr_strip)?,
            ),
            None => (&[][..], &[][..]),
        };
        encoder.push([luma, cb, cr], timer)?;
    }
    encoder.finish()
}
