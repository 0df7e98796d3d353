//! Decodes a JPEG: to planes as stored where the components are Y′CbCr or gray, else to RGB or CMYK.
//!
//! `image-ingest-jpeg` decodes Huffman-coded planes, libjpeg-turbo everything else.

use image_ingest_c_decoders::jpeg::{Failure, Status, TurboComponent, TurboDecoder, TurboOutput, TurboShape, warned};
use image_ingest_jpeg::{HuffmanDecoder, MAX_LEFT_OVER_BYTES, samsung_trailer};
use image_ingest_samples::{
    CpuTimer, DecodeError, Layout, Raster, RowSink, SampleSlice, Samples, Size, sample_count, zeroed,
};

use super::planes::reducer;
use crate::error::{Error, Result};
use crate::header::{Channels, Coding, Header};
use crate::pixels::Pixels;
use crate::plan::Plan;
use crate::upload::format::Format;
use crate::upload::limits::Limits;

/// Decodes at the plan's DCT scale.
///
/// Planes are full-range BT.601 with centred chroma (ITU-T T.871).
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn decode(
    bytes: &[u8],
    header: &Header,
    plan: &Plan,
    limits: &Limits,
    timer: &CpuTimer<'_>,
) -> Result<Pixels> {
    match decode_planes(bytes, header, plan, timer) {
        Some(Err(DecodeError::Unsupported { .. })) | None => {
            decode_by_libjpeg_turbo(bytes, header, plan, limits, timer)
        }
        Some(decoded) => decoded.map_err(|error| Error::in_format(Format::Jpeg, error)),
    }
}

/// Decodes Huffman-coded planes. The result is `None` for a file of another kind.
pub(super) fn decode_planes(
    bytes: &[u8],
    header: &Header,
    plan: &Plan,
    timer: &CpuTimer<'_>,
) -> Option<Result<Pixels, DecodeError>> {
    if !matches!(header.channels, Channels::Ycbcr | Channels::Gray) {
        return None;
    }
    let decoder = HuffmanDecoder::new(bytes).filter(|decoder| decoder.size() == header.coded_size)?;
    let decode = || {
        let mut planes = reducer(decoder.luma_size(plan.scale), &decoder.sampling(), plan)?;
        decoder.decode([plan.scale, plan.chroma_scale], &mut planes, timer)?;
        Ok(Pixels::ReducedYcbcr(planes.finish()?))
    };
    Some(decode())
}

/// Decodes with libjpeg-turbo, whatever the coding.
///
/// # Errors
///
/// As [`decode`].
pub(crate) fn decode_by_libjpeg_turbo(
    bytes: &[u8],
    header: &Header,
    plan: &Plan,
    limits: &Limits,
    timer: &CpuTimer<'_>,
) -> Result<Pixels> {
    let failed = |failure| failed(failure, limits, timer);
    let max_memory = usize::try_from(limits.max_memory_bytes).unwrap_or(usize::MAX);
    let mut decoder = TurboDecoder::new(timer).map_err(failed)?;
    let divisors = [plan.scale.divisor(), plan.chroma_scale.divisor()];
    let divisor = divisors[0];
    // Without an end of the image, libjpeg-turbo takes what follows the scan for more of it.
    let trailer = samsung_trailer(bytes).filter(|trailer| trailer.is_certain);
    let picture = trailer.and_then(|trailer| bytes.get(..trailer.start)).unwrap_or(bytes);
    let shape = decoder.start(picture, divisors, max_memory).map_err(failed)?;
    let Size { width, height } = header.coded_size;
    if (shape.width, shape.height) != (width.div_ceil(divisor), height.div_ceil(divisor)) {
        return Err(Error::internal("libjpeg-turbo sees another size than the probe"));
    }
    let pixels = match shape.output {
        TurboOutput::Planes => planes(&mut decoder, &shape, plan, failed)?,
        TurboOutput::Rgb => Pixels::Interleaved(interleaved(&mut decoder, &shape, Layout::Rgb, failed)?),
        TurboOutput::Cmyk => Pixels::Interleaved(ink(interleaved(&mut decoder, &shape, Layout::Cmyk, failed)?)),
    };
    decoder.finish().map_err(failed)?;
    refuse_damage(decoder.warnings(), decoder.left_over(), &header.coding)?;
    Ok(pixels)
}

fn planes(
    decoder: &mut TurboDecoder<'_>,
    shape: &TurboShape,
    plan: &Plan,
    failed: impl Fn(Failure) -> Error,
) -> Result<Pixels> {
    let factor = |factor: u32| u8::try_from(factor).unwrap_or(1);
    let sampling: Vec<_> = shape.components.iter().map(|c| (factor(c.h_samp), factor(c.v_samp))).collect();
    let mut planes = reducer(Size::new(shape.width, shape.height), &sampling, plan)?;
    let mcu_row = |c: &TurboComponent| zeroed((c.stride as usize).saturating_mul(c.strip_rows as usize));
    let mut mcu_rows = shape.components.iter().map(mcu_row).collect::<Result<Vec<Vec<u8>>, _>>()?;
    let mut missing: Vec<_> = shape.components.iter().map(|c| c.height as usize).collect();
    for _ in 0..shape.strips {
        decoder.read_planes(&mut mcu_rows).map_err(&failed)?;
        for (plane, (samples, component)) in mcu_rows.iter().zip(&shape.components).enumerate() {
            let stride = component.stride as usize;
            let rows = (component.strip_rows as usize).min(missing[plane]);
            missing[plane] -= rows;
            if rows > 0 {
                planes.take_rows(plane, SampleSlice::U8(&samples[..rows * stride]), stride)?;
            }
        }
    }
    Ok(Pixels::ReducedYcbcr(planes.finish()?))
}

fn interleaved(
    decoder: &mut TurboDecoder<'_>,
    shape: &TurboShape,
    layout: Layout,
    failed: impl Fn(Failure) -> Error,
) -> Result<Raster> {
    let size = Size::new(shape.width, shape.height);
    let len =
        sample_count(size, layout.channels()).ok_or_else(|| Error::internal("a raster beyond the address space"))?;
    let mut samples = zeroed(len)?;
    for row in samples.chunks_exact_mut(shape.width as usize * layout.channels()) {
        decoder.read_row(row).map_err(&failed)?;
    }
    Ok(Raster::new(size, layout, Samples::U8(samples))?)
}

/// Ink amounts from stored values: CMYK JPEGs hold 255 for no ink, as Adobe Photoshop writes them and as Pillow and
/// the browsers read them, with or without an Adobe marker.
fn ink(mut raster: Raster) -> Raster {
    if let Samples::U8(samples) = &mut raster.samples {
        samples.iter_mut().for_each(|s| *s = 255 - *s);
    }
    raster
}

/// Refuses the damage that libjpeg-turbo only warns of. Warnings that long practice shows to be harmless pass.
///
/// The warning that the data has ended is no damage in a sequential file: the decoder looks ahead, and warns again
/// ([`warned::HIT_MARKER`]) only when a code is missing. A progressive file is always read to its end, so there the
/// warning is damage.
///
/// libjpeg-turbo's fast Huffman decoder takes an impossible code for a zero and says nothing. The scan then ends
/// elsewhere: with too little data, or with some left over. [`MAX_LEFT_OVER_BYTES`] without the padding are common.
fn refuse_damage(warnings: u32, left_over: u32, coding: &Coding) -> Result<()> {
    let warned = |bits: u32| warnings & bits != 0;
    let progressive = matches!(coding, Coding::JpegProgressive { .. });
    if warned(warned::END_OF_DATA) && (progressive || warned(warned::HIT_MARKER)) {
        return Err(Error::truncated(Format::Jpeg, "the data ends before the last scan does"));
    }
    let damage = [
        (warned::BAD_CODE, "an impossible entropy code"),
        (warned::HIT_MARKER, "a scan shorter than the image"),
        (warned::RESYNC, "restart markers out of order"),
        (warned::EXTRANEOUS_IN, "stray bytes inside a scan"),
        (warned::PROGRESSION, "scans that contradict each other"),
    ];
    match damage.into_iter().find(|(bit, _)| warned(*bit)) {
        Some((_, reason)) => Err(Error::malformed(Format::Jpeg, reason)),
        None if left_over as usize > MAX_LEFT_OVER_BYTES => {
            Err(Error::malformed(Format::Jpeg, "a scan longer than the image"))
        }
        None => Ok(()),
    }
}

/// Why the timer stopped libjpeg-turbo.
fn stopped(timer: &CpuTimer<'_>) -> Error {
    timer.check().err().map_or_else(|| Error::internal("libjpeg-turbo stopped by itself"), Into::into)
}

fn failed(failure: Failure, limits: &Limits, timer: &CpuTimer<'_>) -> Error {
    let limit = limits.max_memory_bytes;
    match failure.status {
        Status::NoMemory => Error::OutOfMemory { bytes: 0 },
        Status::MemoryLimit => Error::LimitExceeded { what: "memory bytes", limit, actual: limit.saturating_add(1) },
        Status::Unsupported => Error::unsupported(Format::Jpeg, failure.message),
        Status::Stopped => stopped(timer),
        Status::Failed => {
            Error::in_format(Format::Jpeg, DecodeError::malformed_by("libjpeg-turbo cannot read it", failure.message))
        }
    }
}
