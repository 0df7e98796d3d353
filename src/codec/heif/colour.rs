//! What a HEIF file and its bitstream say of colour: description, range, matrix and chroma siting.

use image_ingest_color::ColorDescription;
use image_ingest_heif::Property;
use image_ingest_hevc::Usability;
use image_ingest_samples::{Cicp, Matrix, Siting, joined};

use super::refusal::unsupported;
use crate::error::Result;

/// The `colr` properties of an item.
#[derive(Default, Clone, Copy)]
pub(super) struct Colour<'a> {
    pub(super) icc: Option<&'a [u8]>,
    pub(super) nclx: Option<Cicp>,
}

impl<'a> Colour<'a> {
    pub(super) fn of(properties: &[Property<'a>]) -> Self {
        let mut colour = Self::default();
        for property in properties {
            match *property {
                Property::Icc(icc) => colour.icc = colour.icc.or(Some(icc)),
                Property::Nclx(nclx) => colour.nclx = colour.nclx.or(Some(nclx)),
                _ => {}
            }
        }
        colour
    }

    pub(super) fn or(self, other: Self) -> Self {
        if self.icc.is_none() && self.nclx.is_none() { other } else { self }
    }
}

/// The ICC profile, else `nclx`, else what the bitstream says, else sRGB. A profile over its limit is ignored.
pub(super) fn description(colour: &Colour<'_>, usability: Usability) -> Result<ColorDescription> {
    let fits = |icc: &&[u8]| !icc.is_empty() && icc.len() as u64 <= ColorDescription::MAX_ICC_BYTES;
    Ok(match (colour.icc.filter(fits), colour.nclx.or(usability.cicp)) {
        (Some(icc), _) => ColorDescription::Icc(joined(&[icc])?.into()),
        (None, Some(cicp)) => ColorDescription::Cicp(cicp),
        (None, None) => ColorDescription::Srgb,
    })
}

/// The signal of the planes: `nclx`, else what the bitstream says.
///
/// A bitstream that is silent about its range is of limited range (ITU-T H.265 § E.3.1), as libheif and others have it.
/// The pictures agree: the 0.1 and 99.9 percent luma of such a file lie at 17 and 235. Luma alone is full range all the
/// same, as libheif and its writers have it.
pub(super) fn signal(colour: &Colour<'_>, usability: Usability, gray: bool) -> Cicp {
    let full_range = usability.full_range.unwrap_or(gray);
    let unspecified = Cicp { primaries: 2, transfer: 2, matrix: 2, full_range };
    colour.nclx.or(usability.cicp).unwrap_or(unspecified)
}

/// The matrix of planes (ITU-T H.273, table 4). Unspecified is BT.601. Luma alone needs none.
///
/// `format` is the chroma format and the bit depth of the coded picture.
pub(super) fn matrix(signal: Cicp, (chroma_format, bit_depth): (u8, u8)) -> Result<Matrix> {
    let Cicp { primaries, transfer, matrix, .. } = signal;
    Ok(match matrix {
        _ if chroma_format == 0 => Matrix::Bt601,
        // Meant for 4:4:4, and read as it says where blue and red are subsampled.
        0 => Matrix::Identity,
        1 => Matrix::Bt709,
        2 | 5 | 6 => Matrix::Bt601,
        4 => Matrix::Fcc,
        7 => Matrix::Smpte240,
        8 => Matrix::Ycgco,
        9 => Matrix::Bt2020,
        10 => Matrix::ConstantLuminance { primaries: 9, transfer },
        11 => Matrix::Ydzdx,
        12 => Matrix::Derived { primaries },
        13 => Matrix::ConstantLuminance { primaries, transfer },
        14 => Matrix::Ictcp { hlg: transfer == 18 },
        16 if bit_depth >= 10 => Matrix::YcgcoLifted { extra_bits: 2 },
        17 if bit_depth >= 9 => Matrix::YcgcoLifted { extra_bits: 1 },
        other => return Err(unsupported(format!("matrix coefficients {other}"))),
    })
}

/// Where chroma samples lie (ITU-T H.265 § E.3.1, figure E.1). `Siting` has no names for types 3 (top), 4 (bottom left)
/// and 5 (bottom), which take the nearest that it has.
pub(super) fn siting(usability: Usability) -> Siting {
    match usability.chroma_location {
        Some(1 | 3 | 5) => Siting::Centred,
        Some(2) => Siting::TopLeft,
        _ => Siting::Left,
    }
}
