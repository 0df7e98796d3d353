//! A colour.

use std::fmt;

/// A colour of sRGB: red, green, blue. It is written as `#rrggbb`.
///
/// ```
/// assert_eq!(image_ingest_facts::RgbColor([255, 128, 0]).to_string(), "#ff8000");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RgbColor(pub [u8; 3]);

impl fmt::Display for RgbColor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([r, g, b]) = self;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}
