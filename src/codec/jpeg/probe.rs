//! Reads a JPEG's marker segments (ITU-T T.81 annex B) without decoding.

use image_ingest_jpeg::{FrameComponent, FrameHeader, MarkerSegments, Precision, Process, ScanHeader, Segment};
use image_ingest_samples::{DecodeError, Rect, Size};

use super::app::Metadata;
use crate::error::{Error, Result};
use crate::header::{Coding, Header};
use crate::upload::format::Format;
use crate::upload::limits::Limits;

/// Reads everything up to the first complete set of scans, and counts the scans.
///
/// A sequential file whose first scan holds every component is not read beyond that scan's header: what follows is
/// image data. Otherwise every scan is visited, since their number and work are what a hostile file inflates.
///
/// The end of the image may be missing where nothing else can: every component of a sequential frame has had its scan, or
/// every coefficient of a progressive one is known to its last bit.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `limit_exceeded`.
pub(crate) fn probe(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let mut segments = MarkerSegments::new(bytes);
    let mut metadata = Metadata::default();
    let mut frame: Option<Frame> = None;
    let mut scans = Scans::default();
    loop {
        match segments.next_segment().map_err(refusal)? {
            Segment::EndOfImage => break,
            Segment::EndOfData => return Err(truncated("the data ends before the image does")),
            Segment::Scan(scan) => {
                let frame = frame.as_ref().ok_or_else(|| malformed("a scan before the frame header"))?;
                scans.add(scan, frame, limits)?;
                if scans.are_complete(frame) {
                    scans.add_needless(segments, frame, limits)?;
                    break;
                }
                segments.skip_entropy_coded().map_err(refusal)?;
            }
            Segment::Frame(..) if frame.is_some() => return Err(malformed("a second frame header")),
            Segment::Frame(marker, header) => frame = Some(Frame::read(marker, header, limits)?),
            Segment::JpegLs => return Err(Error::unsupported(Format::Jpeg, "JPEG-LS")),
            Segment::Hierarchical => return Err(Error::unsupported(Format::Jpeg, "hierarchical JPEG")),
            Segment::StartOfImage => return Err(malformed("a second start of image")),
            // A number of lines says nothing more: the frame header gave the height, or was refused without one.
            Segment::Other(marker, payload) => metadata.read(marker, payload),
            Segment::HuffmanTables(_)
            | Segment::QuantisationTables(_)
            | Segment::RestartInterval(_)
            | Segment::ArithmeticConditioning(_) => {}
        }
    }
    let frame = frame.ok_or_else(|| malformed("no frame header"))?;
    if !scans.cover(&frame) {
        return Err(truncated("a component has no scan"));
    }
    frame.header(scans.count, metadata, limits)
}

/// A frame that may be decoded.
struct Frame {
    progressive: bool,
    size: Size,
    components: Vec<FrameComponent>,
}

impl Frame {
    fn read(marker: u8, payload: &[u8], limits: &Limits) -> Result<Self> {
        let unsupported = |feature: &str| Error::unsupported(Format::Jpeg, feature);
        // A frame of another kind is refused as what it is, even where its header is broken.
        let progressive = match Process::of(marker) {
            Process::Sequential | Process::SequentialArithmetic => false,
            Process::Progressive | Process::ProgressiveArithmetic => true,
            Process::Lossless => return Err(unsupported("lossless JPEG")),
            Process::Hierarchical => return Err(unsupported("hierarchical JPEG")),
        };
        let header = FrameHeader::read(marker, payload).ok_or_else(|| malformed("a short frame header"))?;
        let FrameHeader { bit_depth, size, count, .. } = header;
        if bit_depth != 8 {
            return Err(unsupported(&format!("{bit_depth}-bit JPEG")));
        }
        if size.height == 0 {
            return Err(unsupported("height given by a DNL marker"));
        }
        if size.width == 0 {
            return Err(malformed("a width of 0"));
        }
        limits.check_size(size)?;
        if !header.is_whole() {
            return Err(malformed("a frame header whose length disagrees with its components"));
        }
        let components = header.components;
        if components.iter().any(|c| !(1..=4).contains(&c.h) || !(1..=4).contains(&c.v)) {
            return Err(malformed("a sampling factor outside 1–4"));
        }
        if !matches!(components.len(), 1 | 3 | 4) {
            return Err(unsupported(&format!("{count} components")));
        }
        Ok(Self { progressive, size, components })
    }

    fn header(self, scans: u32, metadata: Metadata<'_>, limits: &Limits) -> Result<Header> {
        let ids: Vec<u8> = self.components.iter().map(|c| c.id).collect();
        let channels = metadata.channels(&ids);
        let sampling = self.components.iter().map(|c| (c.h, c.v)).collect();
        let exif = metadata.exif.unwrap_or_default();
        Ok(Header {
            format: Format::Jpeg,
            coded_size: self.size,
            crop: Rect::whole(self.size),
            orientation: exif.orientation,
            exif_orientation_ignored: None,
            coding: if self.progressive {
                Coding::JpegProgressive { sampling, scans }
            } else {
                Coding::JpegSequential { sampling, scans }
            },
            bit_depth: 8,
            channels,
            has_alpha: false,
            color: metadata.color(channels, limits)?,
            frames: None,
        })
    }

    /// Blocks of a component, as the weight of a scan over it.
    fn blocks(component: &FrameComponent) -> u64 {
        u64::from(component.h) * u64::from(component.v)
    }
}

/// The scans seen so far.
#[derive(Default)]
struct Scans {
    count: u32,
    /// Blocks visited, in units of one component-block per MCU.
    blocks: u64,
    /// Bit `i`: component `i` has had a scan that starts at its DC coefficient.
    begun: u8,
    /// Of each component.
    precision: [Precision; 4],
}

impl Scans {
    fn add(&mut self, payload: &[u8], frame: &Frame, limits: &Limits) -> Result<()> {
        let scan = ScanHeader::read(payload).ok_or_else(|| malformed("a short scan header"))?;
        if !(1..=4).contains(&scan.components.len()) {
            return Err(malformed("a scan of no or too many components"));
        }
        self.count += 1;
        Limits::check("scans", u64::from(self.count), u64::from(limits.max_jpeg_scans))?;
        let mut named = 0u8;
        for entry in &scan.components {
            // Some encoders give every component one id; the scan then names them in the frame's order, as libjpeg reads it.
            let matches = |(index, c): &(usize, &FrameComponent)| c.id == entry.id && named & 1 << index == 0;
            let found = frame.components.iter().enumerate().find(matches);
            let (index, component) = found.ok_or_else(|| malformed("a scan of an unknown component"))?;
            named |= 1 << index;
            self.blocks += Frame::blocks(component);
            // Sequential scans hold all coefficients whatever they say, and some encoders say otherwise.
            if scan.spectrum.0 == 0 || !frame.progressive {
                self.begun |= 1 << index;
            }
            // Whether scans contradict each other is for the decoder to say.
            self.precision[index].refine(scan.spectrum, scan.approximation);
        }
        let all: u64 = frame.components.iter().map(Frame::blocks).sum();
        let full_scans = self.blocks.div_ceil(all.max(1));
        Limits::check("scan work in full scans", full_scans, u64::from(limits.max_jpeg_full_scans))
    }

    /// Counts the scans that follow a complete set, up to whatever is no part of a JPEG: libjpeg-turbo, which has the files
    /// that are not for our own decoder, decodes them too. The first scan of all components is the last it reads.
    fn add_needless(&mut self, mut segments: MarkerSegments<'_>, frame: &Frame, limits: &Limits) -> Result<()> {
        if !frame.progressive && self.count == 1 {
            return Ok(());
        }
        while segments.skip_entropy_coded().is_ok() {
            let Some(scan) = next_scan(&mut segments) else { return Ok(()) };
            match self.add(scan, frame, limits) {
                Err(error @ Error::LimitExceeded { .. }) => return Err(error),
                Err(_) => return Ok(()),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Whether every component has had a scan.
    fn cover(&self, frame: &Frame) -> bool {
        self.begun.count_ones() as usize == frame.components.len()
    }

    /// Whether no scan can be missing.
    fn are_complete(&self, frame: &Frame) -> bool {
        let full = || self.precision.iter().take(frame.components.len()).all(Precision::is_full);
        if frame.progressive { full() } else { self.cover(frame) }
    }
}

/// The next scan header before the end of the image, if everything up to it is legible.
fn next_scan<'a>(segments: &mut MarkerSegments<'a>) -> Option<&'a [u8]> {
    loop {
        match segments.next_segment().ok()? {
            Segment::EndOfImage | Segment::StartOfImage | Segment::EndOfData => return None,
            Segment::Scan(scan) => return Some(scan),
            _ => {}
        }
    }
}

fn refusal(error: DecodeError) -> Error {
    Error::in_format(Format::Jpeg, error)
}

fn malformed(reason: &str) -> Error {
    Error::malformed(Format::Jpeg, reason)
}

fn truncated(reason: &str) -> Error {
    Error::truncated(Format::Jpeg, reason)
}
