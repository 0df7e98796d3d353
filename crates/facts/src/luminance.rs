//! How light a picture is, by the relative luminance of its pixels (IEC 61966-2-1).

use crate::rgb_color::RgbColor;

/// The mean relative luminance in 1/10 000, rounded half up, and whether the picture is high-key.
pub(crate) fn luminance(pixels: &[RgbColor]) -> (u16, bool) {
    let light = light();
    let of = |RgbColor(pixel): &RgbColor| -> u64 {
        let [r, g, b] = pixel.map(|sample| light[usize::from(sample)]);
        (RED * r + GREEN * g + BLUE * b) >> 16
    };
    let count = pixels.len().max(1) as u64;
    let (mut sum, mut bright) = (0, 0);
    for luminance in pixels.iter().map(of) {
        sum += luminance;
        bright += u64::from(luminance > DARK_TEXT);
    }
    let mean = (2 * 10_000 * sum + count * 65_535) / (2 * count * 65_535);
    (u16::try_from(mean).unwrap_or(u16::MAX), 2 * bright > count)
}

/// The light of each code of sRGB, in 1/65 535.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "light is between 0 and 1")]
fn light() -> Vec<u64> {
    let of = |code: u8| {
        let code = f64::from(code) / 255.0;
        let light = if code <= 0.040_45 { code / 12.92 } else { libm::pow((code + 0.055) / 1.055, 2.4) };
        (light * 65_535.0 + 0.5) as u64
    };
    (0..=255).map(of).collect()
}

/// The luminance of the primaries, in 1/65 536. They add up to 1.
const RED: u64 = 13_933;
const GREEN: u64 = 46_871;
const BLUE: u64 = 4_732;

/// The luminance, in 1/65 535, above which black text has more contrast than white text: √(1.05 × 0.05) − 0.05, since the
/// contrast of two luminances is that of both plus 0.05 (WCAG 2.2, "contrast ratio").
const DARK_TEXT: u64 = 11_739;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_has_luminance_one_and_black_none() {
        assert_eq!(luminance(&[RgbColor([255; 3])]), (10_000, true));
        assert_eq!(luminance(&[RgbColor([0; 3])]), (0, false));
        assert_eq!(luminance(&[RgbColor([0, 255, 0])]), (7152, true));
    }

    #[test]
    fn dark_text_reads_better_from_a_gray_of_118_on() {
        assert!(!luminance(&[RgbColor([117; 3])]).1);
        assert!(luminance(&[RgbColor([118; 3])]).1);
    }

    #[test]
    fn a_picture_is_high_key_where_most_of_it_is_bright() {
        let half = [RgbColor([255; 3]), RgbColor([0; 3])];
        assert_eq!(luminance(&half), (5000, false));
        assert!(luminance(&[half[0], half[0], half[1]]).1);
    }
}
