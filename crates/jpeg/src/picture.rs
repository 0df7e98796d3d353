//! Reads the scans of a picture in order, and decides when the picture is whole.

use image_ingest_samples::DecodeError;

use crate::arithmetic::ArithmeticScan;
use crate::blocks::PendingPairs;
use crate::dispatch;
use crate::entropy::ScanFault;
use crate::frame::DctFrame;
use crate::progressive::{Coefficients, ProgressiveScan, TransformOutput};
use crate::result::Result;
use crate::rows::McuRows;
use crate::sequential::{MCUS_A_CHECK, SequentialScan};
use crate::store::CoefficientStore;
use crate::tables::{Next, ScanStart, Tables};
use crate::tail;
use crate::work::Work;

/// Decodes all scans of `file`, the first of which is `start`, to rows of samples.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`; `out_of_memory`, `deadline`, `cancelled`, and the errors of the sink.
pub(crate) fn decode<'a>(file: &'a [u8], tables: Tables<'a>, start: ScanStart<'a>, rows: McuRows<'_>) -> Result<()> {
    let frame = frame_of(&tables)?;
    if frame.progressive { progressive(file, tables, start, rows) } else { sequential(file, tables, start, rows) }
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
        if start.components.iter().any(|component| std::mem::replace(&mut done[component.index], true)) {
            return Err(contradiction());
        }
        let frame = frame_of(&tables)?;
        let rest = if frame.arithmetic {
            sequential_arithmetic(&tables, frame, &start, &mut rows)?
        } else {
            sequential_huffman(file, &tables, frame, &start, &mut rows)?
        };
        tables.resume(rest);
        if done.iter().all(|&done| done) {
            return Ok(());
        }
        start = match tables.next(rows.timer)? {
            Next::Scan(next) => next,
            Next::EndOfImage | Next::EndOfData => return Err(ScanFault::Ended.into()),
        };
    }
}

/// Decodes a scan of Huffman codes, and returns the data after it.
fn sequential_huffman<'a>(
    file: &[u8],
    tables: &Tables<'a>,
    frame: &DctFrame,
    start: &ScanStart<'a>,
    rows: &mut McuRows<'_>,
) -> Result<&'a [u8]> {
    let mut scan = SequentialScan::new(tables, frame, start, rows.sides)?;
    for _ in 0..scan.rows() {
        for from in (0..scan.mcus_across() as usize).step_by(MCUS_A_CHECK) {
            rows.timer.check()?;
            dispatch::run(Work::Sequential(&mut scan, from, &mut rows.components), rows.avx2)?;
        }
        rows.hand_on(scan.indices())?;
    }
    tail::after_sequential(&mut scan, file, rows.timer)
}

/// Decodes a scan of arithmetic coding by way of the coefficients of a row of MCUs, and returns the data after it.
fn sequential_arithmetic<'a>(
    tables: &Tables<'a>,
    frame: &DctFrame,
    start: &ScanStart<'a>,
    rows: &mut McuRows<'_>,
) -> Result<&'a [u8]> {
    let mut scan = ArithmeticScan::new(tables, start, false)?;
    let mut coefficients = Coefficients::new(frame, 1, rows.timer)?;
    let is_alone = scan.components().len() == 1;
    let rows_of_blocks = |&index: &usize| (index, if is_alone { 1 } else { coefficients.layout.of(index).v });
    let components: Vec<_> = scan.components().iter().map(rows_of_blocks).collect();
    let quantisers: Vec<_> = frame.components.iter().map(|component| component.table.unwrap_or([0; 64])).collect();
    let mut pending = PendingPairs::new(rows.sides);
    for _ in 0..coefficients.layout.mcus_of(scan.components()).1 {
        coefficients.clear();
        scan.read(&mut coefficients, 0, rows.timer)?;
        rows.timer.check()?;
        let output = TransformOutput {
            components: &components,
            tables: &quantisers,
            pending: &mut pending,
            mcu_rows: &mut rows.components,
        };
        dispatch::run(Work::Transform(&coefficients, 0, output), rows.avx2)?;
        rows.hand_on(components.iter().copied())?;
    }
    scan.finish(rows.timer)
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
    let arithmetic = frame_of(&tables)?.arithmetic;
    let mut store = CoefficientStore::new(frame_of(&tables)?, rows.timer)?;
    loop {
        let rest = if arithmetic {
            progressive_arithmetic(&tables, &start, &mut store, &rows)?
        } else {
            progressive_huffman(file, &tables, &start, &mut store, &rows)?
        };
        tables.resume(rest);
        if store.is_complete() {
            break;
        }
        start = match tables.next(rows.timer)? {
            Next::Scan(next) => next,
            // An encoder may leave the last bits out, and then ends the image. Without its end, a scan is missing.
            Next::EndOfImage => break,
            Next::EndOfData => return Err(ScanFault::Ended.into()),
        };
    }
    transform(frame_of(&tables)?, &mut store, &mut rows)?;
    store.free(rows.timer)
}

/// Reads a scan of Huffman codes, and returns the data after it.
fn progressive_huffman<'a>(
    file: &[u8],
    tables: &Tables<'a>,
    start: &ScanStart<'a>,
    store: &mut CoefficientStore,
    rows: &McuRows<'_>,
) -> Result<&'a [u8]> {
    let mut pass = ProgressiveScan::new(tables, start)?;
    if !store.expect(start, frame_of(tables)?, rows.timer)? {
        return Err(contradiction());
    }
    let deposits = rows.avx2.filter(|_| dispatch::deposits_fast());
    store.read(&mut pass, [rows.avx2, deposits], rows.timer)?;
    tail::after_progressive(&mut pass, file, store.is_complete(), rows.timer)
}

/// Reads a scan of arithmetic coding, and returns the data after it.
fn progressive_arithmetic<'a>(
    tables: &Tables<'a>,
    start: &ScanStart<'a>,
    store: &mut CoefficientStore,
    rows: &McuRows<'_>,
) -> Result<&'a [u8]> {
    let mut scan = ArithmeticScan::new(tables, start, true)?;
    if !store.expect(start, frame_of(tables)?, rows.timer)? {
        return Err(contradiction());
    }
    let coefficients = store.whole()?;
    for row in 0..coefficients.layout.mcus_of(scan.components()).1 {
        scan.read(coefficients, row, rows.timer)?;
    }
    scan.finish(rows.timer)
}

/// Transforms the coefficients of all components, a row of MCUs at a time.
fn transform(frame: &DctFrame, store: &mut CoefficientStore, rows: &mut McuRows<'_>) -> Result<()> {
    let quantisers: Option<Vec<_>> = frame.components.iter().map(|component| component.table).collect();
    let quantisers = quantisers.ok_or_else(|| DecodeError::truncated("a component has no scan"))?;
    let components: Vec<_> = frame.components.iter().map(|component| component.v as usize).enumerate().collect();
    let mut pending = PendingPairs::new(rows.sides);
    for row in 0..frame.mcus().1 as usize {
        rows.timer.check()?;
        let output = TransformOutput {
            components: &components,
            tables: &quantisers,
            pending: &mut pending,
            mcu_rows: &mut rows.components,
        };
        store.transform(row, output, rows.avx2)?;
        rows.timer.check()?;
        rows.hand_on(components.iter().copied())?;
    }
    Ok(())
}

fn frame_of<'t>(tables: &'t Tables<'_>) -> Result<&'t DctFrame> {
    tables.frame.as_ref().ok_or_else(|| DecodeError::malformed("no frame header"))
}

fn contradiction() -> DecodeError {
    DecodeError::malformed("scans that contradict each other")
}
