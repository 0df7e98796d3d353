//! What a caller asks of the canonical image: geometry, encoding, matte.

use image_ingest_encode::Encoding;

use crate::error::{Error, Result};

/// The canonical form a caller asks for; the default is canonical version 1 as documented.
///
/// ```
/// use image_ingest::{Encoding, Geometry, Profile};
/// let mut profile = Profile::default();
/// profile.geometry = Geometry::Cover { width: 1170, height: 2532 };
/// profile.encoding = Encoding::Webp { quality: 80 };
/// assert_ne!(profile.fingerprint(), Profile::default().fingerprint());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Profile {
    /// The size of the result. Default: fit inside 2048 × 2048.
    pub geometry: Geometry,
    /// The bytes of the result. Default: baseline JPEG, quality 85.
    pub encoding: Encoding,
    /// sRGB colour that transparent pixels are composed over. Default: white.
    pub matte: [u8; 3],
}

/// How the canonical size follows from the displayed size; neither ever enlarges.
///
/// As text it is `fit:2048` or `cover:1170x2532`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Geometry {
    /// The longer side becomes at most `max_edge` pixels (1–16 383).
    Fit {
        /// Longest side of the result, in pixels.
        max_edge: u32,
    },
    /// The centre is cropped to the aspect of `width × height`, then reduced to it.
    Cover {
        /// Width of the result, in pixels (1–16 383).
        width: u32,
        /// Height of the result, in pixels (1–16 383).
        height: u32,
    },
}

impl Default for Profile {
    fn default() -> Self {
        Self { geometry: Geometry::Fit { max_edge: 2048 }, encoding: Encoding::default(), matte: [255, 255, 255] }
    }
}

impl Geometry {
    /// The longest edge that may be asked for: what WebP can carry (RFC 9649 § 2.7: 14 bits), and kept for every encoding.
    pub const MAX_EDGE: u32 = 16_383;
}

impl Profile {
    /// A stable name for everything that decides canonical bytes: this profile and the canonical version.
    ///
    /// Store it beside a [`SourceId`](crate::SourceId): the same source under the same fingerprint gives the same
    /// bytes.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let geometry = self.geometry.to_string().replace(':', "");
        let [r, g, b] = self.matte;
        format!("v{CANONICAL_VERSION}-{geometry}-{}-{r:02x}{g:02x}{b:02x}", self.encoding)
    }

    /// Refuses values that no encoder can honour.
    ///
    /// # Errors
    ///
    /// `internal`: the profile comes from the embedder's code, never from an upload.
    pub(crate) fn check(&self) -> Result<()> {
        refusal(self.geometry, self.encoding)
            .map_or(Ok(()), |reason| Err(Error::internal(format!("profile: {reason}"))))
    }
}

/// What no encoder can honour of these values.
pub(crate) fn refusal(geometry: Geometry, encoding: Encoding) -> Option<String> {
    let edges = match geometry {
        Geometry::Fit { max_edge } => [max_edge, max_edge],
        Geometry::Cover { width, height } => [width, height],
    };
    if !edges.iter().all(|edge| (1..=Geometry::MAX_EDGE).contains(edge)) {
        return Some(format!("an edge outside 1–{}", Geometry::MAX_EDGE));
    }
    if !(1..=100).contains(&encoding.quality()) {
        return Some("a quality outside 1–100".to_owned());
    }
    (!encoding.is_built_in()).then(|| "WebP, and the feature `webp-encode` is off".to_owned())
}

/// Raised whenever the same upload and profile would give other bytes.
pub const CANONICAL_VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_for_webp_is_refused_where_no_encoder_makes_it() {
        let profile = Profile { encoding: Encoding::Webp { quality: 80 }, ..Profile::default() };
        let checked = profile.check();
        if cfg!(feature = "webp-encode") {
            checked.unwrap();
        } else {
            let error = checked.unwrap_err();
            assert_eq!(error.code(), "internal");
            assert!(error.to_string().contains("`webp-encode`"), "{error}");
        }
    }
}
