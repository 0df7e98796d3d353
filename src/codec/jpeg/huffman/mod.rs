//! Huffman-coded JPEGs of 8 bits, sequential or progressive (ITU-T T.81 annexes F and G), which is what cameras, phones
//! and the web write: decoded to planes in safe Rust, at the scale asked for, sample by sample as libjpeg-turbo does.
//!
//! Everything else is libjpeg-turbo's: [`decode`] says `None`.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod band;
mod bits;
mod blocks;
mod codes;
mod entropy;
mod idct;
mod markers;
mod progressive;
mod sequential;
mod tail;

#[cfg(test)]
mod tests;

#[cfg(all(test, target_arch = "x86_64"))]
pub(super) mod idct_for_tests {
    pub(in super::super) use super::avx2::inverse_avx2;
    pub(in super::super) use super::idct::{Pair, Samples, Tables};
}

use self::blocks::{Strip, Waiting};
pub(super) use self::entropy::Fault;
use self::idct::{Pair, Samples, Tables};
use self::markers::{Frame, Markers, Next, ScanHeader};
use self::progressive::{Coefficients, Pass};
use self::sequential::Scan;
pub(super) use self::tail::MAX_LEFT_OVER_BYTES;
use super::ffi::{self, Avx2};
use super::planes::{ReducedPlanes, divisors};
use crate::error::{Error, Result};
use crate::format::Format;
use crate::header::{Channels, Coding, Header};
use crate::pixels::{Pixels, zeroed};
use crate::plan::Plan;
use crate::watch::Meter;

/// Planes at the plan's DCT scales, reduced.
///
/// # Errors
///
/// `malformed`, `truncated`, `out_of_memory`, `deadline`, `cancelled`.
pub(super) fn decode(bytes: &[u8], header: &Header, plan: &Plan, meter: &Meter<'_>) -> Result<Option<Pixels>> {
    decode_on(Avx2::find(), bytes, header, plan, meter)
}

fn decode_on(
    avx2: Option<Avx2>,
    bytes: &[u8],
    header: &Header,
    plan: &Plan,
    meter: &Meter<'_>,
) -> Result<Option<Pixels>> {
    let coded = matches!(header.coding, Coding::JpegSequential { .. } | Coding::JpegProgressive { .. });
    if !coded || !matches!(header.channels, Channels::Ycbcr | Channels::Gray) {
        return Ok(None);
    }
    let mut markers = Markers::new(bytes);
    let Some(Next::Scan(first)) = markers.next() else { return Ok(None) };
    let Some(frame) = markers.frame.as_ref().filter(|frame| frame.size == header.coded_size) else { return Ok(None) };
    let rows = Rows::new(frame, plan, avx2, meter)?;
    if frame.progressive { progressive(bytes, markers, first, rows) } else { sequential(bytes, markers, first, rows) }
}

/// Decodes scans straight to samples until every component has had one.
fn sequential<'a>(
    file: &'a [u8],
    mut markers: Markers<'a>,
    mut header: ScanHeader<'a>,
    mut rows: Rows<'_>,
) -> Result<Option<Pixels>> {
    let mut done = vec![false; rows.strips.len()];
    loop {
        let Some(frame) = &markers.frame else { return Ok(None) };
        let Some(mut scan) = Scan::new(&markers, frame, &header, rows.sides())? else { return Ok(None) };
        if scan.places().any(|(place, _)| std::mem::replace(&mut done[place], true)) {
            return Err(contradiction());
        }
        for _ in 0..scan.rows() {
            rows.meter.check()?;
            ffi::run(Work::Sequential(&mut scan, &mut rows.strips), rows.avx2)?;
            rows.push(scan.places())?;
        }
        markers.resume(tail::after_sequential(&mut scan, file, rows.meter)?);
        if done.iter().all(|&done| done) {
            return rows.finish().map(Some);
        }
        header = match markers.next() {
            Some(Next::Scan(next)) => next,
            Some(Next::End | Next::Nothing) => return Err(Fault::Ended.into()),
            None => return Ok(None),
        };
    }
}

/// Decodes scans into coefficients, until none can be missing or the image ends, and those to samples.
fn progressive<'a>(
    file: &'a [u8],
    mut markers: Markers<'a>,
    mut header: ScanHeader<'a>,
    mut rows: Rows<'_>,
) -> Result<Option<Pixels>> {
    let Some(frame) = &markers.frame else { return Ok(None) };
    let mut coefficients = Coefficients::new(frame)?;
    loop {
        let Some(mut pass) = Pass::new(&markers, &header)? else { return Ok(None) };
        if !coefficients.expect(&header) {
            return Err(contradiction());
        }
        for row in 0..coefficients.rows(&pass) {
            rows.meter.check()?;
            ffi::run(Work::Progressive(&mut coefficients, &mut pass, row), rows.avx2)?;
        }
        let last = coefficients.are_complete();
        markers.resume(tail::after_progressive(&mut pass, file, last)?);
        if last {
            break;
        }
        header = match markers.next() {
            Some(Next::Scan(next)) => next,
            // An encoder may leave the last bits out; without the end of the image, they may as well be missing.
            Some(Next::End) => break,
            Some(Next::Nothing) => return Err(Fault::Ended.into()),
            None => return Ok(None),
        };
    }
    let Some(frame) = &markers.frame else { return Ok(None) };
    let Some(tables) = frame.components.iter().map(|c| c.table).collect::<Option<Vec<_>>>() else { return Ok(None) };
    let mut waiting = rows.sides().map(Waiting::new);
    for row in 0..frame.mcus().1 as usize {
        rows.meter.check()?;
        ffi::run(Work::Transform(&coefficients, row, &tables, &mut waiting, &mut rows.strips), rows.avx2)?;
        rows.push(frame.components.iter().map(|component| component.v as usize).enumerate())?;
    }
    rows.finish().map(Some)
}

fn contradiction() -> Error {
    Error::malformed(Format::Jpeg, "scans that contradict each other")
}

/// Strips of every component on their way to the reduction.
struct Rows<'m> {
    divisors: [u32; 2],
    strips: Vec<Strip>,
    output: ReducedPlanes,
    avx2: Option<Avx2>,
    meter: &'m Meter<'m>,
}

impl<'m> Rows<'m> {
    fn new(frame: &Frame, plan: &Plan, avx2: Option<Avx2>, meter: &'m Meter<'m>) -> Result<Self> {
        let divisors = divisors(plan);
        let (mut components, mut strips) = (Vec::new(), Vec::new());
        for (index, component) in frame.components.iter().enumerate() {
            let divisor = divisors[usize::from(index > 0)];
            components.push((frame.component_size(component, divisor), (component.h, component.v)));
            let side = 8 / divisor;
            let stride = (frame.mcus().0 * component.h * side) as usize;
            strips.push(Strip { stride, samples: zeroed(stride * (component.v * side) as usize)? });
        }
        let size = components.first().map_or(frame.size, |(size, _)| *size);
        Ok(Self { divisors, strips, output: ReducedPlanes::new(size, &components, plan)?, avx2, meter })
    }

    /// Samples per side of a block, of luma and of chroma.
    fn sides(&self) -> [usize; 2] {
        self.divisors.map(|divisor| 8 / divisor as usize)
    }

    /// Hands on what was decoded: the strips at these places, each with its rows of blocks.
    fn push(&mut self, decoded: impl Iterator<Item = (usize, usize)>) -> Result<()> {
        let sides = self.sides();
        for (place, rows_of_blocks) in decoded {
            let Strip { stride, samples } = &self.strips[place];
            let rows = rows_of_blocks * sides[usize::from(place > 0)];
            self.output.push(place, &samples[..rows * stride], *stride)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Pixels> {
        self.output.finish()
    }
}

/// What is compiled once for any machine and once for those with AVX2.
pub(super) enum Work<'w, 'a> {
    /// A row of MCUs of a sequential scan, into strips.
    Sequential(&'w mut Scan<'a>, &'w mut [Strip]),
    /// A row of a progressive scan.
    Progressive(&'w mut Coefficients, &'w mut Pass<'a>, usize),
    /// A row of MCUs of coefficients, into strips.
    Transform(&'w Coefficients, usize, &'w [[i16; 64]], &'w mut [Waiting; 2], &'w mut [Strip]),
}

impl Work<'_, '_> {
    #[inline(always)]
    fn run(self, inverse: impl Fn(&Pair, Tables<'_>, usize, &mut Samples)) -> Result<(), Fault> {
        match self {
            Self::Sequential(scan, strips) => scan.row(strips, inverse),
            Self::Progressive(coefficients, pass, row) => coefficients.read(pass, row),
            Self::Transform(coefficients, row, tables, waiting, strips) => {
                coefficients.transform(row, tables, waiting, strips, inverse);
                Ok(())
            }
        }
    }

    /// On any machine.
    pub(super) fn run_portable(self) -> Result<(), Fault> {
        self.run(idct::inverse)
    }

    /// With AVX2 and bit instructions.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
    pub(super) fn run_avx2(self) -> Result<(), Fault> {
        self.run(|pair, tables, side, samples| avx2::inverse_avx2(pair, tables, side, samples))
    }
}
