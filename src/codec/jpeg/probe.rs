//! Reads a JPEG's marker segments (ITU-T T.81 annex B) without decoding.

use super::app::Metadata;
use super::precision::Precision;
use super::segments::{
    DAC, DHP, DHT, DNL, EOI, EXP, JPG, MarkerSegments, RST0, RST7, SOF0, SOF1, SOF2, SOF3, SOF9, SOF10, SOF11, SOF15,
    SOF55, SOI, SOS, TEM, malformed,
};
use crate::error::{Error, Result};
use crate::format::Format;
use crate::header::{Channels, Coding, Header};
use crate::limits::Limits;
use crate::size::{Rect, Size};

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
        let marker = segments.next_marker()?;
        match marker {
            EOI => break,
            SOS => {
                let scan = segments.segment(marker)?;
                let frame = frame.as_ref().ok_or_else(|| malformed("a scan before the frame header"))?;
                scans.add(scan, frame, limits)?;
                if scans.are_complete(frame) {
                    scans.add_needless(segments, frame, limits)?;
                    break;
                }
                segments.skip_entropy_coded()?;
            }
            SOF0..=SOF15 if !matches!(marker, DHT | JPG | DAC) => {
                if frame.is_some() {
                    return Err(malformed("a second frame header"));
                }
                frame = Some(Frame::read(marker, segments.segment(marker)?, limits)?);
            }
            // The frame header gave the height already, or was refused without one.
            DNL => drop(segments.segment(marker)?),
            SOF55 => return Err(Error::unsupported(Format::Jpeg, "JPEG-LS")),
            DHP | EXP => return Err(Error::unsupported(Format::Jpeg, "hierarchical JPEG")),
            TEM | RST0..=RST7 => {}
            SOI => return Err(malformed("a second start of image")),
            _ => metadata.read(marker, segments.segment(marker)?),
        }
    }
    let frame = frame.ok_or_else(|| malformed("no frame header"))?;
    if !scans.cover(&frame) {
        return Err(Error::truncated(Format::Jpeg, "a component has no scan"));
    }
    frame.header(scans.count, metadata, limits)
}

/// The frame header (T.81 B.2.2).
struct Frame {
    progressive: bool,
    size: Size,
    components: Vec<Component>,
}

struct Component {
    id: u8,
    h: u8,
    v: u8,
}

impl Frame {
    fn read(marker: u8, payload: &[u8], limits: &Limits) -> Result<Self> {
        let progressive = match marker {
            SOF0 | SOF1 | SOF9 => false,
            SOF2 | SOF10 => true,
            SOF3 | SOF11 => return Err(Error::unsupported(Format::Jpeg, "lossless JPEG")),
            _ => return Err(Error::unsupported(Format::Jpeg, "hierarchical JPEG")),
        };
        let Some((&[precision, h0, h1, w0, w1, count], list)) = payload.split_first_chunk() else {
            return Err(malformed("a short frame header"));
        };
        let (height, width) = (u16::from_be_bytes([h0, h1]), u16::from_be_bytes([w0, w1]));
        if precision != 8 {
            return Err(Error::unsupported(Format::Jpeg, format!("{precision}-bit JPEG")));
        }
        if height == 0 {
            return Err(Error::unsupported(Format::Jpeg, "height given by a DNL marker"));
        }
        if width == 0 {
            return Err(malformed("a width of 0"));
        }
        let size = Size::new(u32::from(width), u32::from(height));
        limits.check_size(size)?;
        if list.len() != 3 * usize::from(count) {
            return Err(malformed("a frame header whose length disagrees with its components"));
        }
        let components = list.chunks_exact(3).map(Component::read).collect::<Result<Vec<_>>>()?;
        if !matches!(components.len(), 1 | 3 | 4) {
            return Err(Error::unsupported(Format::Jpeg, format!("{count} components")));
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
            animation: None,
        })
    }

    /// Blocks of a component, as the weight of a scan over it.
    fn blocks(&self, component: &Component) -> u64 {
        u64::from(component.h) * u64::from(component.v)
    }
}

impl Component {
    fn read(entry: &[u8]) -> Result<Self> {
        let &[id, factors, _table] = entry else {
            return Err(malformed("a short component"));
        };
        let (h, v) = (factors >> 4, factors & 15);
        if !(1..=4).contains(&h) || !(1..=4).contains(&v) {
            return Err(malformed("a sampling factor outside 1–4"));
        }
        Ok(Self { id, h, v })
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
        let short = || malformed("a short scan header");
        let (&count, rest) = payload.split_first().ok_or_else(short)?;
        let (list, parameters) = rest.split_at_checked(2 * usize::from(count)).ok_or_else(short)?;
        let &[first, last, bits] = parameters.first_chunk().ok_or_else(short)?;
        if !(1..=4).contains(&count) {
            return Err(malformed("a scan of no or too many components"));
        }
        self.count += 1;
        Limits::check("scans", u64::from(self.count), u64::from(limits.max_jpeg_scans))?;
        let mut named = 0u8;
        for entry in list.chunks_exact(2) {
            // Some encoders give every component one id; the scan then names them in the frame's order, as libjpeg reads it.
            let matches = |(index, c): &(usize, &Component)| Some(&c.id) == entry.first() && named & 1 << index == 0;
            let found = frame.components.iter().enumerate().find(matches);
            let (index, component) = found.ok_or_else(|| malformed("a scan of an unknown component"))?;
            named |= 1 << index;
            self.blocks += frame.blocks(component);
            // Sequential scans hold all coefficients whatever they say, and some encoders say otherwise.
            if first == 0 || !frame.progressive {
                self.begun |= 1 << index;
            }
            // Whether scans contradict each other is for the decoder to say.
            self.precision[index].refine((first, last), (bits >> 4, bits & 15));
        }
        let all: u64 = frame.components.iter().map(|c| frame.blocks(c)).sum();
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
        match segments.next_marker().ok()? {
            EOI | SOI => return None,
            TEM | RST0..=RST7 => {}
            SOS => return segments.segment(SOS).ok(),
            other => drop(segments.segment(other).ok()?),
        }
    }
}

/// The channels of a file whose markers say nothing: ids 1, 2, 3 and the like are Y′CbCr, the letters R, G, B are RGB.
///
/// The same rule as libjpeg's `default_decompress_parms`, whose judgement decides the pixels.
pub(super) fn channels_without_markers(ids: &[u8]) -> Channels {
    match ids {
        [_] => Channels::Gray,
        [b'R', b'G', b'B'] => Channels::Rgb,
        [_, _, _] => Channels::Ycbcr,
        _ => Channels::Cmyk,
    }
}
