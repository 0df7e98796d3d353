//! Turns decoded rows into canonical ones, some at a time: reduced, sRGB, opaque. They still lie as they were stored.
//!
//! The order of the stages is written here and nowhere else. What each does to samples is in the engines.
//!
//! Planes of 8-bit BT.601 that need no colour conversion go on as planes. Everything else becomes RGB, and does so at
//! canonical size: chroma was reduced or enlarged straight to that grid, so the colour engine sees few pixels.

use std::time::Duration;

use image_ingest_color::{PlaneCoding, RangeStretch, RgbRows, SrgbConverter, compose};
use image_ingest_encode::{CanonicalKind, CanonicalSink};
use image_ingest_resize::ChromaGrid;
use image_ingest_samples::{CpuTimer, Layout, Moment, Range, SampleSlice, WorkError, reserve};

use crate::error::Result;
use crate::pixels::{ReducedRows, RowKind};
use crate::plan::Plan;

/// Turns reduced rows into canonical ones and gives them to a sink.
pub(crate) struct RowStages<'a> {
    plan: &'a Plan,
    sink: TimedSink<'a>,
    timer: CpuTimer<'a>,
    /// `None` before the codec has said what comes.
    way: Option<RowWay>,
    elapsed: Duration,
}

/// What was done to the rows, besides what the plan says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowsDone {
    /// Whether any pixel was transparent and shows the matte.
    pub(crate) alpha_composed: bool,
    /// What the stages took, without the sink.
    pub(crate) stages: Duration,
    /// What the sink took.
    pub(crate) sink: Duration,
}

/// A sink whose time is measured.
struct TimedSink<'a> {
    sink: &'a mut dyn CanonicalSink,
    elapsed: Duration,
}

/// The stages that a picture's rows go through.
enum RowWay {
    Planes(PlaneStage),
    /// Planes that become interleaved.
    ToRgb(RgbRows, InterleavedStage),
    Interleaved(InterleavedStage),
}

impl<'a> RowStages<'a> {
    /// Stages of the picture that `plan` describes. `timer` measures nothing, as all of this is work inside of a decoder's.
    pub(crate) fn new(plan: &'a Plan, sink: &'a mut dyn CanonicalSink, timer: CpuTimer<'a>) -> Self {
        let (sink, elapsed) = (TimedSink { sink, elapsed: Duration::ZERO }, Duration::ZERO);
        Self { plan, sink, timer, way: None, elapsed }
    }

    /// Ends the rows.
    ///
    /// # Errors
    ///
    /// `internal` where a plane has more rows than another.
    pub(crate) fn finish(self) -> Result<RowsDone> {
        let alpha_composed = match &self.way {
            Some(RowWay::ToRgb(planes, _)) if !planes.is_empty() => {
                return Err(WorkError::internal("planes of different lengths").into());
            }
            Some(RowWay::ToRgb(_, stage) | RowWay::Interleaved(stage)) => stage.alpha_composed,
            _ => false,
        };
        let sink = self.sink.elapsed;
        Ok(RowsDone { alpha_composed, stages: self.elapsed.saturating_sub(sink), sink })
    }

    fn way(&self, kind: RowKind) -> Result<(RowWay, CanonicalKind)> {
        let width = self.plan.target.width as usize;
        let interleaved = |layout, is_deep| InterleavedStage::new(self.plan, layout, is_deep, &self.timer);
        Ok(match kind {
            RowKind::Ycbcr { coding, has_chroma } => match self.plan.chroma_grid(coding.bit_depth, coding.matrix) {
                ChromaGrid::Half => {
                    let kind = if has_chroma { CanonicalKind::Ycbcr420 } else { CanonicalKind::Gray };
                    (RowWay::Planes(PlaneStage::new(coding)), kind)
                }
                ChromaGrid::Full => {
                    let at_once = rows_at_once(width) * width;
                    let planes = RgbRows::new(coding, has_chroma, at_once, &self.timer)?;
                    let stage = interleaved(planes.layout(), coding.bit_depth > 8)?;
                    let kind = stage.kind();
                    (RowWay::ToRgb(planes, stage), kind)
                }
            },
            RowKind::Interleaved { layout, is_deep } => {
                let stage = interleaved(layout, is_deep)?;
                let kind = stage.kind();
                (RowWay::Interleaved(stage), kind)
            }
        })
    }
}

impl ReducedRows for RowStages<'_> {
    fn begin(&mut self, kind: RowKind) -> Result<()> {
        let started = Moment::now();
        let (way, kind) = self.way(kind)?;
        self.sink.sink.begin(kind, self.plan.target)?;
        self.way = Some(way);
        self.elapsed += started.elapsed();
        Ok(())
    }

    fn take(&mut self, plane: usize, rows: SampleSlice<'_>) -> Result<(), WorkError> {
        let started = Moment::now();
        let Self { way, sink, timer, .. } = self;
        match way.as_mut().ok_or_else(|| WorkError::internal("rows before their kind"))? {
            RowWay::Planes(stage) => stage.take(plane, rows, sink, timer)?,
            RowWay::ToRgb(planes, stage) => {
                planes.take(plane, rows, timer, |rows| stage.take(rows, sink, timer))?;
            }
            RowWay::Interleaved(stage) => {
                rows.parts(stage.piece).try_for_each(|piece| stage.take(piece, sink, timer))?;
            }
        }
        self.elapsed += started.elapsed();
        Ok(())
    }
}

impl TimedSink<'_> {
    fn take(&mut self, plane: usize, rows: &[u8], timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        let started = Moment::now();
        let result = self.sink.take(plane, rows, timer);
        self.elapsed += started.elapsed();
        result
    }
}

/// Planes that stay planes, and are stretched to full range where theirs is limited.
struct PlaneStage {
    stretch: Option<RangeStretch>,
    stretched: Vec<u8>,
}

impl PlaneStage {
    fn new(coding: PlaneCoding) -> Self {
        let stretch = (coding.range == Range::Limited).then(RangeStretch::new);
        Self { stretch, stretched: Vec::new() }
    }

    fn take(
        &mut self,
        plane: usize,
        rows: SampleSlice<'_>,
        sink: &mut TimedSink<'_>,
        timer: &CpuTimer<'_>,
    ) -> Result<(), WorkError> {
        let SampleSlice::U8(rows) = rows else { return Err(WorkError::internal("16-bit planes cannot be encoded")) };
        let Some(stretch) = &self.stretch else { return sink.take(plane, rows, timer) };
        self.stretched.clear();
        reserve(&mut self.stretched, rows.len())?;
        self.stretched.extend_from_slice(rows);
        stretch.apply(plane, &mut self.stretched);
        sink.take(plane, &self.stretched, timer)
    }
}

/// Interleaved samples, which are converted and composed.
struct InterleavedStage {
    to_srgb: SrgbConverter,
    matte: [u8; 3],
    composed: Vec<u8>,
    alpha_composed: bool,
    /// Samples of the rows that are converted at once.
    piece: usize,
}

impl InterleavedStage {
    fn new(plan: &Plan, layout: Layout, is_deep: bool, timer: &CpuTimer<'_>) -> Result<Self, WorkError> {
        let to_srgb = SrgbConverter::new(&plan.conversion, layout, is_deep, timer)?;
        let width = plan.target.width as usize;
        let piece = rows_at_once(width) * width * layout.channels();
        Ok(Self { to_srgb, matte: plan.matte, composed: Vec::new(), alpha_composed: false, piece })
    }

    fn kind(&self) -> CanonicalKind {
        if self.to_srgb.layout() == Layout::Gray { CanonicalKind::Gray } else { CanonicalKind::Rgb }
    }

    fn take(&mut self, rows: SampleSlice<'_>, sink: &mut TimedSink<'_>, timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        let has_alpha = self.to_srgb.layout() == Layout::Rgba;
        let converted = self.to_srgb.convert(rows, timer)?;
        if !has_alpha {
            return sink.take(0, converted, timer);
        }
        self.alpha_composed |= compose(converted, self.matte, &mut self.composed, timer)?;
        sink.take(0, &self.composed, timer)
    }
}

/// Rows of this width that are converted at once: what fits into a second-level cache in all its forms, and at least one.
fn rows_at_once(width: usize) -> usize {
    (PIXELS_AT_ONCE / width.max(1)).max(1)
}

const PIXELS_AT_ONCE: usize = 1 << 15;
