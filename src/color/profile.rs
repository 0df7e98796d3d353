//! Turns a colour description into a profile of the colour engine.

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace, MatrixCoefficients,
    ToneReprCurve, TransferCharacteristics, XyY,
};

use crate::header::{Channels, Cicp, ColorDescription};

/// The profile that a description means for samples of `channels`; `None` when it is no profile or does not fit them.
pub(super) fn read(description: &ColorDescription, channels: Channels) -> Option<ColorProfile> {
    let rgb = match description {
        ColorDescription::Srgb => None,
        ColorDescription::Icc(bytes) => {
            let profile = ColorProfile::new_from_slice(bytes).ok()?;
            return fits(&profile, channels).then_some(profile);
        }
        ColorDescription::Cicp(cicp) => from_cicp(*cicp),
        ColorDescription::Gamma { gamma, chromaticities } => from_gamma(*gamma, *chromaticities),
        ColorDescription::AdobeRgb => Some(ColorProfile::new_adobe_rgb()),
    }?;
    Some(if channels == Channels::Gray { tone_alone(rgb) } else { rgb })
}

/// The tone curve without the primaries, which say nothing about gray.
fn tone_alone(rgb: ColorProfile) -> ColorProfile {
    let mut gray = ColorProfile::new_gray_with_gamma(1.0);
    gray.gray_trc = rgb.red_trc;
    gray
}

/// A profile of another colour space than the samples' says nothing about them.
fn fits(profile: &ColorProfile, channels: Channels) -> bool {
    let wanted = match channels {
        Channels::Gray => DataColorSpace::Gray,
        Channels::Rgb | Channels::Palette | Channels::Ycbcr => DataColorSpace::Rgb,
        Channels::Cmyk | Channels::Ycck => DataColorSpace::Cmyk,
    };
    profile.color_space == wanted
}

/// SDR code points. The BT.709 family of transfer functions is read as sRGB's curve, as browsers show it: both are
/// graded on the same displays.
fn from_cicp(cicp: Cicp) -> Option<ColorProfile> {
    let primaries = CicpColorPrimaries::try_from(u8::try_from(cicp.primaries).ok()?).ok()?;
    let curve = match cicp.transfer {
        4 => Some(power(2.2)),
        5 => Some(power(2.8)),
        8 => Some(power(1.0)),
        _ => None,
    };
    if matches!(primaries, CicpColorPrimaries::Bt709 | CicpColorPrimaries::Unspecified) && curve.is_none() {
        return None;
    }
    let mut profile = ColorProfile::new_srgb();
    if !matches!(primaries, CicpColorPrimaries::Unspecified) {
        let named = ColorProfile::new_from_cicp(CicpProfile {
            color_primaries: primaries,
            transfer_characteristics: TransferCharacteristics::Srgb,
            matrix_coefficients: MatrixCoefficients::Identity,
            full_range: true,
        });
        profile.red_colorant = named.red_colorant;
        profile.green_colorant = named.green_colorant;
        profile.blue_colorant = named.blue_colorant;
    }
    Some(with_curve(profile, curve))
}

/// PNG's `gAMA` and `cHRM` (PNG Third Edition, 11.3.2). An exponent within 1 % of 1/2.2 stands for sRGB's curve, as
/// the specification's own sRGB fallback value (45 455) does.
fn from_gamma(gamma: u32, chromaticities: Option<[(u32, u32); 4]>) -> Option<ColorProfile> {
    let srgb_like = (45_000..=45_910).contains(&gamma);
    let curve = (gamma > 0 && !srgb_like).then(|| power(100_000.0 / gamma as f32));
    let mut profile = ColorProfile::new_srgb();
    match chromaticities {
        Some(points) if !near_srgb(points) => {
            let [white, red, green, blue] = points.map(|(x, y)| (x as f32 / 100_000.0, y as f32 / 100_000.0));
            let point = |(x, y): (f32, f32)| Chromaticity { x, y };
            let usable = [white, red, green, blue].iter().all(|&(x, y)| x + y <= 1.0 && y > 0.0);
            if !usable {
                return None;
            }
            let primaries = ColorPrimaries { red: point(red), green: point(green), blue: point(blue) };
            let white = XyY { x: f64::from(white.0), y: f64::from(white.1), yb: 1.0 };
            profile.update_rgb_colorimetry(white, primaries);
        }
        _ if curve.is_none() => return None,
        _ => {}
    }
    Some(with_curve(profile, curve))
}

/// Within rounding of sRGB's white and primaries as `cHRM` writes them.
fn near_srgb(points: [(u32, u32); 4]) -> bool {
    const SRGB: [(u32, u32); 4] = [(31_270, 32_900), (64_000, 33_000), (30_000, 60_000), (15_000, 6_000)];
    points.iter().zip(SRGB).all(|(p, s)| p.0.abs_diff(s.0) <= 100 && p.1.abs_diff(s.1) <= 100)
}

fn power(exponent: f32) -> ToneReprCurve {
    ToneReprCurve::Parametric(vec![exponent])
}

fn with_curve(mut profile: ColorProfile, curve: Option<ToneReprCurve>) -> ColorProfile {
    profile.cicp = None;
    if let Some(curve) = curve {
        profile.red_trc = Some(curve.clone());
        profile.green_trc = Some(curve.clone());
        profile.blue_trc = Some(curve);
    }
    profile
}
