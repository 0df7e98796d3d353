//! The decoders without instructions that not every CPU has. They give the same samples; comparisons and benches call them.

use image_ingest_samples::{CpuTimer, Layout, RowSink, Size};

use crate::result::Result;
use crate::vp8::decoder::Vp8Decoder;
use crate::{rgba, vp8l};

/// As [`Vp8Decoder::new`](crate::Vp8Decoder::new).
///
/// # Errors
///
/// The same.
pub fn vp8_decoder(frame: &[u8]) -> Result<Vp8Decoder<'_>> {
    Vp8Decoder::with(frame, None)
}

/// As [`decode_lossy_rgba`](crate::decode_lossy_rgba).
///
/// # Errors
///
/// The same.
pub fn decode_lossy_rgba(
    frame: &[u8],
    alpha: Option<&[u8]>,
    sink: &mut impl RowSink,
    timer: &CpuTimer<'_>,
) -> Result<()> {
    rgba::decode_with(frame, alpha, sink, timer, None)
}

/// As [`decode_lossless`](crate::decode_lossless).
///
/// # Errors
///
/// The same.
pub fn decode_lossless(
    data: &[u8],
    size: Size,
    layout: Layout,
    sink: &mut impl RowSink,
    timer: &CpuTimer<'_>,
) -> Result<()> {
    vp8l::picture::decode_with(data, size, layout, sink, timer, None)
}
