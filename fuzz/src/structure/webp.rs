//! WebP: RIFF chunks with right sizes and padding.

use super::{Parts, parts_of_list};

/// The chunks of a file.
pub struct Riff {
    chunks: Vec<Chunk>,
}

#[derive(Clone)]
struct Chunk {
    name: [u8; 4],
    body: Vec<u8>,
}

impl Riff {
    /// Parses a file.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.get(12..).filter(|_| bytes.starts_with(b"RIFF"))?;
        let mut chunks = Vec::new();
        while let Some((name, after)) = rest.split_first_chunk::<4>() {
            let Some((size, after)) = after.split_first_chunk() else { break };
            let size = usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX).min(after.len());
            chunks.push(Chunk { name: *name, body: after[..size].to_vec() });
            rest = after.get(size + size % 2..).unwrap_or_default();
        }
        Some(Self { chunks })
    }
}

impl Parts for Riff {
    parts_of_list!(chunks);

    fn bytes(&self) -> Vec<u8> {
        let size = |len: usize| u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
        let chunk = |c: &Chunk| [&c.name, &size(c.body.len()), &c.body[..], &[0][..c.body.len() % 2]].concat();
        let payload: Vec<u8> = self.chunks.iter().flat_map(chunk).collect();
        [b"RIFF", &size(payload.len() + 4), b"WEBP", &payload[..]].concat()
    }
}
