//! JPEG: segments with right lengths, Huffman tables whose counts match their values, and entropy-coded data that is
//! mutated without its byte stuffing.

use super::{Parts, parts_of_list};

/// The segments of a file and the data of its scans.
pub struct Segments {
    segments: Vec<Segment>,
}

#[derive(Clone)]
struct Segment {
    kind: Kind,
    body: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A marker alone.
    Marker(u8),
    /// A marker and its payload.
    Payload(u8),
    /// Entropy-coded data between restart markers, unstuffed.
    Scan,
}

impl Segments {
    /// Parses a file.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut segments = Vec::new();
        while let Some((&byte, after)) = rest.split_first() {
            let marker = *after.first()?;
            if byte != 0xFF || matches!(marker, 0 | 0xFF) {
                rest = after;
                continue;
            }
            rest = &after[1..];
            if matches!(marker, 0xD0..=0xD9 | 0x01) {
                segments.push(Segment { kind: Kind::Marker(marker), body: Vec::new() });
            } else {
                let len = usize::from(u16::from_be_bytes(*rest.first_chunk()?));
                segments.push(Segment { kind: Kind::Payload(marker), body: rest.get(2..len)?.to_vec() });
                rest = &rest[len..];
            }
            if matches!(marker, SOS | 0xD0..=0xD7) {
                let body = unstuffed(&mut rest);
                segments.push(Segment { kind: Kind::Scan, body });
            }
        }
        Some(Self { segments })
    }
}

/// The data up to the next marker.
fn unstuffed(rest: &mut &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    while let Some((&byte, after)) = rest.split_first() {
        if byte == 0xFF {
            match after.first() {
                Some(0) => *rest = &after[1..],
                Some(0xFF) => {
                    *rest = after;
                    continue;
                }
                _ => break,
            }
        } else {
            *rest = after;
        }
        data.push(byte);
    }
    data
}

impl Parts for Segments {
    parts_of_list!(segments);

    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for Segment { kind, body } in &self.segments {
            match *kind {
                Kind::Marker(marker) => out.extend([0xFF, marker]),
                Kind::Payload(marker) => {
                    let body = if marker == DHT { tables(body) } else { body.clone() };
                    let len = u16::try_from(body.len() + 2).unwrap_or(u16::MAX);
                    out.extend([0xFF, marker]);
                    out.extend(len.to_be_bytes());
                    out.extend(body.iter().take(usize::from(len) - 2));
                }
                Kind::Scan => {
                    out.extend(body.iter().flat_map(|&b| if b == 0xFF { vec![0xFF, 0] } else { vec![b] }));
                }
            }
        }
        out
    }
}

/// Tables that have as many values as their counts say, and no more codes of a length than shorter codes leave room for
/// (ITU-T T.81 annex C).
fn tables(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some((head, rest)) = body.split_first_chunk::<17>() {
        let mut counts = [0; 16];
        let mut room = 1u32;
        for (to, &count) in counts.iter_mut().zip(&head[1..]) {
            room = room.saturating_mul(2);
            *to = u32::from(count).min(room.saturating_sub(1));
            room -= *to;
        }
        let wanted = usize::try_from(counts.iter().sum::<u32>()).unwrap_or(0).min(256);
        let (values, after) = rest.split_at(wanted.min(rest.len()));
        out.push(head[0] & 0x13);
        out.extend(counts.map(|count| u8::try_from(count).unwrap_or(u8::MAX)));
        out.extend(values);
        out.extend((values.len()..wanted).map(|value| u8::try_from(value).unwrap_or(0)));
        body = after;
    }
    out
}

const DHT: u8 = 0xC4;
const SOS: u8 = 0xDA;
