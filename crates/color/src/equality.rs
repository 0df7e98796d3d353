//! Finds profiles that are equal to sRGB, or so near that no sample changes by more than one level.
//!
//! The decision rests on colours alone: every gray and a grid of colours are converted. Names are not read, so a
//! profile that is called sRGB and is not counts as what it is.

use image_ingest_samples::CpuTimer;

use crate::profile::ColorProfile;
use crate::result::Result;
use crate::shaper::{Luminance, Shaper, grays};
use crate::srgb;

/// Whether a profile gives what sRGB gives, within one level, for every gray and a grid of colours.
///
/// # Errors
///
/// `out_of_memory`: what the profile is must not depend on memory; `deadline`, `cancelled`.
pub(crate) fn equals_srgb(profile: &ColorProfile<'_>, timer: &CpuTimer<'_>) -> Result<bool> {
    match profile {
        ColorProfile::Gray(gray) => Ok(near_identity(&grays(&Luminance::Curve(gray), 256, timer)?)),
        ColorProfile::Matrix(matrix) => {
            let shaper = Shaper::<256>::new(matrix, timer)?;
            keeps_probes(|probe| shaper.rgb(probe), timer)
        }
        ColorProfile::Table(table) => match table.space.channels() {
            1 => Ok(near_identity(&grays(&Luminance::Table(table), 256, timer)?)),
            3 => keeps_probes(
                |[r, g, b]| {
                    let device = [r, g, b, 0].map(|v| f64::from(v) / 255.0);
                    table.linear_srgb(device).map(|light| rounded(srgb::encode(light)))
                },
                timer,
            ),
            _ => Ok(false),
        },
    }
}

/// Whether `converted` changes no channel of a probe by more than one level.
fn keeps_probes(converted: impl Fn([u8; 3]) -> [u8; 3], timer: &CpuTimer<'_>) -> Result<bool> {
    for (i, probe) in probes().enumerate() {
        if i.is_multiple_of(256) {
            timer.check()?;
        }
        if converted(probe).iter().zip(probe).any(|(found, wanted)| found.abs_diff(wanted) > 1) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn rounded(encoded: f64) -> u8 {
    (encoded * 255.0 + 0.5) as u8
}

fn near_identity(table: &[u8]) -> bool {
    (0..=255u8).zip(table).all(|(value, to)| value.abs_diff(*to) <= 1)
}

/// Every gray, and a grid of 16 levels for each channel.
fn probes() -> impl Iterator<Item = [u8; 3]> {
    let level = |i: u16| u8::try_from(i * 17).unwrap_or(u8::MAX);
    let grid = (0..4096u16).map(move |i| [level(i & 15), level(i >> 4 & 15), level(i >> 8)]);
    (0..=255).map(|v| [v; 3]).chain(grid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::Curve;
    use crate::matrix::{BT709, D65, Matrix3};
    use crate::profile::{GrayProfile, MatrixProfile};

    #[test]
    fn srgb_is_equal_to_itself_and_display_p3_is_not() {
        let is_equal = |profile: &ColorProfile<'_>| equals_srgb(profile, &CpuTimer::default());
        let p3 = [D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)];
        for (points, curve, equal) in
            [(BT709, Curve::SRGB, true), (p3, Curve::SRGB, false), (BT709, Curve::power(2.2), false)]
        {
            let to_xyz = Matrix3::to_xyz(points).unwrap();
            assert_eq!(is_equal(&ColorProfile::Matrix(MatrixProfile { curves: [curve; 3], to_xyz })), Ok(equal));
            assert_eq!(is_equal(&ColorProfile::Gray(GrayProfile::Luminance(Curve::SRGB))), Ok(true));
        }
    }

    #[test]
    fn probes_have_every_gray_and_the_corners() {
        let all: Vec<[u8; 3]> = probes().collect();
        assert_eq!(all.len(), 256 + 4096);
        assert!((0..=255).all(|v| all.contains(&[v; 3])));
        assert!([[255, 0, 0], [0, 255, 255], [17, 34, 238]].iter().all(|probe| all.contains(probe)));
    }
}
