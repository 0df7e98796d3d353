//! The average and the dominant colour of pixels.

use crate::rgb_color::RgbColor;

/// The mean of the pixels, channel by channel, rounded half up; black without pixels.
pub(crate) fn average<'p>(pixels: impl IntoIterator<Item = &'p RgbColor>) -> RgbColor {
    let (mut sums, mut count) = ([0_u32; 3], 0);
    for RgbColor(pixel) in pixels {
        sums.iter_mut().zip(pixel).for_each(|(sum, sample)| *sum += u32::from(*sample));
        count += 1;
    }
    let count = count.max(1);
    RgbColor(sums.map(|sum| u8::try_from((2 * sum + count) / (2 * count)).unwrap_or(u8::MAX)))
}

/// The mean of the pixels in the fullest cube of colours, 32 levels on each side.
///
/// Cubes begin at every sixteenth level, so that a colour near the border of one is in the middle of another. Of cubes that are
/// equally full the first one counts, by red, then green, then blue.
pub(crate) fn dominant(pixels: &[RgbColor]) -> RgbColor {
    let mut bins = vec![0_u32; 16 * 16 * 16];
    let bin = |[r, g, b]: [usize; 3]| (r * 16 + g) * 16 + b;
    for RgbColor(pixel) in pixels {
        bins[bin(pixel.map(|sample| usize::from(sample >> 4)))] += 1;
    }
    let corners = [[0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 1], [1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1]];
    let cubes = (0..15 * 15 * 15).map(|i| [i / 225, i / 15 % 15, i % 15]);
    let pixels_of = |cube: &[usize; 3]| -> u32 {
        corners.iter().map(|corner| bins[bin([cube[0] + corner[0], cube[1] + corner[1], cube[2] + corner[2]])]).sum()
    };
    // The last of several largest is taken, so they come in reverse.
    let fullest = cubes.rev().max_by_key(pixels_of).unwrap_or_default();
    let is_inside = |RgbColor(pixel): &&RgbColor| {
        pixel.iter().zip(fullest).all(|(sample, first)| (first..first + 2).contains(&usize::from(sample >> 4)))
    };
    average(pixels.iter().filter(is_inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_is_rounded_half_up() {
        assert_eq!(average(&[RgbColor([0, 10, 255]), RgbColor([1, 20, 255])]), RgbColor([1, 15, 255]));
    }

    #[test]
    fn the_colour_that_most_pixels_are_near_is_dominant() {
        let red = (0..6).map(|i| RgbColor([200 + i, 10, 10]));
        let blue = (0..5).map(|_| RgbColor([10, 10, 240]));
        assert_eq!(dominant(&blue.chain(red).collect::<Vec<_>>()), RgbColor([203, 10, 10]));
    }

    #[test]
    fn colours_on_both_sides_of_a_border_count_together() {
        let near = [RgbColor([127, 127, 127]), RgbColor([128, 128, 128]), RgbColor([129, 129, 129])];
        let other = [RgbColor([0; 3]); 2];
        assert_eq!(dominant(&[&near[..], &other].concat()), RgbColor([128; 3]));
    }

    #[test]
    fn of_equally_full_cubes_the_darkest_counts() {
        assert_eq!(dominant(&[RgbColor([255; 3]), RgbColor([0; 3])]), RgbColor([0; 3]));
        assert_eq!(dominant(&[RgbColor([255; 3])]), RgbColor([255; 3]));
    }
}
