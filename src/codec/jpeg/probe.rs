//! Reads a JPEG's marker segments (ITU-T T.81 annex B) without decoding.

use memchr::memchr;

use super::app::Metadata;
use crate::error::{Error, Result};
use crate::format::Format;
use crate::header::{Channels, Coding, Header};
use crate::limits::Limits;
use crate::size::{Rect, Size};

/// Reads everything up to the first complete set of scans, and counts them.
///
/// A sequential file whose first scan holds every component is not read beyond that scan's header: what follows is
/// image data. Otherwise every scan is visited, since their number and work are what a hostile file inflates.
///
/// # Errors
///
/// `malformed`, `truncated`, `unsupported`, `too_many_pixels`, `limit_exceeded`.
pub(crate) fn probe(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let mut reader = Segments { bytes, at: 2 };
    let mut metadata = Metadata::default();
    let mut frame: Option<Frame> = None;
    let mut scans = Scans::default();
    loop {
        let marker = reader.next_marker()?;
        match marker {
            EOI => break,
            SOS => {
                let scan = reader.segment()?;
                let frame = frame.as_ref().ok_or_else(|| malformed("a scan before the frame header"))?;
                scans.add(scan, frame, limits)?;
                if !frame.progressive && scans.count == 1 && scans.covers(frame) {
                    break;
                }
                reader.skip_entropy_coded()?;
            }
            SOF0..=SOF15 if !matches!(marker, DHT | JPG | DAC) => {
                if frame.is_some() {
                    return Err(malformed("a second frame header"));
                }
                frame = Some(Frame::read(marker, reader.segment()?, limits)?);
            }
            DNL => return Err(Error::unsupported(Format::Jpeg, "DNL marker")),
            SOF55 => return Err(Error::unsupported(Format::Jpeg, "JPEG-LS")),
            DHP | EXP => return Err(Error::unsupported(Format::Jpeg, "hierarchical JPEG")),
            TEM | RST0..=RST7 => {}
            SOI => return Err(malformed("a second start of image")),
            _ => metadata.read(marker, reader.segment()?),
        }
    }
    let frame = frame.ok_or_else(|| malformed("no frame header"))?;
    if !scans.covers(&frame) {
        return Err(Error::truncated(Format::Jpeg, "a component has no scan"));
    }
    frame.header(scans.count, metadata, limits)
}

/// A cursor over marker segments.
struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Segments<'a> {
    /// The next marker code; bytes before it and fill bytes are skipped (T.81 B.1.1.2 allows only the latter, decoders
    /// in the field both).
    fn next_marker(&mut self) -> Result<u8> {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let ff = memchr(0xFF, rest).ok_or_else(ended)?;
            let run = rest[ff..].iter().take_while(|&&b| b == 0xFF).count();
            let code = *rest.get(ff + run).ok_or_else(ended)?;
            self.at += ff + run + 1;
            if code != 0 {
                return Ok(code);
            }
        }
    }

    /// The payload of the segment whose marker was just read.
    fn segment(&mut self) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let len = usize::from(u16::from_be_bytes(*rest.first_chunk().ok_or_else(ended)?));
        if len < 2 {
            return Err(malformed("a segment shorter than its length field"));
        }
        let payload = rest.get(2..len).ok_or_else(ended)?;
        self.at += len;
        Ok(payload)
    }

    /// Moves to the marker that ends the entropy-coded data (T.81 B.1.1.5: stuffed zeros and restarts do not).
    fn skip_entropy_coded(&mut self) -> Result<()> {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let ff = memchr(0xFF, rest).ok_or_else(ended)?;
            match rest.get(ff + 1).ok_or_else(ended)? {
                0x00 | RST0..=RST7 => self.at += ff + 2,
                0xFF => self.at += ff + 1,
                _ => {
                    self.at += ff;
                    return Ok(());
                }
            }
        }
    }
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
}

impl Scans {
    fn add(&mut self, payload: &[u8], frame: &Frame, limits: &Limits) -> Result<()> {
        let (&count, rest) = payload.split_first().ok_or_else(|| malformed("a short scan header"))?;
        let list = rest.get(..2 * usize::from(count)).ok_or_else(|| malformed("a short scan header"))?;
        let spectral_start = *rest.get(list.len()).ok_or_else(|| malformed("a short scan header"))?;
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
            if spectral_start == 0 || !frame.progressive {
                self.begun |= 1 << index;
            }
        }
        let all: u64 = frame.components.iter().map(|c| frame.blocks(c)).sum();
        let full_scans = self.blocks.div_ceil(all.max(1));
        Limits::check("scan work in full scans", full_scans, u64::from(limits.max_jpeg_full_scans))
    }

    fn covers(&self, frame: &Frame) -> bool {
        self.begun.count_ones() as usize == frame.components.len()
    }
}

fn malformed(reason: &'static str) -> Error {
    Error::malformed(Format::Jpeg, reason)
}

fn ended() -> Error {
    Error::truncated(Format::Jpeg, "the data ends before the image does")
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

const SOF0: u8 = 0xC0;
const SOF1: u8 = 0xC1;
const SOF2: u8 = 0xC2;
const SOF3: u8 = 0xC3;
const DHT: u8 = 0xC4;
const JPG: u8 = 0xC8;
const SOF9: u8 = 0xC9;
const SOF10: u8 = 0xCA;
const SOF11: u8 = 0xCB;
const DAC: u8 = 0xCC;
const SOF15: u8 = 0xCF;
const RST0: u8 = 0xD0;
const RST7: u8 = 0xD7;
const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const DNL: u8 = 0xDC;
const DHP: u8 = 0xDE;
const EXP: u8 = 0xDF;
/// ITU-T T.87, C.2.2.
const SOF55: u8 = 0xF7;
const TEM: u8 = 0x01;
