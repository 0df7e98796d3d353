//! What is made of a picture does not depend on how it is stored.

use image_ingest_samples::{CpuTimer, Orientation, Rect, Size, StoredPixels, chroma_size};

use crate::{CanonicalKind, CanonicalSink, Encoded, Encoding, Frame, Outputs};

const JPEG: Encoding = Encoding::Jpeg { quality: 88 };
/// A build without the feature has tried JPEG.
const OTHER: Encoding =
    if cfg!(feature = "webp-encode") { Encoding::Webp { quality: 70 } } else { Encoding::Jpeg { quality: 40 } };

/// A plane of `N` bytes a pixel, with noise and edges, so that samples that are moved or rounded otherwise show.
fn plane<const N: usize>(size: Size, seed: u32) -> Vec<u8> {
    let len = u32::try_from(size.pixels()).unwrap() * u32::try_from(N).unwrap();
    let noise =
        |i: u32| (i + seed).wrapping_mul(2_654_435_761).rotate_left(11).wrapping_mul(0x9E37_79B9).to_be_bytes()[0];
    (0..len).map(|i| if i / 24 % 3 == 0 { noise(i) } else { (i / 7 % 256).to_le_bytes()[0] }).collect()
}

/// An upright plane as it is stored.
fn stored<const N: usize>(upright: &[u8], size: Size, orientation: Orientation) -> Vec<u8> {
    let back = (1..=8).map(Orientation::from_exif).find(|back| orientation.then(*back) == Orientation::Upright);
    let pixels = StoredPixels::<N>::new(upright, size, back.unwrap()).unwrap();
    pixels.to_upright(&CpuTimer::default()).unwrap()
}

/// A part of a picture at its own size, and parts and the whole at sizes of every way of reducing.
fn frames(size: Size) -> Vec<(Frame, Encoding)> {
    let Size { width, height } = size;
    let (third, even) = (|side: u32| (side / 3).max(1), |side: u32| side / 2 * 2);
    let part = |left: u32, top: u32, width: u32, height: u32| Rect { left, top, size: Size::new(width, height) };
    let whole = Rect::whole(size);
    let (left, top) = (even(width / 2), even(height / 3));
    let corner = part(left, top, width - left, height - top);
    let pairs = part(even(width / 4), 0, even(width / 2).max(1), even(height).max(1));
    let shown = [
        Frame { crop: corner, target: corner.size },
        Frame { crop: whole, target: Size::new(third(width) + 1, third(height) + 2).min_of(size) },
        Frame { crop: corner, target: Size::new(third(corner.size.width), third(corner.size.height)) },
        Frame { crop: pairs, target: Size::new(third(pairs.size.width), third(pairs.size.height)) },
        Frame {
            crop: pairs,
            target: Size::new(third(pairs.size.width) + 1, pairs.size.height.div_ceil(2)).min_of(pairs.size),
        },
    ];
    shown.into_iter().flat_map(|frame| [(frame, JPEG), (frame, OTHER)]).collect()
}

trait MinOf {
    fn min_of(self, other: Self) -> Self;
}

impl MinOf for Size {
    fn min_of(self, other: Self) -> Self {
        Self::new(self.width.min(other.width), self.height.min(other.height))
    }
}

/// Everything that is made of planes that are stored so, `rows` of which come at a time.
fn made(
    (size, orientation): (Size, Orientation),
    (kind, encoding): (CanonicalKind, Encoding),
    planes: &[Vec<u8>],
    rows: usize,
) -> Encoded {
    let timer = CpuTimer::default();
    let lies = if orientation.swaps_axes() { size.transposed() } else { size };
    let mut outputs = Outputs::new(size, orientation, encoding, frames(size).into_iter(), true).unwrap();
    outputs.begin(kind, lies).unwrap();
    let heights = [lies.height, lies.height.div_ceil(2), lies.height.div_ceil(2)];
    for (index, (plane, height)) in planes.iter().zip(heights).enumerate() {
        let row_len = plane.len() / height as usize;
        plane.chunks(row_len * rows).for_each(|rows| outputs.take(index, rows, &timer).unwrap());
    }
    outputs.finish(&timer).unwrap()
}

#[test]
fn a_picture_that_is_stored_turned_becomes_the_same_files_and_facts() {
    for (width, height) in [(96, 64), (130, 97), (77, 121), (50, 35), (16, 3), (3, 2), (1, 9)] {
        let size = Size::new(width, height);
        let half = chroma_size(size, (2, 2));
        let (luma, cb, cr) = (plane::<1>(size, 1), plane::<1>(half, 2), plane::<1>(half, 3));
        let rgb = plane::<3>(size, 4);
        for (kind, upright) in [
            (CanonicalKind::Ycbcr420, vec![luma.clone(), cb, cr]),
            (CanonicalKind::Gray, vec![luma.clone()]),
            (CanonicalKind::Rgb, vec![rgb.clone()]),
        ] {
            for encoding in [JPEG, OTHER] {
                let expected = made((size, Orientation::Upright), (kind, encoding), &upright, 7);
                for orientation in (2..=8).map(Orientation::from_exif) {
                    let planes = upright.iter().enumerate().map(|(index, plane)| match (kind, index) {
                        (CanonicalKind::Rgb, _) => stored::<3>(plane, size, orientation),
                        (_, 0) => stored::<1>(plane, size, orientation),
                        _ => stored::<1>(plane, half, orientation),
                    });
                    let found = made((size, orientation), (kind, encoding), &planes.collect::<Vec<_>>(), 5);
                    let what = format!("{width} × {height}, {kind:?}, {encoding:?}, {orientation:?}");
                    assert!(found.bytes == expected.bytes, "the canonical file of {what}");
                    for (index, (found, expected)) in found.renditions.iter().zip(&expected.renditions).enumerate() {
                        assert!(found == expected, "rendition {index} of {what}");
                    }
                    assert_eq!(found.facts, expected.facts, "{what}");
                }
            }
        }
    }
}
