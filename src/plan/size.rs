//! Turns the size of a displayed picture into its canonical size, by one rule.

use image_ingest_samples::{Rect, Size};

/// The canonical size of a displayed picture. It is never enlarged, and its longer side is at most `max_edge`.
///
/// Let `n` be the smallest power of two for which `longer / n ≤ max_edge`. The size is exactly `1/n` when `n` divides
/// both sides and the longer side stays at least ⅞ of `max_edge`: 4032 × 3024 becomes 2016 × 1512, which a JPEG decoder
/// gives directly. Otherwise the longer side becomes `max_edge`, and the other is rounded half up and at least 1.
pub(crate) fn canonical_size(size: Size, max_edge: u32) -> Size {
    let longer = size.longer();
    if longer <= max_edge {
        return size;
    }
    let n = longer.div_ceil(max_edge).next_power_of_two();
    let divides = size.width.is_multiple_of(n) && size.height.is_multiple_of(n);
    if divides && u64::from(longer / n) * 8 >= u64::from(max_edge) * 7 {
        return Size::new(size.width / n, size.height / n);
    }
    fitting(size, max_edge)
}

/// The size whose longer side is `max_edge`, the other rounded half up and at least 1; the same where it is smaller already.
pub(crate) fn fitting(size: Size, max_edge: u32) -> Size {
    let longer = size.longer();
    if longer <= max_edge {
        return size;
    }
    let scaled = |side: u32| scale_half_up(side, max_edge, longer);
    Size::new(scaled(size.width), scaled(size.height))
}

/// The centred part of `size` with the aspect of `cover`, and the size it is reduced to.
pub(crate) fn covering(size: Size, cover: Size) -> (Rect, Size) {
    covering_around(size, cover, (1, 2), (1, 2))
}

/// The same for the part whose centre is as near to a point as the picture allows. The point's coordinates are fractions of
/// the width and of the height, 0–1, as numerator and denominator.
pub(crate) fn covering_around(size: Size, cover: Size, x: (u32, u32), y: (u32, u32)) -> (Rect, Size) {
    let by_width = u64::from(size.width) * u64::from(cover.height);
    let by_height = u64::from(size.height) * u64::from(cover.width);
    let part = if by_width > by_height {
        Size::new(scale_half_up(size.height, cover.width, cover.height).min(size.width), size.height)
    } else {
        Size::new(size.width, scale_half_up(size.width, cover.height, cover.width).min(size.height))
    };
    let start = |whole: u32, part: u32, (numerator, denominator): (u32, u32)| {
        let centred = 2 * u64::from(whole) * u64::from(numerator);
        let start = centred.saturating_sub(u64::from(part) * u64::from(denominator)) / (2 * u64::from(denominator));
        u32::try_from(start).unwrap_or(u32::MAX).min(whole - part)
    };
    let rect = Rect { left: start(size.width, part.width, x), top: start(size.height, part.height, y), size: part };
    let reduced = part.width >= cover.width && part.height >= cover.height;
    (rect, if reduced { cover } else { part })
}

/// `side × numerator / denominator`, rounded half up, at least 1.
fn scale_half_up(side: u32, numerator: u32, denominator: u32) -> u32 {
    let (num, den) = (u64::from(numerator), u64::from(denominator));
    let scaled = (2 * u64::from(side) * num + den) / (2 * den);
    u32::try_from(scaled.max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(width: u32, height: u32) -> (u32, u32) {
        let s = canonical_size(Size::new(width, height), 2048);
        (s.width, s.height)
    }

    #[test]
    fn small_pictures_keep_their_size() {
        assert_eq!(fit(2048, 1), (2048, 1));
        assert_eq!(fit(1, 1), (1, 1));
    }

    #[test]
    fn exact_fractions_snap_when_close_to_the_edge() {
        assert_eq!(fit(4032, 3024), (2016, 1512));
        assert_eq!(fit(8064, 6048), (2016, 1512));
        assert_eq!(fit(4000, 3000), (2000, 1500));
    }

    #[test]
    fn far_or_inexact_fractions_aim_at_the_edge() {
        assert_eq!(fit(2050, 1000), (2048, 999));
        assert_eq!(fit(4032, 3023), (2048, 1535));
        assert_eq!(fit(4104, 3080), (2048, 1537));
        assert_eq!(fit(32_768, 1), (2048, 1));
    }

    #[test]
    fn a_quarter_turn_commutes() {
        for (w, h) in [(4032, 3024), (4033, 3024), (5000, 17), (2049, 2048), (9001, 6001)] {
            let (a, b) = fit(w, h);
            assert_eq!(fit(h, w), (b, a));
        }
    }

    #[test]
    fn covering_crops_the_centre_and_never_enlarges() {
        let (rect, size) = covering(Size::new(4000, 3000), Size::new(1000, 1000));
        assert_eq!((rect.left, rect.top, rect.size, size), (500, 0, Size::new(3000, 3000), Size::new(1000, 1000)));
        let (rect, size) = covering(Size::new(300, 200), Size::new(1170, 2532));
        assert_eq!((rect.size, size), (Size::new(92, 200), Size::new(92, 200)));
    }

    #[test]
    fn covering_around_a_point_stays_inside_the_picture() {
        let around = |x, y| covering_around(Size::new(4000, 3000), Size::new(1, 1), (x, 10), (y, 10)).0;
        assert_eq!([0, 3, 5, 6, 10].map(|x| around(x, 5).left), [0, 0, 500, 900, 1000]);
        assert_eq!(around(5, 9).top, 0, "the whole height is taken");
        assert_eq!(covering(Size::new(4001, 3000), Size::new(1, 1)).0.left, 500);
    }

    #[test]
    fn fitting_gives_the_edge_asked_for_and_never_enlarges() {
        assert_eq!(fitting(Size::new(1200, 900), 640), Size::new(640, 480));
        assert_eq!(fitting(Size::new(1200, 900), 1200), Size::new(1200, 900));
        assert_eq!(fitting(Size::new(9000, 3), 640), Size::new(640, 1));
    }

    #[test]
    fn covering_gives_the_size_asked_for_whenever_the_picture_is_large_enough() {
        let cover = Size::new(1170, 2532);
        for size in [Size::new(3000, 2533), Size::new(1170, 2532), Size::new(1171, 4000), Size::new(9000, 2532)] {
            assert_eq!(covering(size, cover).1, cover, "{size:?}");
        }
    }
}
