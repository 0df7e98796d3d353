//! Turns a colour description into a profile: what leads from its samples to XYZ.

use image_ingest_samples::Cicp;

use crate::curve::Curve;
use crate::description::{ColorDescription, ColorModel};
use crate::icc;
use crate::matrix::{BT709, Chromaticities, D65, Matrix3};
use crate::profile::{ColorProfile, GrayProfile, MatrixProfile};

/// The profile that a description means for samples of `model`. `None` when the description needs no conversion, is
/// malformed or does not fit the samples.
pub(crate) fn read(description: &ColorDescription, model: ColorModel) -> Option<ColorProfile<'_>> {
    let rgb = match description {
        ColorDescription::Srgb => return None,
        ColorDescription::Icc(bytes) => return icc::read(bytes, model),
        ColorDescription::Cicp(cicp) => from_cicp(*cicp)?,
        ColorDescription::Gamma { gamma, chromaticities } => from_gamma(*gamma, *chromaticities)?,
        ColorDescription::AdobeRgb => with_curve(ADOBE_RGB, Curve::power(563.0 / 256.0))?,
    };
    match model {
        ColorModel::Rgb => Some(ColorProfile::Matrix(rgb)),
        ColorModel::Gray => Some(ColorProfile::Gray(GrayProfile::Luminance(rgb.curves[0]))),
        ColorModel::Cmyk => None,
    }
}

/// SDR code points; `None` where they mean sRGB, or where the primaries are unknown.
///
/// The BT.709 family of transfer functions is read as the curve of sRGB, as browsers do: both are graded on the same
/// displays.
fn from_cicp(cicp: Cicp) -> Option<MatrixProfile<'static>> {
    let curve = match cicp.transfer {
        4 => Curve::power(2.2),
        5 => Curve::power(2.8),
        8 => Curve::Identity,
        _ => Curve::SRGB,
    };
    let points = primaries(cicp.primaries)?;
    if points == BT709 && curve == Curve::SRGB { None } else { with_curve(points, curve) }
}

/// The chromaticities of a code of ITU-T H.273, table 2. Unspecified primaries (2) are those of BT.709.
pub(crate) fn primaries(code: u16) -> Option<Chromaticities> {
    /// CIE standard illuminant C.
    const C: (f64, f64) = (0.310, 0.316);
    Some(match code {
        1 | 2 => BT709,
        4 => [C, (0.67, 0.33), (0.21, 0.71), (0.14, 0.08)],
        5 => [D65, (0.64, 0.33), (0.29, 0.60), (0.15, 0.06)],
        6 | 7 => [D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)],
        8 => [C, (0.681, 0.319), (0.243, 0.692), (0.145, 0.049)],
        9 => [D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)],
        10 => [(1.0 / 3.0, 1.0 / 3.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)],
        11 => [(0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)],
        12 => [D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)],
        22 => [D65, (0.630, 0.340), (0.295, 0.605), (0.155, 0.077)],
        _ => return None,
    })
}

/// PNG's `gAMA` and `cHRM` (PNG Third Edition, 11.3.2); `None` where they mean sRGB, or no colour space.
///
/// An exponent within 1 % of 1/2.2 stands for the curve of sRGB, as the value 45 455 that the specification recommends
/// beside `sRGB` does.
fn from_gamma(gamma: u32, chromaticities: Option<[(u32, u32); 4]>) -> Option<MatrixProfile<'static>> {
    let srgb_like = gamma == 0 || (45_000..=45_910).contains(&gamma);
    let curve = if srgb_like { Curve::SRGB } else { Curve::power(100_000.0 / f64::from(gamma)) };
    match chromaticities {
        Some(points) if !near_srgb(points) => {
            let points = points.map(|(x, y)| (f64::from(x) / 100_000.0, f64::from(y) / 100_000.0));
            let usable = points.iter().all(|&(x, y)| x + y <= 1.0 && y > 0.0);
            if usable { with_curve(points, curve) } else { None }
        }
        _ if srgb_like => None,
        _ => with_curve(BT709, curve),
    }
}

/// Whether chromaticities are those of sRGB as `cHRM` writes them, within 0.001.
fn near_srgb(points: [(u32, u32); 4]) -> bool {
    const SRGB: [(u32, u32); 4] = [(31_270, 32_900), (64_000, 33_000), (30_000, 60_000), (15_000, 6_000)];
    points.iter().zip(SRGB).all(|(p, s)| p.0.abs_diff(s.0) <= 100 && p.1.abs_diff(s.1) <= 100)
}

fn with_curve(points: Chromaticities, curve: Curve<'static>) -> Option<MatrixProfile<'static>> {
    Some(MatrixProfile { curves: [curve; 3], to_xyz: Matrix3::to_xyz(points)? })
}

/// Adobe RGB (1998).
const ADOBE_RGB: Chromaticities = [D65, (0.64, 0.33), (0.21, 0.71), (0.15, 0.06)];

#[cfg(test)]
mod tests {
    use super::*;

    fn cicp(primaries: u16, transfer: u16) -> ColorDescription {
        ColorDescription::Cicp(Cicp { primaries, transfer, matrix: 0, full_range: true })
    }

    fn gamma(gamma: u32, chromaticities: Option<[(u32, u32); 4]>) -> ColorDescription {
        ColorDescription::Gamma { gamma, chromaticities }
    }

    const SRGB_POINTS: [(u32, u32); 4] = [(31_270, 32_900), (64_000, 33_000), (30_000, 60_000), (15_000, 6_000)];

    fn matrix(description: &ColorDescription) -> Option<MatrixProfile<'_>> {
        match read(description, ColorModel::Rgb)? {
            ColorProfile::Matrix(matrix) => Some(matrix),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_means_srgb_needs_no_profile() {
        for description in [
            ColorDescription::Srgb,
            cicp(1, 13),
            cicp(1, 1),
            cicp(2, 2),
            gamma(45_455, None),
            gamma(45_455, Some(SRGB_POINTS)),
            gamma(0, None),
        ] {
            assert!(matrix(&description).is_none(), "{description:?}");
        }
    }

    /// ITU-T H.273, table 3: 4 is gamma 2.2, 5 gamma 2.8, 8 linear.
    #[test]
    fn transfer_codes_are_those_of_h273() {
        for (transfer, at_half) in [(4, 0.5f64.powf(2.2)), (5, 0.5f64.powf(2.8)), (8, 0.5), (13, 0.214_041)] {
            let description = cicp(12, transfer);
            let profile = matrix(&description).unwrap();
            assert!((profile.curves[0].at(0.5) - at_half).abs() < 1e-5, "{transfer}");
        }
    }

    #[test]
    fn unknown_primaries_and_impossible_chromaticities_are_no_profile() {
        for description in [
            cicp(3, 13),
            cicp(99, 13),
            gamma(50_000, Some([(31_270, 0), (64_000, 33_000), (30_000, 60_000), (15_000, 6_000)])),
            gamma(50_000, Some([(90_000, 90_000), (64_000, 33_000), (30_000, 60_000), (15_000, 6_000)])),
            gamma(50_000, Some([(31_270, 32_900); 4])),
        ] {
            assert!(matrix(&description).is_none(), "{description:?}");
        }
    }

    #[test]
    fn a_gamma_of_one_is_linear_and_keeps_the_primaries_of_srgb() {
        let description = gamma(100_000, None);
        let profile = matrix(&description).unwrap();
        assert!((profile.curves[1].at(0.3) - 0.3).abs() < 1e-12);
        assert_eq!(profile.to_xyz, Matrix3::to_xyz(BT709).unwrap());
    }

    #[test]
    fn gray_has_the_curve_alone_and_inks_have_no_profile() {
        let description = ColorDescription::AdobeRgb;
        let Some(ColorProfile::Gray(GrayProfile::Luminance(curve))) = read(&description, ColorModel::Gray) else {
            panic!("gray");
        };
        assert!((curve.at(0.5) - 0.5f64.powf(2.199_218_75)).abs() < 1e-9);
        assert!(read(&description, ColorModel::Cmyk).is_none());
    }
}
