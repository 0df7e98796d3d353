//! Splits bytes into boxes (ISO/IEC 14496-12 § 4.2), never past their end.
//!
//! A box begins with its size in 32 bits, header included, and its type. A size of 1 says that the size follows in 64
//! bits; a size of 0 says that the box takes all that is left. Every box takes the 8 bytes of its header at least, so a
//! walk has at most as many steps as an eighth of the bytes.

use image_ingest_samples::{CpuTimer, DecodeError};

use crate::cursor::{Cursor, FourCc, printable};
use crate::result::Result;

/// One box of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IsoBox<'a> {
    pub(crate) box_type: FourCc,
    /// What follows the header of type and size. A full box's version and flags are part of it.
    pub(crate) payload: &'a [u8],
}

/// Splits the next box off `data`; `None` at its end.
///
/// # Errors
///
/// `truncated` when the box is longer than `data`, `malformed` when it is shorter than its own header; `deadline`,
/// `cancelled`.
pub(crate) fn next_box<'a>(data: &mut &'a [u8], timer: &CpuTimer<'_>) -> Result<Option<IsoBox<'a>>> {
    timer.step()?;
    if data.is_empty() {
        return Ok(None);
    }
    let cut = || DecodeError::truncated("a box header is cut");
    let mut cursor = Cursor(data);
    let (short, box_type) = (cursor.u32().map_err(|_| cut())?, cursor.four_cc().map_err(|_| cut())?);
    let size = match short {
        0 => data.len() as u64,
        1 => cursor.u64().map_err(|_| cut())?,
        _ => u64::from(short),
    };
    let header = data.len() - cursor.0.len();
    if size < header as u64 {
        return Err(DecodeError::malformed(format!("box {} is shorter than its header", printable(box_type))));
    }
    let size = usize::try_from(size)
        .ok()
        .filter(|&s| s <= data.len())
        .ok_or_else(|| DecodeError::truncated(format!("box {} is longer than what holds it", printable(box_type))))?;
    let (whole, rest) = data.split_at(size);
    *data = rest;
    Ok(Some(IsoBox { box_type, payload: whole.get(header..).unwrap_or_default() }))
}

/// The boxes inside a box. The walk ends after the first error.
///
/// # Errors
///
/// `malformed`: a child reaches beyond its parent; `deadline`, `cancelled`.
pub(crate) fn children<'a>(payload: &'a [u8], timer: &CpuTimer<'_>) -> impl Iterator<Item = Result<IsoBox<'a>>> {
    let mut rest = payload;
    std::iter::from_fn(move || {
        let next = next_box(&mut rest, timer).map_err(|e| match e {
            DecodeError::Truncated { reason } => DecodeError::malformed(reason),
            other => other,
        });
        if next.is_err() {
            rest = &[];
        }
        next.transpose()
    })
}

/// Refuses a file whose boxes nest deeper than `limit`, without recursion.
///
/// `open` holds what is left of each box around the current one, so its length is the depth, which the limit bounds.
///
/// # Errors
///
/// `limit_exceeded`, `deadline`, `cancelled`.
pub(crate) fn check_depth(file: &[u8], limit: u32, timer: &CpuTimer<'_>) -> Result<()> {
    let mut open = vec![file];
    while let Some(rest) = open.last_mut() {
        let next = match next_box(rest, timer) {
            Ok(Some(next)) => next,
            Err(error @ DecodeError::Work(_)) => return Err(error),
            // What is damaged here is refused, or found irrelevant, where it is read.
            Ok(None) | Err(_) => {
                open.pop();
                continue;
            }
        };
        DecodeError::check_limit("box depth", open.len() as u64, u64::from(limit))?;
        if let Some(inside) = nested(next) {
            open.push(inside);
        }
    }
    Ok(())
}

/// The part of a container box that holds boxes: what follows its version, flags and counts.
fn nested(b: IsoBox<'_>) -> Option<&[u8]> {
    let skipped = match &b.box_type {
        b"iprp" | b"ipco" | b"dinf" | b"moov" | b"trak" | b"mdia" | b"minf" | b"stbl" | b"edts" | b"udta" | b"mvex"
        | b"moof" | b"traf" | b"mfra" | b"strk" | b"meco" | b"sinf" | b"schi" | b"fpar" | b"paen" => 0,
        b"meta" | b"iref" | b"grpl" => 4,
        b"iinf" => 6,
        b"dref" | b"stsd" => 8,
        _ => return None,
    };
    b.payload.get(skipped..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(data: &[u8]) -> (Vec<FourCc>, Option<String>) {
        let mut seen = Vec::new();
        for child in children(data, &CpuTimer::default()) {
            match child {
                Ok(child) => seen.push(child.box_type),
                Err(error) => return (seen, Some(error.to_string())),
            }
        }
        (seen, None)
    }

    #[test]
    fn a_size_has_32_bits_or_64_or_is_all_that_is_left() {
        let mut data = &b"\0\0\0\x09freeA\0\0\0\x01wide\0\0\0\0\0\0\0\x12BC\0\0\0\0mdatrest"[..];
        let mut next = || next_box(&mut data, &CpuTimer::default()).unwrap();
        assert_eq!(next(), Some(IsoBox { box_type: *b"free", payload: b"A" }));
        assert_eq!(next(), Some(IsoBox { box_type: *b"wide", payload: b"BC" }));
        assert_eq!(next(), Some(IsoBox { box_type: *b"mdat", payload: b"rest" }));
        assert_eq!(next(), None);
    }

    #[test]
    fn a_box_shorter_than_its_header_is_malformed() {
        for data in [&b"\0\0\0\x07free"[..], b"\0\0\0\x01free\0\0\0\0\0\0\0\x0f"] {
            assert!(matches!(next_box(&mut &data[..], &CpuTimer::default()), Err(DecodeError::Malformed { .. })));
        }
    }

    #[test]
    fn a_box_longer_than_the_file_is_truncated_and_than_its_parent_malformed() {
        for data in [&b"\0\0\0\x09free"[..], b"\0\0\0\x08fre", b"\0", b"\0\0\0\x01free\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"]
        {
            assert!(matches!(next_box(&mut &data[..], &CpuTimer::default()), Err(DecodeError::Truncated { .. })));
            assert!(types(data).1.is_some_and(|error| error.starts_with("malformed")));
        }
    }

    #[test]
    fn a_walk_ends_after_an_error() {
        let (seen, error) = types(b"\0\0\0\x08free\0\0\0\xFFbad!\0\0\0\x08free");
        assert_eq!(seen, [*b"free"]);
        assert_eq!(error.unwrap(), "malformed: box bad! is longer than what holds it");
    }

    #[test]
    fn depth_is_counted_from_one_and_its_limit_inclusive() {
        let inside = |name: &[u8; 4], skipped: usize, data: &[u8]| {
            let size = u32::try_from(8 + skipped + data.len()).unwrap().to_be_bytes();
            [&size, &name[..], &vec![0; skipped], data].concat()
        };
        let file = inside(b"meta", 4, &inside(b"iprp", 0, &inside(b"ipco", 0, &inside(b"ispe", 0, &[]))));
        assert!(check_depth(&file, 4, &CpuTimer::default()).is_ok());
        let refused = check_depth(&file, 3, &CpuTimer::default()).unwrap_err();
        assert!(matches!(refused, DecodeError::LimitExceeded { limit: 3, actual: 4, .. }));
        // Nothing is looked for in a box that holds no boxes, or behind damage.
        assert!(check_depth(&inside(b"mdat", 0, &file), 1, &CpuTimer::default()).is_ok());
        assert!(check_depth(b"\0\0\0\x07", 0, &CpuTimer::default()).is_ok());
    }
}
