//! Makes samples of 8 bits pixel by pixel, within a job's budget.

use image_ingest_samples::{CpuTimer, reserve};

use crate::result::Result;

/// Fills `out` with pixels of `N` channels, each made from a pixel of `M` channels of `source`. What `out` held is
/// forgotten, its memory is used again.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn each_pixel<T, U: Copy + Default, const M: usize, const N: usize>(
    source: &[T],
    out: &mut Vec<U>,
    timer: &CpuTimer<'_>,
    pixel: impl Fn(&[T; M]) -> [U; N],
) -> Result<()> {
    let source = source.as_chunks::<M>().0;
    in_stretches(source.len(), out, timer, |start, out: &mut [[U; N]]| {
        out.iter_mut().zip(source.iter().skip(start)).for_each(|(to, from)| *to = pixel(from));
    })
}

/// Fills `out` with `count` pixels of `N` channels, a stretch at a time: `fill` gets the number of its first pixel, and the
/// pixels.
///
/// # Errors
///
/// `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn in_stretches<U: Copy + Default, const N: usize>(
    count: usize,
    out: &mut Vec<U>,
    timer: &CpuTimer<'_>,
    fill: impl Fn(usize, &mut [[U; N]]),
) -> Result<()> {
    out.clear();
    reserve(out, count.saturating_mul(N))?;
    for start in (0..count).step_by(STRETCH) {
        timer.check()?;
        let filled = out.len();
        out.resize(filled + N * STRETCH.min(count - start), U::default());
        fill(start, out[filled..].as_chunks_mut().0);
    }
    Ok(())
}

/// Pixels between two looks at the budget.
const STRETCH: usize = 1 << 14;
