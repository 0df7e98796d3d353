//! PNG: chunks with right lengths and checksums, and image data that is mutated before compression.

use super::{Parts, be32, length, parts_of_list};

/// One chunk as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The type.
    pub name: [u8; 4],
    /// The data.
    pub data: Vec<u8>,
    /// The checksum, right or wrong.
    pub crc: [u8; 4],
}

/// The chunks of a file up to the first incomplete one; `None` without the signature.
pub fn split(bytes: &[u8]) -> Option<Vec<Chunk>> {
    let mut rest = bytes.strip_prefix(&SIGNATURE)?;
    let mut chunks = Vec::new();
    while let Some((len, name)) = be32(rest, 0).zip(rest.get(4..).and_then(|r| r.first_chunk().copied())) {
        let Some((whole, after)) = len.checked_add(12).and_then(|all| rest.split_at_checked(all)) else { break };
        let crc = whole.last_chunk().copied().unwrap_or_default();
        chunks.push(Chunk { name, data: whole[8..8 + len].to_vec(), crc });
        rest = after;
    }
    Some(chunks)
}

/// A file of these chunks.
pub fn join(chunks: &[Chunk]) -> Vec<u8> {
    let whole = |c: &Chunk| [&length(c.data.len()), &c.name, &c.data[..], &c.crc].concat();
    [&SIGNATURE[..], &chunks.iter().flat_map(whole).collect::<Vec<_>>()].concat()
}

/// A file whose parts are chunks. The image data is one part, inflated if possible.
pub struct Datastream {
    parts: Vec<Part>,
}

#[derive(Clone)]
struct Part {
    name: [u8; 4],
    body: Vec<u8>,
    inflated: bool,
    /// The number of chunks that the data was divided into.
    pieces: usize,
}

impl Datastream {
    /// Parses a file.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut parts: Vec<Part> = Vec::new();
        for chunk in split(bytes)? {
            match parts.last_mut() {
                Some(last) if last.name == *b"IDAT" && chunk.name == *b"IDAT" => {
                    last.body.extend(chunk.data);
                    last.pieces += 1;
                }
                _ => parts.push(Part { name: chunk.name, body: chunk.data, inflated: false, pieces: 1 }),
            }
        }
        for part in parts.iter_mut().filter(|part| part.name == *b"IDAT") {
            if let Ok(rows) = fdeflate::decompress_to_vec_bounded(&part.body, MAX_ROWS) {
                (part.body, part.inflated) = (rows, true);
            }
        }
        Some(Self { parts })
    }
}

impl Parts for Datastream {
    parts_of_list!(parts);

    fn bytes(&self) -> Vec<u8> {
        join(&self.parts.iter().flat_map(Part::chunks).collect::<Vec<_>>())
    }
}

impl Part {
    fn chunks(&self) -> Vec<Chunk> {
        let compressed = self.inflated.then(|| fdeflate::compress_to_vec(&self.body));
        let data = compressed.as_ref().unwrap_or(&self.body);
        let chunk = |data: &[u8]| {
            let crc = crc32fast::hash(&[&self.name[..], data].concat()).to_be_bytes();
            Chunk { name: self.name, data: data.to_vec(), crc }
        };
        if self.pieces < 2 {
            return vec![chunk(data)];
        }
        data.chunks(data.len().div_ceil(self.pieces).max(1)).map(chunk).collect()
    }
}

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
const MAX_ROWS: usize = 1 << 20;
