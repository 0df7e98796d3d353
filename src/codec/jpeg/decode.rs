//! Decodes a JPEG with `image-ingest-jpeg`, and reduces it while it is decoded: planes as stored where the components are
//! Y′CbCr or gray, else RGB or CMYK.

use image_ingest_jpeg::{InterleavedColor, JpegDecoder};
use image_ingest_resize::RasterReducer;
use image_ingest_samples::{CpuTimer, DecodeError, Layout, Rect, RowSink, SampleRows, Size, WorkError, zeroed};

use super::planes::reducer;
use crate::codec::reduced::ReducedRaster;
use crate::error::{Error, Result};
use crate::header::{Channels, Header};
use crate::pixels::ReducedRows;
use crate::plan::Plan;
use crate::upload::format::Format;

/// Decodes at the plan's DCT scale.
///
/// Planes are full-range BT.601 with centred chroma (ITU-T T.871). Chroma whose sampling factors are no planes' is
/// upsampled and converted to RGB.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn decode(
    bytes: &[u8],
    header: &Header,
    plan: &Plan,
    timer: &CpuTimer<'_>,
    rows: &mut dyn ReducedRows,
) -> Result<()> {
    let decoder = JpegDecoder::new(bytes, timer).map_err(in_jpeg)?;
    if decoder.size() != header.coded_size {
        return Err(Error::internal("JPEG header and decoder disagree on the size"));
    }
    match header.channels {
        Channels::Ycbcr | Channels::Gray if decoder.is_planar() => planes(decoder, plan, timer, rows),
        Channels::Cmyk => interleaved(decoder, InterleavedColor::Cmyk, plan, timer, rows),
        Channels::Ycck => interleaved(decoder, InterleavedColor::YcckToCmyk, plan, timer, rows),
        Channels::Rgb => interleaved(decoder, InterleavedColor::Rgb, plan, timer, rows),
        _ => interleaved(decoder, InterleavedColor::YcbcrToRgb, plan, timer, rows),
    }
}

fn in_jpeg(error: DecodeError) -> Error {
    Error::in_format(Format::Jpeg, error)
}

fn planes(decoder: JpegDecoder<'_>, plan: &Plan, timer: &CpuTimer<'_>, rows: &mut dyn ReducedRows) -> Result<()> {
    let mut planes = reducer(decoder.luma_size(plan.scale), &decoder.sampling(), plan, rows)?;
    decoder.decode([plan.scale, plan.chroma_scale], &mut planes, timer).map_err(in_jpeg)?;
    Ok(planes.finish(timer)?)
}

fn interleaved(
    decoder: JpegDecoder<'_>,
    color: InterleavedColor,
    plan: &Plan,
    timer: &CpuTimer<'_>,
    rows: &mut dyn ReducedRows,
) -> Result<()> {
    let (Size { width, height }, divisor) = (decoder.size(), plan.scale.divisor());
    let size = Size::new(width.div_ceil(divisor), height.div_ceil(divisor));
    let crop = if divisor == 1 { plan.crop } else { Rect::whole(size) };
    let layout = if color.channels() == 4 { Layout::Cmyk } else { Layout::Rgb };
    let reducer = RasterReducer::new(size, layout, 8, crop, plan.target)?;
    let mut rows = ReducedRaster::new(reducer, layout, false, rows)?;
    if layout == Layout::Cmyk {
        let row = zeroed(size.width as usize * layout.channels())?;
        let mut inks = Inks { row, rows: &mut rows };
        decoder.decode_interleaved(color, plan.scale, &mut inks, timer).map_err(in_jpeg)?;
    } else {
        decoder.decode_interleaved(color, plan.scale, &mut rows, timer).map_err(in_jpeg)?;
    }
    Ok(rows.finish(timer)?)
}

/// Turns stored values into amounts of ink: CMYK JPEGs hold 255 for no ink, as Adobe Photoshop writes them and as Pillow
/// and the browsers read them, with or without an Adobe marker.
struct Inks<'r, 's> {
    /// A row of amounts.
    row: Vec<u8>,
    rows: &'r mut ReducedRaster<'s>,
}

impl RowSink for Inks<'_, '_> {
    fn take_rows(&mut self, plane: usize, rows: SampleRows<'_>, timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        for stored in rows.bytes()?.chunks(rows.stride.max(1)) {
            let inks = &mut self.row[..stored.len()];
            inks.iter_mut().zip(stored).for_each(|(ink, stored)| *ink = 255 - stored);
            self.rows.take_rows(plane, SampleRows::u8(inks, rows.stride), timer)?;
        }
        Ok(())
    }
}
