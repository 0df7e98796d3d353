//! Decodes Huffman-coded frames of planes: reads the scans in order and decides when the picture is whole.

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

/// Decodes a Huffman-coded file to planes, and hands rows of them to a sink.
///
/// A value of this type has read its file up to the first scan. Sequential files need memory for one row of MCUs.
/// Progressive files need two bytes and an eighth for each coefficient.
///
/// Luma and chroma have DCT scales of their own. libjpeg enlarges subsampled chroma when it scales down, but planes are
/// wanted as they are stored or smaller: the chroma of 4:4:4 and 4:2:2 files has further to go to 4:2:0 than luma.
///
/// ```
/// use image_ingest_jpeg::{DctScale, HuffmanDecoder};
/// use image_ingest_samples::{CpuTimer, RowSink, SampleSlice, Size, WorkError};
///
/// struct Rows(Vec<Vec<u8>>);
///
/// impl RowSink for Rows {
///     fn take_rows(&mut self, _plane: usize, rows: SampleSlice<'_>, stride: usize) -> Result<(), WorkError> {
///         let SampleSlice::U8(rows) = rows else { unreachable!("samples have 8 bits") };
///         self.0.extend(rows.chunks(stride).map(<[u8]>::to_vec));
///         Ok(())
///     }
/// }
///
/// // One component of 16 × 8 pixels: a block with the DC difference 5, and one with −5 from there.
/// let counts = b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
/// let file = [
///     &b"\xFF\xD8\xFF\xDB\0\x43\0"[..], &[16; 64],
///     b"\xFF\xC0\0\x0B\x08\0\x08\0\x10\x01\x01\x11\0",
///     b"\xFF\xC4\0\x26\x00", counts, b"\x03\x10", counts, b"\x00",
///     b"\xFF\xDA\0\x08\x01\x01\0\0\x3F\0", &[0b0_101_0_0_01, 0b0_0_111111], b"\xFF\xD9",
/// ]
/// .concat();
/// let decoder = HuffmanDecoder::new(&file).expect("a file for this decoder");
/// assert_eq!((decoder.size(), decoder.luma_size(DctScale::Half)), (Size::new(16, 8), Size::new(8, 4)));
/// let mut rows = Rows(Vec::new());
/// decoder.decode([DctScale::Half; 2], &mut rows, &CpuTimer::default())?;
/// assert_eq!(rows.0, vec![[138, 138, 138, 138, 128, 128, 128, 128]; 4]);
/// # Ok::<(), image_ingest_samples::DecodeError>(())
/// ```
pub struct HuffmanDecoder<'a> {
    file: &'a [u8],
    tables: Tables<'a>,
    first: ScanStart<'a>,
    size: Size,
    avx2: Option<Avx2>,
}

impl<'a> HuffmanDecoder<'a> {
    /// Reads a file up to its first scan. The result is `None` for a file that this decoder does not know, or that is
    /// damaged before its first scan.
    ///
    /// The decoder knows frames of Huffman coding and 8 bits, with one component, or with luma and two chroma
    /// components whose sampling factors are equal and divide those of luma. The caller must know that three components
    /// are Y′CbCr.
    #[must_use]
    pub fn new(file: &'a [u8]) -> Option<Self> {
        let mut tables = Tables::new(file);
        let Some(Next::Scan(first)) = tables.next() else { return None };
        let size = tables.frame.as_ref()?.size;
        Some(Self { file, tables, first, size, avx2: Avx2::find() })
    }

    /// The same decoder without AVX2.
    #[cfg(test)]
    pub(crate) fn portable(self) -> Self {
        Self { avx2: None, ..self }
    }

    /// The width and height of the picture in pixels.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// The horizontal and vertical sampling factors of each component, 1–4. A single component has (1, 1), whatever the
    /// file says (§ A.2.2).
    #[must_use]
    pub fn sampling(&self) -> Vec<(u8, u8)> {
        let factor = |factor: u32| u8::try_from(factor).unwrap_or(1);
        self.frame().map(|f| f.components.iter().map(|c| (factor(c.h), factor(c.v))).collect()).unwrap_or_default()
    }

    /// The width and height of the luma plane at a DCT scale, in samples.
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
    /// Rows come from the top, a row of MCUs of each plane at a time. Their stride is that of whole MCUs, so samples
    /// beyond the width of the picture may follow. Rows below the picture are left out. The samples are those of
    /// libjpeg-turbo's accurate integer DCT at full scale, and of its reduced ones below.
    ///
    /// The end of the file decides nothing once the picture is whole. `timer` is asked before each row of MCUs.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`] and [`DecodeError::Truncated`] for damage; [`DecodeError::Unsupported`] where
    /// something behind the first scan header is not for this decoder; [`DecodeError::Work`] when memory or the budget
    /// is exhausted, or `sink` fails.
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

/// Decodes scans straight to samples until every component has had one. What follows in the file decides nothing then.
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

/// Decodes scans into coefficients until no scan can be missing or the image ends, then transforms them to samples.
///
/// The end of the image is needed only while a bit of some coefficient is unknown (see [`crate::precision`]).
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
            // An encoder may leave the last bits out, and then ends the image. Without its end, a scan is missing.
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
