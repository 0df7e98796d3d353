//! The type of a bomb, and helpers that several bombs use.

/// One bomb.
pub struct Bomb {
    /// The file's name.
    pub name: &'static str,
    /// What it declares.
    pub shows: &'static str,
    /// The code of its refusal, or `accepted`.
    pub outcome: &'static str,
    /// Whether it is one of the six whose cost has a fixed bound: 50 ms and 32 MiB.
    pub is_cheap: bool,
    make: fn() -> Vec<u8>,
}

impl Bomb {
    pub(super) const fn new(
        name: &'static str,
        outcome: &'static str,
        shows: &'static str,
        make: fn() -> Vec<u8>,
    ) -> Self {
        Self { name, shows, outcome, is_cheap: false, make }
    }

    pub(super) const fn cheap(self) -> Self {
        Self { is_cheap: true, ..self }
    }

    /// Makes the file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        (self.make)()
    }
}

/// `bytes` repeated until `len` bytes are full.
pub(super) fn filled(bytes: &[u8], len: usize) -> Vec<u8> {
    bytes.iter().copied().cycle().take(len / bytes.len() * bytes.len()).collect()
}

/// The most that an upload may have, less what a small picture around it needs.
pub(super) const NEARLY_ALL: usize = 10 * 1024 * 1024 - 64 * 1024;
