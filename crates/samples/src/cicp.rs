//! Coding-independent code points.

/// Code points of ITU-T H.273: what HEIF's `nclx`, PNG's `cICP` and the HEVC VUI carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cicp {
    /// Colour primaries (table 2): 1 BT.709, 9 BT.2020, 12 Display P3, 2 unspecified.
    pub primaries: u16,
    /// Transfer characteristics (table 3): 13 sRGB, 16 PQ, 18 HLG, 2 unspecified.
    pub transfer: u16,
    /// Matrix coefficients (table 4): 0 RGB, 1 BT.709, 5 and 6 BT.601, 9 BT.2020, 2 unspecified; [`Matrix`](crate::Matrix)
    /// has the others.
    pub matrix: u16,
    /// Whether samples use the full range of their depth.
    pub full_range: bool,
}
