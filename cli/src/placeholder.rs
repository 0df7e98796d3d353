//! Shows a ThumbHash: what a client draws while a picture loads.
//!
//! The page of `report` has no scripts, so the placeholder is drawn here, as a BMP, which every browser shows. Nothing depends
//! on its bytes, so it is computed in floating-point numbers.

use std::f64::consts::PI;

use image_ingest::facts::ThumbHash;

/// A BMP of the placeholder, 32 pixels on its longer side; `None` for bytes that are no hash of an opaque picture.
pub(crate) fn bmp(hash: &ThumbHash) -> Option<Vec<u8>> {
    let (header, rest) = hash.0.split_first_chunk::<5>()?;
    let header = header.iter().rev().fold(0_u64, |header, byte| header << 8 | u64::from(*byte));
    let field = |start: u32, bits: u32| (header >> start & ((1 << bits) - 1)) as f64;
    let is_landscape = field(39, 1) > 0.0;
    let shorter = field(24, 3);
    let (lx, ly) = if is_landscape { (7.0, shorter.max(1.0)) } else { (shorter.max(1.0), 7.0) };
    let mut terms = rest.iter().flat_map(|byte| [byte & 15, byte >> 4]).map(|term| f64::from(term) / 7.5 - 1.0);
    let mut channel =
        |mean: f64, scale: f64, nx: f64, ny: f64| Channel::read(mean, scale, nx.max(3.0), ny.max(3.0), &mut terms);
    let l = channel(field(0, 6) / 63.0, field(18, 5) / 31.0, lx, ly);
    // The format's decoder strengthens colours, as quantising weakens them.
    let p = channel(field(6, 6) / 31.5 - 1.0, field(27, 6) / 63.0 * 1.25, 3.0, 3.0);
    let q = channel(field(12, 6) / 31.5 - 1.0, field(33, 6) / 63.0 * 1.25, 3.0, 3.0);
    let side = |part: f64| u32::from(byte(SIDE * part / lx.max(ly))).max(1);
    let (width, height) = (side(lx), side(ly));
    let pixel = |x: u32, y: u32| {
        let (x, y) = ((f64::from(x) + 0.5) / f64::from(width), (f64::from(y) + 0.5) / f64::from(height));
        let [l, p, q] = [&l, &p, &q].map(|channel| channel.at(x, y));
        let blue = l - 2.0 / 3.0 * p;
        let red = (3.0 * l - blue + q) / 2.0;
        [blue, red - q, red].map(|value| byte(value * 255.0))
    };
    Some(encode(width, height, pixel))
}

/// The mean and the lowest frequencies of one channel.
struct Channel {
    mean: f64,
    /// Horizontal and vertical frequency, and how much there is of it.
    terms: Vec<(f64, f64, f64)>,
}

impl Channel {
    fn read(mean: f64, scale: f64, nx: f64, ny: f64, terms: &mut impl Iterator<Item = f64>) -> Self {
        let rows = (0..8).map(f64::from).take_while(|cy| *cy < ny);
        let places = rows.flat_map(|cy| {
            let columns = (0..8).map(f64::from).skip(usize::from(cy == 0.0));
            columns.take_while(move |cx| cx * ny < nx * (ny - cy)).map(move |cx| (cx, cy))
        });
        Self { mean, terms: places.zip(terms).map(|((cx, cy), term)| (cx, cy, term * scale)).collect() }
    }

    /// The value at a point, whose coordinates are 0–1.
    fn at(&self, x: f64, y: f64) -> f64 {
        let term = |(cx, cy, amount): &(f64, f64, f64)| 2.0 * amount * (PI * cx * x).cos() * (PI * cy * y).cos();
        self.mean + self.terms.iter().map(term).sum::<f64>()
    }
}

/// An uncompressed BMP of 24 bits a pixel: rows from the bottom, each of a multiple of four bytes, blue first.
fn encode(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
    let row_len = (3 * width).next_multiple_of(4);
    let size = 54 + row_len * height;
    let mut bmp = b"BM".to_vec();
    for value in [size, 0, 54, 40, width, height, 1 | 24 << 16, 0, row_len * height, 2835, 2835, 0, 0] {
        bmp.extend(value.to_le_bytes());
    }
    for y in (0..height).rev() {
        (0..width).for_each(|x| bmp.extend(pixel(x, y)));
        bmp.resize((54 + row_len * (height - y)) as usize, 0);
    }
    bmp
}

/// The nearest byte.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
fn byte(value: f64) -> u8 {
    value.clamp(0.0, 255.0).round() as u8
}

const SIDE: f64 = 32.0;

#[cfg(test)]
mod tests {
    use image_ingest::Ingest;

    use super::*;

    #[test]
    fn a_placeholder_has_the_colours_of_its_picture() {
        let ingest = Ingest::builder().facts(true).build().unwrap();
        for sample in image_ingest::samples() {
            let made = ingest.ingest(ingest.source(sample.bytes).unwrap()).unwrap();
            let facts = made.receipt.facts.unwrap();
            let bmp = bmp(&facts.thumbhash).unwrap();
            let picture = image::load_from_memory_with_format(&bmp, image::ImageFormat::Bmp).unwrap().to_rgb8();
            assert_eq!(picture.width().max(picture.height()), 32);
            assert_eq!(picture.width() > picture.height(), made.size.width > made.size.height);
            let count = f64::from(picture.width() * picture.height());
            for channel in 0..3 {
                let mean = picture.pixels().map(|pixel| f64::from(pixel.0[channel])).sum::<f64>() / count;
                let average = f64::from(facts.average.0[channel]);
                assert!((mean - average).abs() <= 12.0, "channel {channel}: {mean} of {average}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_hash_have_no_placeholder() {
        assert_eq!(bmp(&ThumbHash(vec![1, 2, 3])), None);
        assert!(bmp(&ThumbHash(vec![255; 5])).is_some(), "terms that are missing are 0");
    }
}
