//! Decodes Huffman-coded frames of planes, sequential or progressive.

use image_ingest_samples::{CpuTimer, DecodeError, RowSink, Size};

use crate::blocks::PendingBlocks;
use crate::dispatch::{self, Avx2};
use crate::entropy::ScanFault;
use crate::frame::PlanarFrame;
use crate::progressive::{Coefficients, ProgressiveScan};
use crate::result::Result;
use crate::rows::McuRows;
use crate::scale::DctScale;
use crate::sequential::SequentialScan;
use crate::tables::{Next, ScanStart, Tables};
use crate::tail;
use crate::work::Work;

/// A file whose frame is known, up to its first scan.
pub struct HuffmanDecoder<'a> {
    file: &'a [u8],
    tables: Tables<'a>,
    first: ScanStart<'a>,
    size: Size,
    avx2: Option<Avx2>,
}

impl<'a> HuffmanDecoder<'a> {
    /// Reads a file up to its first scan; `None` where it is not one for this decoder.
    ///
    /// What the decoder knows: Huffman coding, 8 bits, one component or luma and two chroma components whose sampling
    /// factors divide those of luma. Whether three components are Y′CbCr is for the caller to know.
    #[must_use]
    pub fn new(file: &'a [u8]) -> Option<Self> {
        let mut tables = Tables::new(file);
        let Some(Next::Scan(first)) = tables.next() else { return None };
        let size = tables.frame.as_ref()?.size;
        Some(Self { file, tables, first, size, avx2: Avx2::find() })
    }

    /// The same, with code that any machine runs.
    #[cfg(test)]
    pub(crate) fn portable(self) -> Self {
        Self { avx2: None, ..self }
    }

    /// Width and height of the picture.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// Horizontal and vertical sampling factors of each component.
    #[must_use]
    pub fn sampling(&self) -> Vec<(u8, u8)> {
        let factor = |factor: u32| u8::try_from(factor).unwrap_or(1);
        self.frame().map(|f| f.components.iter().map(|c| (factor(c.h), factor(c.v))).collect()).unwrap_or_default()
    }

    /// Width and height of the luma plane at a DCT scale.
    #[must_use]
    pub fn luma_size(&self, scale: DctScale) -> Size {
        let luma = self.frame().and_then(|f| Some(f.component_size(f.components.first()?, scale.divisor())));
        luma.unwrap_or(self.size)
    }

    fn frame(&self) -> Option<&PlanarFrame> {
        self.tables.frame.as_ref()
    }

    /// Decodes to planes at the DCT scales of luma and of chroma, and hands their rows to `sink`.
    ///
    /// The samples are those of libjpeg-turbo's accurate integer DCT, and of its reduced ones below full scale.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`], [`DecodeError::Truncated`]; [`DecodeError::Unsupported`] where something further on
    /// in the file is not for this decoder; [`DecodeError::Work`], with the errors of `sink`.
    pub fn decode(self, scales: [DctScale; 2], sink: &mut dyn RowSink, timer: &CpuTimer<'_>) -> Result<()> {
        let frame = self.tables.frame.as_ref().ok_or_else(unknown)?;
        let rows = McuRows::new(frame, scales, sink, self.avx2, timer)?;
        if frame.progressive {
            progressive(self.file, self.tables, self.first, rows)
        } else {
            sequential(self.file, self.tables, self.first, rows)
        }
    }
}

/// Decodes scans straight to samples until every component has had one.
fn sequential<'a>(
    file: &'a [u8],
    mut tables: Tables<'a>,
    mut start: ScanStart<'a>,
    mut rows: McuRows<'_>,
) -> Result<()> {
    let mut done = vec![false; rows.components.len()];
    loop {
        let frame = tables.frame.as_ref().ok_or_else(unknown)?;
        let mut scan = SequentialScan::new(&tables, frame, &start, rows.sides())?.ok_or_else(unknown)?;
        if scan.indices().any(|(index, _)| std::mem::replace(&mut done[index], true)) {
            return Err(contradiction());
        }
        for _ in 0..scan.rows() {
            rows.timer.check()?;
            dispatch::run(Work::Sequential(&mut scan, &mut rows.components), rows.avx2)?;
            rows.hand_on(scan.indices())?;
        }
        tables.resume(tail::after_sequential(&mut scan, file, rows.timer)?);
        if done.iter().all(|&done| done) {
            return Ok(());
        }
        start = match tables.next().ok_or_else(unknown)? {
            Next::Scan(next) => next,
            Next::EndOfImage | Next::EndOfData => return Err(ScanFault::Ended.into()),
        };
    }
}

/// Decodes scans into coefficients, until none can be missing or the image ends, and those to samples.
fn progressive<'a>(
    file: &'a [u8],
    mut tables: Tables<'a>,
    mut start: ScanStart<'a>,
    mut rows: McuRows<'_>,
) -> Result<()> {
    let mut coefficients = Coefficients::new(tables.frame.as_ref().ok_or_else(unknown)?)?;
    loop {
        let mut pass = ProgressiveScan::new(&tables, &start)?.ok_or_else(unknown)?;
        if !coefficients.expect(&start) {
            return Err(contradiction());
        }
        for row in 0..coefficients.rows(&pass) {
            rows.timer.check()?;
            dispatch::run(Work::Progressive(&mut coefficients, &mut pass, row), rows.avx2)?;
        }
        let last = coefficients.are_complete();
        tables.resume(tail::after_progressive(&mut pass, file, last)?);
        if last {
            break;
        }
        start = match tables.next().ok_or_else(unknown)? {
            Next::Scan(next) => next,
            // An encoder may leave the last bits out; without the end of the image, they may as well be missing.
            Next::EndOfImage => break,
            Next::EndOfData => return Err(ScanFault::Ended.into()),
        };
    }
    let frame = tables.frame.as_ref().ok_or_else(unknown)?;
    let quantisers = frame.components.iter().map(|c| c.table).collect::<Option<Vec<_>>>().ok_or_else(unknown)?;
    let mut pending = rows.sides().map(PendingBlocks::new);
    for row in 0..frame.mcus().1 as usize {
        rows.timer.check()?;
        dispatch::run(Work::Transform(&coefficients, row, &quantisers, &mut pending, &mut rows.components), rows.avx2)?;
        rows.hand_on(frame.components.iter().map(|component| component.v as usize).enumerate())?;
    }
    Ok(())
}

fn unknown() -> DecodeError {
    DecodeError::unsupported("something other than Huffman-coded planes of 8 bits")
}

fn contradiction() -> DecodeError {
    DecodeError::malformed("scans that contradict each other")
}
