//! BLAKE3 of bytes that come in pieces of any length.

/// A hasher that gives BLAKE3 whole blocks.
///
/// BLAKE3 is a tree of powers of two (§ 2.1 of its paper), and its lanes are full only where a piece begins at a multiple of what
/// they take. The pieces of a request begin anywhere: of 16 000 bytes each they take twice as long as those of 16 384.
pub(crate) struct BlockHasher {
    hasher: Box<blake3::Hasher>,
    /// The bytes behind the last whole block, fewer than one.
    rest: Vec<u8>,
}

/// What the lanes of every CPU divide.
const BLOCK_BYTES: usize = 16 * 1024;

impl BlockHasher {
    pub(crate) fn new() -> Self {
        Self { hasher: Box::new(blake3::Hasher::new()), rest: Vec::new() }
    }

    /// Takes the next bytes, of which less than a block at either end is copied.
    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        if !self.rest.is_empty() {
            let missing = (BLOCK_BYTES - self.rest.len()).min(bytes.len());
            let (first, others) = bytes.split_at(missing);
            self.rest.extend_from_slice(first);
            bytes = others;
            if self.rest.len() < BLOCK_BYTES {
                return;
            }
            self.hasher.update(&self.rest);
            self.rest.clear();
        }
        let (whole, rest) = bytes.split_at(bytes.len() / BLOCK_BYTES * BLOCK_BYTES);
        self.hasher.update(whole);
        self.rest.extend_from_slice(rest);
    }

    /// The hash of all bytes.
    pub(crate) fn finish(mut self) -> blake3::Hash {
        self.hasher.update(&self.rest);
        self.hasher.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lengths_of_pieces_change_nothing() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0]).collect();
        for len in [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES, bytes.len()] {
            let bytes = &bytes[..len];
            for piece in [1, 1000, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 40_000, 100_000] {
                let mut hasher = BlockHasher::new();
                for piece in bytes.chunks(piece) {
                    hasher.update(piece);
                    assert!(hasher.rest.len() < BLOCK_BYTES);
                }
                assert_eq!(hasher.finish(), blake3::hash(bytes), "{len} in pieces of {piece}");
            }
        }
    }
}
