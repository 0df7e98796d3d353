//! The in-loop filters (ITU-T H.265 § 8.7): deblocking, then sample adaptive offsets.
//!
//! Intra prediction uses samples from before the filters, so they work when all coding trees are decoded. They go down
//! the picture by rows of coding trees. Deblocking is done with a row once its vertical and then its horizontal edges
//! are filtered. The latter change up to three rows of samples above, and read four. Sample adaptive offsets, which look
//! one row further down, follow one row of coding trees behind.

mod deblock;
mod edge;
pub(crate) mod maps;
mod offsets;

use image_ingest_samples::CpuTimer;

use crate::intra::filters::deblock::Deblocking;
use crate::intra::filters::maps::FilterMaps;
use crate::intra::filters::offsets::OffsetRows;
use crate::intra::format::IntraFormat;
use crate::intra::plane::{Plane, PlaneSample};
use crate::intra::units::CodingUnits;
use crate::result::Result;

/// Filters a picture whose coding trees are decoded.
///
/// # Errors
///
/// `out_of_memory`, and when `timer` ends the work.
pub(crate) fn filter<T: PlaneSample>(
    format: &IntraFormat,
    planes: &mut [Plane<T>],
    units: &CodingUnits,
    maps: &FilterMaps,
    timer: &CpuTimer<'_>,
) -> Result<()> {
    let deblocking = Deblocking { format, units, maps };
    let mut offsets = Vec::new();
    for (component, plane) in planes.iter().enumerate() {
        if maps.has_offsets(component, timer)? {
            offsets.push((component, OffsetRows::new(format, units, maps, component, plane)?));
        }
    }
    let rows = format.height.div_ceil(1 << format.tree_log2);
    for row in 0..rows {
        deblocking.filter_row(planes, row, timer)?;
        for (component, offsets) in &mut offsets {
            if row > 0 {
                offsets.filter_row(&mut planes[*component], row - 1, timer)?;
            }
        }
    }
    for (component, offsets) in &mut offsets {
        offsets.filter_row(&mut planes[*component], rows - 1, timer)?;
    }
    Ok(())
}
