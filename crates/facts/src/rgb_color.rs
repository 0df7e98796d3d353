//! A colour.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// A colour of sRGB: red, green, blue. It is written as `#rrggbb`, and read with or without the `#`.
///
/// ```
/// use image_ingest_facts::RgbColor;
///
/// assert_eq!(RgbColor([255, 128, 0]).to_string(), "#ff8000");
/// assert_eq!("FF8000".parse(), Ok(RgbColor([255, 128, 0])));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RgbColor(pub [u8; 3]);

impl fmt::Display for RgbColor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([r, g, b]) = self;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

/// Why a text is no colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseColorError;

impl FromStr for RgbColor {
    type Err = ParseColorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        let hex = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let value = hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten();
        let [_, r, g, b] = value.ok_or(ParseColorError)?.to_be_bytes();
        Ok(Self([r, g, b]))
    }
}

impl fmt::Display for ParseColorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected six hex digits, such as ffffff")
    }
}

impl Error for ParseColorError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_six_hex_digits() {
        for text in ["ff8000", "#FF8000", "#ff8000"] {
            assert_eq!(text.parse(), Ok(RgbColor([255, 128, 0])));
        }
        for text in ["", "#", "fff", "ff80000", "+f8000", "gg0000", "##f8000", "äöü"] {
            assert_eq!(text.parse::<RgbColor>(), Err(ParseColorError), "{text}");
        }
    }
}
