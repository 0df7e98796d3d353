//! What a caller asks of a rendition: a further size of a picture, made from the canonical samples.

use std::fmt;
use std::str::FromStr;

use image_ingest_encode::{Encoding, Frame, ParseEncodingError};
use image_ingest_samples::{Rect, Size};

use crate::plan::profile::{Geometry, refusal};
use crate::plan::size::{covering_around, fitting};

/// A further size of a picture. It is made from the canonical samples, and is never larger than they are.
///
/// As text it is `fit:640`, `cover:1170x2532` or `cover:256x256@0.5,0.3`, and what encodes it may follow: `:jpeg82`, `:webp80`.
/// Without it, that is JPEG of quality 85.
///
/// ```
/// use image_ingest::rendition::RenditionSpec;
///
/// let spec: RenditionSpec = "cover:256x256@0.5,0.3:webp80".parse()?;
/// assert_eq!(spec.to_string(), "cover:256x256@0.5,0.3:webp80");
/// assert_eq!("fit:640".parse::<RenditionSpec>()?.to_string(), "fit:640:jpeg85");
/// # Ok::<(), image_ingest::rendition::ParseRenditionError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RenditionSpec {
    /// The size. `Fit` gives exactly `max_edge` to the longer side, where the canonical image is larger.
    pub geometry: Geometry,
    /// The point that stays in the picture where `Cover` crops. Default: the centre.
    pub focus: Focus,
    /// The bytes. Default: baseline JPEG, quality 85.
    pub encoding: Encoding,
}

/// A point of a picture, as fractions of its width and height.
///
/// It is written as two decimal fractions of 0–1, which are rounded to four places: `0.5,0.3`.
///
/// ```
/// use image_ingest::rendition::Focus;
///
/// assert_eq!("0.50,.33333".parse::<Focus>()?.to_string(), "0.5,0.3333");
/// assert_eq!(Focus::default(), "0.5,0.5".parse()?);
/// # Ok::<(), image_ingest::rendition::ParseRenditionError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Focus {
    /// From the left, in 1/10 000.
    x: u16,
    /// From the top, in 1/10 000.
    y: u16,
}

/// Why a text is no rendition, or no part of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseRenditionError(String);

impl RenditionSpec {
    /// A rendition of this size around the centre, as a JPEG of quality 85.
    #[must_use]
    pub fn new(geometry: Geometry) -> Self {
        Self { geometry, focus: Focus::default(), encoding: Encoding::default() }
    }

    /// A name and a specification: `card=fit:640`.
    ///
    /// ```
    /// use image_ingest::rendition::RenditionSpec;
    ///
    /// let (name, spec) = RenditionSpec::parse_named("card=fit:640")?;
    /// assert_eq!((name.as_str(), spec), ("card", "fit:640".parse()?));
    /// # Ok::<(), image_ingest::rendition::ParseRenditionError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where there is no `=`, the name is not 1–64 lower-case letters, digits, `-` and `_`, or the rest is no specification.
    pub fn parse_named(text: &str) -> Result<(String, Self), ParseRenditionError> {
        let (name, spec) =
            text.split_once('=').ok_or_else(|| refused("expected NAME=SPEC, such as card=fit:640".to_owned()))?;
        check_name(name).map_err(refused)?;
        Ok((name.to_owned(), spec.parse()?))
    }

    /// A stable name for everything that decides the bytes of the rendition of a canonical image.
    ///
    /// It is no part of [`Profile::fingerprint`](crate::Profile::fingerprint): renditions do not change the canonical image.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("r{RENDITION_VERSION}-{}", self.to_string().replacen(':', "", 1).replace(':', "-"))
    }

    /// Refuses what no encoder can honour.
    pub(crate) fn refusal(&self) -> Option<String> {
        refusal(self.geometry, self.encoding)
    }

    /// What is shown of a canonical image of `size`, and how large.
    ///
    /// The part begins at an even column and row, so that planes of 4:2:0 are cropped and not filtered where nothing is reduced.
    pub(crate) fn frame(&self, size: Size) -> Frame {
        match self.geometry {
            Geometry::Fit { max_edge } => Frame { crop: Rect::whole(size), target: fitting(size, max_edge) },
            Geometry::Cover { width, height } => {
                let [x, y] = [self.focus.x, self.focus.y].map(|part| (u32::from(part), u32::from(WHOLE)));
                let (rect, target) = covering_around(size, Size::new(width, height), x, y);
                Frame { crop: Rect { left: rect.left & !1, top: rect.top & !1, ..rect }, target }
            }
        }
    }
}

/// Refuses what cannot be a key of JSON and a part of a path without being quoted.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let is_plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-' || c == b'_';
    if (1..=64).contains(&name.len()) && name.bytes().all(is_plain) {
        return Ok(());
    }
    Err("the name of a rendition is 1–64 lower-case letters, digits, - and _".to_owned())
}

impl FromStr for RenditionSpec {
    type Err = ParseRenditionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(':');
        let (Some(kind), Some(size), encoding, None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(no_geometry());
        };
        let (size, focus) = match size.split_once('@') {
            Some((size, focus)) if kind == "cover" => (size, focus.parse::<Focus>()?),
            _ => (size, Focus::default()),
        };
        // What this build cannot encode is for whoever builds an ingest to say.
        let encoding = encoding.map_or(Ok(Encoding::default()), str::parse);
        let encoding = encoding.map_err(|error: ParseEncodingError| refused(error.to_string()))?;
        Ok(Self { geometry: geometry(kind, size)?, focus, encoding })
    }
}

impl fmt::Display for RenditionSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.geometry)?;
        if self.focus != Focus::default() {
            write!(f, "@{}", self.focus)?;
        }
        write!(f, ":{}", self.encoding)
    }
}

impl FromStr for Geometry {
    type Err = ParseRenditionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, size) = text.split_once(':').ok_or_else(no_geometry)?;
        geometry(kind, size)
    }
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fit { max_edge } => write!(f, "fit:{max_edge}"),
            Self::Cover { width, height } => write!(f, "cover:{width}x{height}"),
        }
    }
}

fn geometry(kind: &str, size: &str) -> Result<Geometry, ParseRenditionError> {
    match kind {
        "fit" => {
            let expected = || refused(format!("expected pixels between 1 and {}, such as 640", Geometry::MAX_EDGE));
            Ok(Geometry::Fit { max_edge: edge(size).ok_or_else(expected)? })
        }
        "cover" => {
            let sides = size.split_once(['x', 'X']).and_then(|(width, height)| Some((edge(width)?, edge(height)?)));
            let (width, height) = sides.ok_or_else(|| {
                refused(format!("expected WxH with both between 1 and {}, such as 1170x2532", Geometry::MAX_EDGE))
            })?;
            Ok(Geometry::Cover { width, height })
        }
        _ => Err(no_geometry()),
    }
}

/// An edge in digits alone: Rust's own parser takes a sign.
fn edge(text: &str) -> Option<u32> {
    let edge = text.bytes().all(|c| c.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    edge.filter(|edge| (1..=Geometry::MAX_EDGE).contains(edge))
}

impl Default for Focus {
    /// The centre.
    fn default() -> Self {
        Self { x: WHOLE / 2, y: WHOLE / 2 }
    }
}

impl FromStr for Focus {
    type Err = ParseRenditionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let point = || {
            let (x, y) = text.split_once(',')?;
            Some(Self { x: fraction(x)?, y: fraction(y)? })
        };
        point().ok_or_else(|| refused("expected a point X,Y with both between 0 and 1, such as 0.5,0.3".to_owned()))
    }
}

/// A decimal fraction of 0–1 in 1/10 000, rounded half up.
fn fraction(text: &str) -> Option<u16> {
    let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
    if !places.bytes().chain(whole.bytes()).all(|c| c.is_ascii_digit()) || places.is_empty() {
        return None;
    }
    let whole: u16 = match whole {
        "" | "0" => 0,
        "1" => WHOLE,
        _ => return None,
    };
    let place = |i: usize| places.as_bytes().get(i).map_or(0, |digit| u16::from(digit - b'0'));
    let parts = (0..4).fold(0, |parts, i| 10 * parts + place(i)) + u16::from(place(4) >= 5);
    (whole + parts <= WHOLE).then_some(whole + parts)
}

impl fmt::Display for Focus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |part: u16| {
            let text = format!("{}.{:04}", part / WHOLE, part % WHOLE);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        };
        write!(f, "{},{}", shown(self.x), shown(self.y))
    }
}

fn no_geometry() -> ParseRenditionError {
    refused("expected fit:N or cover:WxH, such as fit:640 or cover:256x256@0.5,0.3:webp80".to_owned())
}

fn refused(reason: String) -> ParseRenditionError {
    ParseRenditionError(reason)
}

/// Raised whenever the same canonical samples and specification would give other bytes.
const RENDITION_VERSION: u32 = 1;
/// Parts of a width or height.
const WHOLE: u16 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> RenditionSpec {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn a_specification_reads_what_it_writes() {
        for (text, whole, fingerprint) in [
            ("fit:640", "fit:640:jpeg85", "r1-fit640-jpeg85"),
            ("cover:1170x2532:webp", "cover:1170x2532:webp80", "r1-cover1170x2532-webp80"),
            ("cover:256x256@0.5,0.5", "cover:256x256:jpeg85", "r1-cover256x256-jpeg85"),
            ("cover:1X16383@0,1:jpeg1", "cover:1x16383@0,1:jpeg1", "r1-cover1x16383@0,1-jpeg1"),
            ("cover:9x9@1.0,.12345:jpeg100", "cover:9x9@1,0.1235:jpeg100", "r1-cover9x9@1,0.1235-jpeg100"),
        ] {
            let spec = spec(text);
            assert_eq!((spec.to_string().as_str(), spec.fingerprint().as_str()), (whole, fingerprint));
            assert_eq!(whole.parse(), Ok(spec));
        }
    }

    #[test]
    fn what_is_no_specification_is_refused() {
        for text in [
            "",
            "fit",
            "fit:",
            "fit:0",
            "fit:16384",
            "fit:+5",
            "fit:64x64",
            "fit:640@0.5,0.5",
            "fit:640:gif",
            "fit:640:jpeg0",
            "fit:640:jpeg101",
            "fit:640:jpeg+5",
            "fit:640:jpeg85:",
            "cover:256",
            "cover:x1",
            "cover:1x0",
            "cover:1x16384",
            "cover:1x1@",
            "cover:1x1@0.5",
            "cover:1x1@0.5,1.00005",
            "cover:1x1@-0.1,0",
            "cover:1x1@0.,0",
            "cover:1x1@1e-1,0",
            "cover:1x1@.,.",
            "contain:5",
            "FIT:5",
            "fit:99999999999",
            " fit:5",
            "cover:1x1@0,0,0",
            "cover:1x1@٥,0",
        ] {
            assert!(text.parse::<RenditionSpec>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_geometry_is_a_specification_without_focus_and_encoding() {
        for text in ["fit:1", "fit:16383", "cover:1170x2532"] {
            assert_eq!(text.parse::<Geometry>().map(|geometry| geometry.to_string()), Ok(text.to_owned()));
        }
        for text in
            ["", "640", "fit:0", "cover:9x9@0.5,0.5", "cover:9x9:jpeg", "fit:9:jpeg", "cover:1x2x3", "cover:-1x5"]
        {
            assert!(text.parse::<Geometry>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_named_specification_has_a_plain_name() {
        assert_eq!(RenditionSpec::parse_named("a-1_b=fit:5"), Ok(("a-1_b".to_owned(), spec("fit:5"))));
        let long = format!("{}=fit:5", "a".repeat(65));
        for text in ["fit:5", "=fit:5", "A=fit:5", "a b=fit:5", "ä=fit:5", "a=", "a==fit:5", "../a=fit:5", &long] {
            assert!(RenditionSpec::parse_named(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_frame_is_inside_the_picture_and_never_enlarged() {
        let specs =
            ["fit:640", "fit:9999", "cover:1170x2532", "cover:256x256@0.1,0.9", "cover:16383x1@1,1", "cover:3x7@0,0"];
        for spec in specs.map(spec) {
            for (width, height) in [(1, 1), (2, 3), (2016, 1512), (1365, 2048), (2048, 1), (1, 2048), (640, 640)] {
                let size = Size::new(width, height);
                let Frame { crop: rect, target } = spec.frame(size);
                assert!(rect.fits_in(size), "{spec} of {size:?}: {rect:?}");
                assert!(target.width <= rect.size.width && target.height <= rect.size.height, "{spec} of {size:?}");
                assert!(target.pixels() > 0 && rect.left % 2 == 0 && rect.top % 2 == 0, "{spec} of {size:?}: {rect:?}");
            }
        }
    }

    #[test]
    fn a_cover_keeps_its_focus_in_the_picture() {
        let Frame { crop: rect, target } = spec("cover:256x256@0.25,0.5").frame(Size::new(2016, 1512));
        assert_eq!((rect.left, rect.size, target), (0, Size::new(1512, 1512), Size::new(256, 256)));
        assert_eq!(spec("cover:1170x2532").frame(Size::new(2016, 1512)).crop.left, 658);
        assert_eq!(spec("cover:1170x2532@0.9,0.5").frame(Size::new(2016, 1512)).crop.left, 1316);
    }
}
