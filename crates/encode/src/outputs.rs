//! Makes everything that is asked of one picture from its canonical rows: the canonical file, renditions, facts.
//!
//! Two files of the same part, size and encoding are one; two encodings of the same part and size share its reduction.

use std::time::Duration;

use bytes::Bytes;
use image_ingest_facts::{Facts, FactsCollector, RowFormat};
use image_ingest_resize::RowHalver;
use image_ingest_samples::{CpuTimer, Moment, Orientation, Size, WorkError, chroma_size};

use crate::encoding::Encoding;
use crate::framed::{Frame, FramedEncoders, stored};
use crate::result::Result;
use crate::sink::{CanonicalKind, CanonicalSink};

/// What is made of one picture.
pub struct Outputs {
    /// The first shows the whole canonical image, and its first encoder is that of the canonical file.
    frames: Vec<FramedEncoders>,
    /// Of each rendition its frame, and its encoder there.
    places: Vec<(usize, usize)>,
    /// How rows are turned to stand upright.
    orientation: Orientation,
    /// The halvers of the planes, where a frame takes halved rows.
    halves: Vec<RowHalver>,
    facts: Option<FactsCollector>,
    wants_facts: bool,
    elapsed: OutputTimes,
}

/// The files and facts of one picture.
pub struct Encoded {
    /// The canonical file.
    pub bytes: Bytes,
    /// The files of the renditions, in their order.
    pub renditions: Vec<Bytes>,
    /// The facts, if they were asked for.
    pub facts: Option<Facts>,
    /// What was spent.
    pub elapsed: OutputTimes,
}

/// What was spent on each kind of output.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutputTimes {
    /// On the canonical file.
    pub encode: Duration,
    /// On renditions.
    pub renditions: Duration,
    /// On facts.
    pub facts: Duration,
}

impl Outputs {
    /// Of a canonical image of `size`, upright, whose rows come as they are stored. What is made does not depend on how that is.
    ///
    /// # Errors
    ///
    /// `internal` for an encoding that is not built in.
    pub fn new(
        size: Size,
        orientation: Orientation,
        encoding: Encoding,
        renditions: impl Iterator<Item = (Frame, Encoding)>,
        wants_facts: bool,
    ) -> Result<Self> {
        let mut canonical = FramedEncoders::new(size, orientation, Frame::whole(size));
        canonical.place(encoding)?;
        let mut frames = vec![canonical];
        let places = renditions.map(|(shown, encoding)| {
            let frame = frames.iter().position(|frame| frame.shows(shown)).unwrap_or_else(|| {
                frames.push(FramedEncoders::new(size, orientation, shown));
                frames.len() - 1
            });
            Ok((frame, frames[frame].place(encoding)?))
        });
        let places = places.collect::<Result<_>>()?;
        let (halves, elapsed) = (Vec::new(), OutputTimes::default());
        Ok(Self { frames, places, orientation, halves, facts: None, wants_facts, elapsed })
    }

    /// Ends all files.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`; `internal` when rows are missing.
    pub fn finish(self, timer: &CpuTimer<'_>) -> Result<Encoded> {
        let Self { frames, places, facts, mut elapsed, .. } = self;
        let mut files: Vec<Vec<Bytes>> = Vec::new();
        for (index, frame) in frames.into_iter().enumerate() {
            let started = Moment::now();
            files.push(frame.finish(timer)?.into_iter().map(Bytes::from).collect());
            *elapsed.of_frame(index) += started.elapsed();
        }
        let file = |(frame, place): (usize, usize)| -> Result<Bytes> {
            let file = files.get(frame).and_then(|files| files.get(place));
            file.cloned().ok_or_else(|| WorkError::internal("an output that nobody made"))
        };
        let started = Moment::now();
        let facts = facts.map(FactsCollector::finish).transpose()?;
        elapsed.facts += started.elapsed();
        let renditions = places.into_iter().map(file).collect::<Result<_>>()?;
        Ok(Encoded { bytes: file((0, 0))?, renditions, facts, elapsed })
    }
}

impl OutputTimes {
    fn of_frame(&mut self, index: usize) -> &mut Duration {
        if index == 0 { &mut self.encode } else { &mut self.renditions }
    }
}

impl CanonicalSink for Outputs {
    fn begin(&mut self, kind: CanonicalKind, size: Size) -> Result<(), WorkError> {
        let format = match kind {
            CanonicalKind::Rgb => RowFormat::Rgb,
            CanonicalKind::Gray => RowFormat::Gray,
            CanonicalKind::Ycbcr420 => RowFormat::Ycbcr420,
        };
        let (upright, orientation) = (stored(size, self.orientation), self.orientation);
        self.facts = self.wants_facts.then(|| FactsCollector::turned(orientation, upright, format)).transpose()?;
        if self.frames.iter().any(|frame| frame.is_halved) {
            self.halves = halvers(kind, upright, orientation)?;
        }
        self.frames.iter_mut().try_for_each(|frame| frame.begin(kind, size))
    }

    fn take(&mut self, plane: usize, rows: &[u8], timer: &CpuTimer<'_>) -> Result<(), WorkError> {
        let mut started = Moment::now();
        let halved = match self.halves.get_mut(plane) {
            Some(halver) => halver.push(rows)?,
            None => &[],
        };
        self.elapsed.renditions += started.elapsed();
        started = Moment::now();
        for (index, frame) in self.frames.iter_mut().enumerate() {
            timer.check()?;
            frame.take(plane, if frame.is_halved { halved } else { rows }, timer)?;
            *self.elapsed.of_frame(index) += started.elapsed();
            started = Moment::now();
        }
        if let Some(facts) = &mut self.facts {
            facts.push(plane, rows)?;
            self.elapsed.facts += started.elapsed();
        }
        Ok(())
    }
}

/// Halvers of the planes of a canonical image that is upright of `size`. Chroma lies on the grid of halved luma.
fn halvers(kind: CanonicalKind, size: Size, orientation: Orientation) -> Result<Vec<RowHalver>, WorkError> {
    let half = Size::new(size.width / 2, size.height / 2);
    let halver = |channels: usize| RowHalver::turned(orientation, size, channels, half);
    let chroma = || RowHalver::turned(orientation, chroma_size(size, (2, 2)), 1, chroma_size(half, (2, 2)));
    Ok(match kind {
        CanonicalKind::Rgb => vec![halver(3)?],
        CanonicalKind::Gray => vec![halver(1)?],
        CanonicalKind::Ycbcr420 => vec![halver(1)?, chroma()?, chroma()?],
    })
}
