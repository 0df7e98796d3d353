//! Turns bytes into boxes and numbers (ISO/IEC 14496-12 § 4.2), never past their end.

use image_ingest_samples::DecodeError;

use crate::error::{Error, Result};
use crate::upload::format::Format;
use crate::upload::limits::Limits;

/// A four-character code.
pub(super) type FourCc = [u8; 4];

/// One box: its type, and what follows its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Box<'a> {
    pub(super) kind: FourCc,
    pub(super) payload: &'a [u8],
}

/// Splits the next box off `data`; `None` at its end.
///
/// # Errors
///
/// `truncated` when the box is longer than `data`, `malformed` when it is shorter than its own header.
pub(super) fn next_box<'a>(data: &mut &'a [u8]) -> Result<Option<Box<'a>>> {
    if data.is_empty() {
        return Ok(None);
    }
    let mut cursor = Cursor(data);
    let (short, kind) = cursor.box_start().ok_or_else(|| truncated("a box header is cut"))?;
    let size = match short {
        0 => data.len() as u64,
        1 => cursor.u64().map_err(|_| truncated("a box header is cut"))?,
        _ => u64::from(short),
    };
    let header = data.len() - cursor.0.len();
    if size < header as u64 {
        return Err(malformed(format!("box {} is shorter than its header", printable(kind))));
    }
    let size = usize::try_from(size).ok().filter(|&s| s <= data.len());
    let size = size.ok_or_else(|| truncated(format!("box {} is longer than what holds it", printable(kind))))?;
    let (whole, rest) = data.split_at(size);
    *data = rest;
    Ok(Some(Box { kind, payload: whole.get(header..).unwrap_or_default() }))
}

/// The boxes inside a box.
///
/// # Errors
///
/// `malformed`: a child reaches beyond its parent.
pub(super) fn children(payload: &[u8]) -> impl Iterator<Item = Result<Box<'_>>> {
    let mut rest = payload;
    std::iter::from_fn(move || {
        let next = next_box(&mut rest).map_err(|e| match e {
            Error::Truncated { reason, .. } => malformed(reason),
            other => other,
        });
        if next.is_err() {
            rest = &[];
        }
        next.transpose()
    })
}

/// Refuses a file whose boxes nest deeper than the limit, without recursion.
///
/// # Errors
///
/// `limit_exceeded`.
pub(super) fn check_depth(bytes: &[u8], limits: &Limits) -> Result<()> {
    let mut open = vec![bytes];
    while let Some(rest) = open.last_mut() {
        // What is damaged here is refused, or found irrelevant, where it is read.
        let Ok(Some(next)) = next_box(rest) else {
            open.pop();
            continue;
        };
        Limits::check("box depth", open.len() as u64, u64::from(limits.max_heif_depth))?;
        if let Some(inside) = nested(next) {
            open.push(inside);
        }
    }
    Ok(())
}

/// The part of a container box that holds boxes.
fn nested(b: Box<'_>) -> Option<&[u8]> {
    let skipped = match &b.kind {
        b"iprp" | b"ipco" | b"dinf" | b"moov" | b"trak" | b"mdia" | b"minf" | b"stbl" | b"edts" | b"udta" | b"mvex"
        | b"moof" | b"traf" | b"mfra" | b"strk" | b"meco" | b"sinf" | b"schi" | b"fpar" | b"paen" => 0,
        b"meta" | b"iref" | b"grpl" => 4,
        b"iinf" => 6,
        b"dref" | b"stsd" => 8,
        _ => return None,
    };
    b.payload.get(skipped..)
}

/// Reads big-endian numbers from a slice; running out is `malformed`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or_else(too_short)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        self.array::<1>().map(|[b]| b)
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub(super) fn four_cc(&mut self) -> Result<FourCc> {
        self.array()
    }

    /// 16 bits, or 32 when `wide`.
    pub(super) fn id(&mut self, wide: bool) -> Result<u32> {
        if wide { self.u32() } else { self.u16().map(u32::from) }
    }

    /// An unsigned number of 0, 4 or 8 bytes, as `iloc` has them.
    pub(super) fn sized(&mut self, bytes: u8) -> Result<u64> {
        match bytes {
            0 => Ok(0),
            4 => self.u32().map(u64::from),
            8 => self.u64(),
            _ => Err(malformed("iloc has a field size other than 0, 4 and 8")),
        }
    }

    /// Version and flags of a full box.
    pub(super) fn full_box(&mut self) -> Result<(u8, u32)> {
        let word = self.u32()?;
        Ok((word.to_be_bytes()[0], word & 0x00ff_ffff))
    }

    fn box_start(&mut self) -> Option<(u32, FourCc)> {
        Some((self.u32().ok()?, self.four_cc().ok()?))
    }
}

/// A four-character code for an error message: bounded, and free of anything but printable ASCII.
pub(super) fn printable(kind: FourCc) -> String {
    kind.iter().map(|&b| if b.is_ascii_graphic() { char::from(b) } else { '.' }).collect()
}

/// A refusal by the HEVC decoder, which does not know its container.
pub(super) fn refusal(error: DecodeError) -> Error {
    Error::in_format(Format::Heic, error)
}

pub(super) fn malformed(reason: impl Into<String>) -> Error {
    Error::malformed(Format::Heic, reason)
}

pub(super) fn truncated(reason: impl Into<String>) -> Error {
    Error::truncated(Format::Heic, reason)
}

pub(super) fn unsupported(feature: impl Into<String>) -> Error {
    Error::unsupported(Format::Heic, feature)
}

fn too_short() -> Error {
    malformed("a box ends before its fields do")
}
