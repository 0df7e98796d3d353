//! Reduces the planes of a JPEG while they are decoded.

use image_ingest_jpeg::DctScale;
use image_ingest_resize::{PlanesFormat, PlanesReducer};
use image_ingest_samples::{Matrix, Range, Rect, Siting, Size};

use crate::codec::reduced::ReducedPlanes;
use crate::error::Result;
use crate::pixels::ReducedRows;
use crate::plan::Plan;

/// A sink for planes whose luma has `size` samples at the plan's DCT scale, and components of these sampling
/// factors.
///
/// Planes are full-range BT.601 with centred chroma (ITU-T T.871).
///
/// # Errors
///
/// `out_of_memory`; `internal` when the crop leaves the picture.
pub(super) fn reducer<'r>(
    size: Size,
    sampling: &[(u8, u8)],
    plan: &Plan,
    rows: &'r mut dyn ReducedRows,
) -> Result<ReducedPlanes<'r>> {
    let crop = if plan.scale == DctScale::Full { plan.crop } else { Rect::whole(size) };
    let subsampling = match *sampling {
        [luma, chroma, _] => Some((factor(luma.0, chroma.0, plan), factor(luma.1, chroma.1, plan))),
        _ => None,
    };
    let (range, matrix) = (Range::Full, Matrix::Bt601);
    let format = PlanesFormat { size, bit_depth: 8, subsampling, siting: Siting::Centred, range, matrix };
    let planes = PlanesReducer::new(format, crop, plan.target, plan.chroma_grid(8, matrix))?;
    ReducedPlanes::new(planes, &format, rows)
}

/// The number of luma samples to a chroma sample along one axis, once each plane has its DCT scale.
fn factor(luma: u8, chroma: u8, plan: &Plan) -> u8 {
    let (luma, chroma) = (u32::from(luma), u32::from(chroma));
    let factor = luma * plan.chroma_scale.divisor() / (chroma * plan.scale.divisor()).max(1);
    u8::try_from(factor).unwrap_or(1)
}
