//! Every decoder, and what reads prefix codes before it, looks at its budget.

use std::fs;
use std::path::Path;
use std::time::Duration;

use image_ingest_samples::{Budget, CancellationToken, CpuTimer, DecodeError, Layout, RowSink, SampleRows, WorkError};

use crate::result::Result;
use crate::{Container, LosslessLayout, Vp8Decoder, decode_lossless, decode_lossy_rgba};

/// Counts the rows of the first plane, and cancels the job after some.
struct CancelAfter<'t> {
    rows: usize,
    left: usize,
    token: &'t CancellationToken,
}

impl RowSink for CancelAfter<'_> {
    fn take_rows(
        &mut self,
        plane: usize,
        rows: SampleRows<'_>,
        _: &CpuTimer<'_>,
    ) -> std::result::Result<(), WorkError> {
        if plane == 0 {
            self.rows += rows.samples.len() / rows.stride;
            self.left = self.left.saturating_sub(1);
        }
        if self.left == 0 {
            self.token.cancel();
        }
        Ok(())
    }
}

fn is_cancelled(result: &Result<()>) -> bool {
    matches!(result, Err(DecodeError::Work(WorkError::Cancelled)))
}

/// How many rows come of a picture that is cancelled at the `calls`th call of its sink.
fn rows_until_cancelled(name: &str, calls: usize) -> usize {
    let file = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/webp").join(name)).unwrap();
    let image = Container::read(&file, &CpuTimer::default()).unwrap().image;
    let token = CancellationToken::new();
    let budget = Budget::new(Duration::from_secs(1000), token.clone());
    let timer: CpuTimer<'_> = budget.timer();
    let mut sink = CancelAfter { rows: 0, left: calls, token: &token };
    let result = match (image.frame(), image.alpha) {
        (Ok(frame), true) => decode_lossy_rgba(frame, image.alpha_chunk(), &mut sink, &timer),
        (Ok(frame), false) => Vp8Decoder::new(frame).unwrap().decode(&mut sink, &timer),
        (Err(_), _) => decode_lossless(image.vp8l_data(), image.size, Layout::Rgba, &mut sink, &timer),
    };
    assert!(is_cancelled(&result), "{name}: {result:?}");
    if image.frame().is_err() {
        let read = LosslessLayout::read(image.vp8l_data(), image.size, &timer).map(|_| ());
        assert!(is_cancelled(&read), "{name}");
    }
    sink.rows
}

#[test]
fn a_cancelled_picture_ends_before_its_next_row() {
    assert_eq!(rows_until_cancelled("lossy.webp", 1), 16);
    assert_eq!(rows_until_cancelled("lossy_alpha.webp", 3), 3);
    assert_eq!(rows_until_cancelled("lossless.webp", 5), 5);
    assert_eq!(rows_until_cancelled("lossless_alpha.webp", 1), 1);
}
