//! Makes a raster of 8 bits pixel by pixel, on the threads of a job and within its budget.

use image_ingest_samples::{Layout, Raster, Samples, Workers, zeroed};

use crate::result::Result;

/// A raster of pixels of `N` channels, each made from a pixel of `M` channels of `source`. It has the size of `raster`.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn each_pixel<T: Sync, const M: usize, const N: usize>(
    source: &[T],
    raster: &Raster,
    workers: Workers<'_>,
    pixel: impl Fn(&[T; M]) -> [u8; N] + Sync,
) -> Result<Raster> {
    let source = source.as_chunks::<M>().0;
    let mut out = zeroed(source.len().saturating_mul(N))?;
    workers.map([source], out.as_chunks_mut::<N>().0, |[source], out| {
        out.iter_mut().zip(source).for_each(|(to, from)| *to = pixel(from));
    })?;
    let layout = match N {
        1 => Layout::Gray,
        4 => Layout::Rgba,
        _ => Layout::Rgb,
    };
    Raster::new(raster.size, layout, Samples::U8(out))
}
