//! One file, a mutation of it, and what is made of that. Mutations are seeded, so that every run is the same.

use std::fmt;

/// What a case asks the library for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The canonical image alone.
    Canonical,
    /// Renditions and facts as well.
    Everything,
}

impl Asked {
    /// As [`Display`](fmt::Display) writes it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Canonical, Self::Everything].into_iter().find(|asked| asked.to_string() == text)
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Canonical => "canonical",
            Self::Everything => "everything",
        })
    }
}

/// A change of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutation {
    /// Nothing.
    Whole,
    /// Only so many twentieths of the file's bytes are kept.
    Cut(u32),
    /// The byte `at` is changed by exclusive or.
    Flip {
        /// Offset.
        at: usize,
        /// Not 0.
        by: u8,
    },
}

impl Mutation {
    pub(super) fn apply(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Whole => bytes.to_vec(),
            Self::Cut(twentieths) => bytes.get(..bytes.len() * twentieths as usize / 20).unwrap_or(bytes).to_vec(),
            Self::Flip { at, by } => {
                let mut changed = bytes.to_vec();
                changed.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= by);
                changed
            }
        }
    }

    /// As [`Display`](fmt::Display) writes it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        match (parts.next()?, parts.next(), parts.next()) {
            ("whole", None, None) => Some(Self::Whole),
            ("cut", Some(n), None) => n.parse().ok().map(Self::Cut),
            ("flip", Some(at), Some(by)) => Some(Self::Flip { at: at.parse().ok()?, by: by.parse().ok()? }),
            _ => None,
        }
    }
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("whole"),
            Self::Cut(twentieths) => write!(f, "cut:{twentieths}"),
            Self::Flip { at, by } => write!(f, "flip:{at}:{by}"),
        }
    }
}

/// A cut for each of `steps`, and `flips` mutations of one byte: half of them anywhere, half near the start, where
/// headers are.
pub(super) fn mutations(name: &str, len: usize, steps: &[u32], flips: usize) -> Vec<Mutation> {
    let mut random = Random::seeded(name);
    let flip = |i: usize| {
        let range = if i.is_multiple_of(2) { len } else { len.min(1024) };
        let at = random.below(range);
        Mutation::Flip { at, by: u8::try_from(1 + random.below(255)).unwrap_or(1) }
    };
    steps.iter().map(|&n| Mutation::Cut(n)).chain((0..flips).map(flip)).collect()
}

/// Pseudo-random numbers from a name, the same on every machine (Marsaglia's xorshift).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn seeded(name: &str) -> Self {
        // FNV-1a. The lowest bit is set, because xorshift never leaves 0.
        let hash = |h: u64, b: u8| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3);
        Self(name.bytes().fold(0xCBF2_9CE4_8422_2325, hash) | 1)
    }

    /// A number below `limit`; 0 for a limit of 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (limit.max(1) as u64)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutation_is_read_as_it_is_written() {
        for mutation in [Mutation::Whole, Mutation::Cut(19), Mutation::Flip { at: 77, by: 3 }] {
            assert_eq!(Mutation::parse(&mutation.to_string()), Some(mutation));
        }
        assert_eq!(Mutation::parse("cut"), None);
        assert_eq!(Asked::parse("everything"), Some(Asked::Everything));
    }

    #[test]
    fn mutations_are_the_same_each_time_and_change_something() {
        let bytes: Vec<u8> = (0..200).collect();
        let all = mutations("a", bytes.len(), &[0, 19], 40);
        assert_eq!(all, mutations("a", bytes.len(), &[0, 19], 40));
        assert_ne!(all, mutations("b", bytes.len(), &[0, 19], 40));
        assert!(all.iter().all(|m| m.apply(&bytes) != bytes));
    }
}
