//! Decodes a JPEG: planes as stored where the components are Y′CbCr or gray, else RGB or CMYK. Huffman-coded planes are
//! ours, everything else libjpeg-turbo's.

use super::ffi::{Component, Decoder, Failure, Output, Shape, Status, warned};
use super::huffman::{self, MAX_LEFT_OVER_BYTES};
use super::planes::{ReducedPlanes, divisors};
use super::trailer::samsung_trailer;
use crate::error::{Error, Result};
use crate::format::Format;
use crate::header::{Coding, Header};
use crate::limits::Limits;
use crate::pixels::{Layout, Pixels, Raster, Samples, count, zeroed};
use crate::plan::Plan;
use crate::size::Size;
use crate::watch::Meter;

/// Decodes at the plan's DCT scale.
///
/// Planes are full-range BT.601 with centred chroma (ITU-T T.871).
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `limit_exceeded`, `out_of_memory`, `deadline`, `cancelled`.
pub(crate) fn decode(bytes: &[u8], header: &Header, plan: &Plan, limits: &Limits, meter: &Meter<'_>) -> Result<Pixels> {
    match huffman::decode(bytes, header, plan, meter)? {
        Some(planes) => Ok(planes),
        None => decode_by_libjpeg_turbo(bytes, header, plan, limits, meter),
    }
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
    meter: &Meter<'_>,
) -> Result<Pixels> {
    let failed = |failure| failed(failure, limits, meter);
    let max_memory = usize::try_from(limits.max_memory_bytes).unwrap_or(usize::MAX);
    let mut decoder = Decoder::new(meter).map_err(failed)?;
    let divisors = divisors(plan);
    let divisor = divisors[0];
    // Where EOI is missing, libjpeg-turbo takes what follows the scan for more of it.
    let trailer = samsung_trailer(bytes).filter(|trailer| trailer.is_certain);
    let picture = trailer.and_then(|trailer| bytes.get(..trailer.start)).unwrap_or(bytes);
    let shape = decoder.start(picture, divisors, max_memory).map_err(failed)?;
    let Size { width, height } = header.coded_size;
    if (shape.width, shape.height) != (width.div_ceil(divisor), height.div_ceil(divisor)) {
        return Err(Error::internal("libjpeg-turbo sees another size than the probe"));
    }
    let pixels = match shape.output {
        Output::Planes => planes(&mut decoder, &shape, plan, failed)?,
        Output::Rgb => Pixels::Interleaved(interleaved(&mut decoder, &shape, Layout::Rgb, failed)?),
        Output::Cmyk => Pixels::Interleaved(ink(interleaved(&mut decoder, &shape, Layout::Cmyk, failed)?)),
    };
    decoder.finish().map_err(failed)?;
    refuse_damage(decoder.warnings(), decoder.left_over(), &header.coding)?;
    Ok(pixels)
}

fn planes(decoder: &mut Decoder<'_>, shape: &Shape, plan: &Plan, failed: impl Fn(Failure) -> Error) -> Result<Pixels> {
    let component = |c: &Component| (Size::new(c.width, c.height), (c.h_samp, c.v_samp));
    let components: Vec<_> = shape.components.iter().map(component).collect();
    let mut planes = ReducedPlanes::new(Size::new(shape.width, shape.height), &components, plan)?;
    let strip = |c: &Component| zeroed((c.stride as usize).saturating_mul(c.strip_rows as usize));
    let mut strips = shape.components.iter().map(strip).collect::<Result<Vec<Vec<u8>>>>()?;
    for _ in 0..shape.strips {
        decoder.read_planes(&mut strips).map_err(&failed)?;
        for (index, (strip, component)) in strips.iter().zip(&shape.components).enumerate() {
            planes.push(index, strip, component.stride as usize)?;
        }
    }
    planes.finish()
}

fn interleaved(
    decoder: &mut Decoder<'_>,
    shape: &Shape,
    layout: Layout,
    failed: impl Fn(Failure) -> Error,
) -> Result<Raster> {
    let size = Size::new(shape.width, shape.height);
    let len = count(size, layout.channels()).ok_or_else(|| Error::internal("a raster beyond the address space"))?;
    let mut samples = zeroed(len)?;
    for row in samples.chunks_exact_mut(shape.width as usize * layout.channels()) {
        decoder.read_row(row).map_err(&failed)?;
    }
    Raster::new(size, layout, Samples::U8(samples))
}

/// Ink amounts from stored values: CMYK JPEGs hold 255 for no ink, as Adobe Photoshop writes them and as Pillow and
/// the browsers read them, with or without an Adobe marker.
fn ink(mut raster: Raster) -> Raster {
    if let Samples::U8(samples) = &mut raster.samples {
        samples.iter_mut().for_each(|s| *s = 255 - *s);
    }
    raster
}

/// Sorts libjpeg-turbo's warnings into damage, which is refused, and what long practice shows to be harmless.
///
/// The end of the data alone is no damage in a sequential file: the decoder looks ahead, and asks again only when a
/// code is really missing ([`warned::HIT_MARKER`]). A progressive file always reads to its end, so there it is.
///
/// libjpeg-turbo's fast Huffman decoder takes an impossible code for a zero and says nothing. What tells is that the scan
/// then ends elsewhere: short of data, or with some left over. Padding is no code, and a stray word or two is common.
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

/// Why the meter stopped libjpeg-turbo.
pub(crate) fn stopped(meter: &Meter<'_>) -> Error {
    meter.check().err().unwrap_or_else(|| Error::internal("libjpeg-turbo stopped by itself"))
}

fn failed(failure: Failure, limits: &Limits, meter: &Meter<'_>) -> Error {
    let limit = limits.max_memory_bytes;
    match failure.status {
        Status::NoMemory => Error::OutOfMemory { bytes: 0 },
        Status::MemoryLimit => Error::LimitExceeded { what: "memory bytes", limit, actual: limit.saturating_add(1) },
        Status::Unsupported => Error::unsupported(Format::Jpeg, failure.message),
        Status::Stopped => stopped(meter),
        Status::Failed => Error::malformed_by(Format::Jpeg, "libjpeg-turbo cannot read it", failure.message),
    }
}
