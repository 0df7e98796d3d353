//! Ids of bytes: BLAKE3-256 of uploads and of canonical images.

use std::fmt;
use std::str::FromStr;

use image_ingest_samples::{CpuTimer, WorkError};

/// BLAKE3-256 of the canonical bytes; shown as `obj_` and 64 hex digits, so `b3sum` verifies a stored file.
///
/// ```
/// let id: image_ingest::ContentId = image_ingest::ContentId::of(b"canonical bytes");
/// assert_eq!(id.to_string().parse(), Ok(id));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentId([u8; 32]);

/// BLAKE3-256 of the uploaded bytes; shown as `src_` and 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SourceId([u8; 32]);

/// A text that is not an id of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {expected} followed by 64 hex digits")]
pub struct ParseIdError {
    expected: &'static str,
}

macro_rules! id {
    ($name:ident, $prefix:literal) => {
        impl $name {
            /// The id of `bytes`.
            #[must_use]
            pub fn of(bytes: &[u8]) -> Self {
                Self(*blake3::hash(bytes).as_bytes())
            }

            /// The id of these 32 bytes, as [`Self::as_bytes`] gives them.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes of BLAKE3.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(blake3::Hash::from_bytes(self.0).to_hex().as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let wrong = ParseIdError { expected: $prefix };
                let hex = text.strip_prefix($prefix).ok_or(wrong)?;
                blake3::Hash::from_hex(hex).map(|h| Self(*h.as_bytes())).map_err(|_| wrong)
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
    };
}

id!(ContentId, "obj_");
id!(SourceId, "src_");

impl ContentId {
    /// The id of `bytes`, of which a large rendition has more than may be hashed between two looks at the budget.
    ///
    /// # Errors
    ///
    /// [`WorkError`].
    pub(crate) fn within(bytes: &[u8], timer: &CpuTimer<'_>) -> Result<Self, WorkError> {
        let mut hasher = blake3::Hasher::new();
        for piece in bytes.chunks(PIECE_BYTES) {
            timer.check()?;
            hasher.update(piece);
        }
        Ok(Self(*hasher.finalize().as_bytes()))
    }
}

/// A quarter of a millisecond or so.
const PIECE_BYTES: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use image_ingest_samples::{Budget, CancellationToken};

    use super::*;

    #[test]
    fn pieces_have_the_id_of_the_whole() {
        for len in [0, 1, PIECE_BYTES, 2 * PIECE_BYTES + 1] {
            let bytes = vec![7; len];
            assert_eq!(ContentId::within(&bytes, &CpuTimer::default()), Ok(ContentId::of(&bytes)), "{len}");
        }
    }

    #[test]
    fn a_cancelled_job_hashes_no_more() {
        let token = CancellationToken::new();
        token.cancel();
        let budget = Budget::new(Duration::MAX, token);
        assert_eq!(ContentId::within(&[7], &budget.timer()), Err(WorkError::Cancelled));
    }
}
