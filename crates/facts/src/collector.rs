//! Collects the facts of a picture while its rows come.

use image_ingest_samples::{Orientation, Size, WorkError, chroma_size};

use crate::axis::{BoxedAxis, PDQ_SIDE, WEIGHT_BITS};
use crate::boxes::{BoxSums, COARSE, FINE, box_side};
use crate::colors;
use crate::facts::Facts;
use crate::grid::WeightedGrid;
use crate::luminance::luminance;
use crate::pdq::{self, LUMA_BITS, PdqSamples};
use crate::result::Result;
use crate::rgb_color::RgbColor;
use crate::small_luma::SmallLuma;
use crate::thumbhash;

/// What the rows of a picture are. All of them have 8 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFormat {
    /// Plane 0 is luma, and there is no chroma.
    Gray,
    /// Planes 0, 1 and 2 are luma, Cb and Cr of full-range BT.601; chroma has ⌈width / 2⌉ × ⌈height / 2⌉ samples, centred.
    Ycbcr420,
    /// Plane 0 has interleaved red, green and blue.
    Rgb,
}

/// Takes the rows of a picture, and keeps sums of them alone: some hundred kilobytes for any picture.
///
/// The facts do not depend on how many rows come at a time, nor on how rows of different planes alternate.
pub struct FactsCollector {
    size: Size,
    /// The size of the grid of colours.
    colors: Size,
    /// Whether rows that come are columns of the upright picture, and so those of grids, too.
    is_transposed: bool,
    luma: Luma,
    channels: ChannelSums,
}

/// Luma for the PDQ hash.
enum Luma {
    Small(SmallLuma),
    Grid {
        grid: WeightedGrid<1>,
        /// A row of boxes, with [`LUMA_BITS`] fraction bits.
        row: Vec<[u32; 1]>,
    },
}

enum ChannelSums {
    /// Luma, and Cb and Cr where there are some.
    Planes(Vec<(BoxSums<1>, WeightedGrid<1>)>),
    Rgb {
        boxes: BoxSums<3>,
        grid: WeightedGrid<3>,
    },
}

impl FactsCollector {
    /// A collector of the facts of a picture of `size`, which has got no rows. They come upright.
    ///
    /// # Errors
    ///
    /// [`WorkError::OutOfMemory`]; [`WorkError::Internal`] for a side of 0 or over 65 535.
    pub fn new(size: Size, format: RowFormat) -> Result<Self> {
        Self::turned(Orientation::Upright, size, format)
    }

    /// The same for a picture that is stored otherwise, whose rows come as they are stored. `size` is that of the upright picture,
    /// and the facts are those of its rows.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn turned(orientation: Orientation, size: Size, format: RowFormat) -> Result<Self> {
        let (is_transposed, mirror_x, mirror_y) = orientation.parts();
        let is_mirrored = if is_transposed { (mirror_y, mirror_x) } else { (mirror_x, mirror_y) };
        let upright_colors = colors_size(size);
        let stored = |size: Size| if is_transposed { size.transposed() } else { size };
        let (size, colors) = (stored(size), stored(upright_colors));
        let plane = |samples: Size, pixels_per_sample: u32, least: u32| -> Result<_> {
            let x = axis(size.width, pixels_per_sample, samples.width, least).areas(colors.width);
            let y = axis(size.height, pixels_per_sample, samples.height, least).areas(colors.height);
            let boxes = BoxSums::new(samples, is_mirrored, least)?;
            let grid = WeightedGrid::new(x, y, boxes.columns())?;
            Ok((boxes, grid))
        };
        let (luma, chroma) = (|| plane(size, 1, FINE), || plane(chroma_size(size, (2, 2)), 2, COARSE));
        let channels = match format {
            RowFormat::Gray => ChannelSums::Planes(vec![luma()?]),
            RowFormat::Ycbcr420 => ChannelSums::Planes(vec![luma()?, chroma()?, chroma()?]),
            RowFormat::Rgb => {
                let x = axis(size.width, 1, size.width, FINE).areas(colors.width);
                let y = axis(size.height, 1, size.height, FINE).areas(colors.height);
                let boxes = BoxSums::new(size, is_mirrored, FINE)?;
                let grid = WeightedGrid::new(x, y, boxes.columns())?;
                ChannelSums::Rgb { boxes, grid }
            }
        };
        let tents = |side: u32| axis(side, 1, side, FINE).tents();
        let boxes = size.width.div_ceil(box_side(size.width, FINE)) as usize;
        let luma = if SmallLuma::takes(size) {
            Luma::Small(SmallLuma::new(orientation, stored(size))?)
        } else {
            Luma::Grid { grid: WeightedGrid::new(tents(size.width), tents(size.height), boxes)?, row: Vec::new() }
        };
        Ok(Self { size, colors, is_transposed, luma, channels })
    }

    /// Takes the next rows of a plane, whole and tight.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] for a part of a row, and for rows that the picture does not have; [`WorkError::OutOfMemory`].
    pub fn push(&mut self, plane: usize, rows: &[u8]) -> Result<()> {
        let Self { luma, channels, .. } = self;
        match channels {
            ChannelSums::Planes(planes) => {
                let missing = || WorkError::internal("rows of a plane that the picture does not have");
                let (boxes, grid) = planes.get_mut(plane).ok_or_else(missing)?;
                boxes.push(rows, |index, row| {
                    grid.add(index, row)?;
                    if plane > 0 { Ok(()) } else { luma.add(index, row.iter().map(|[sum]| sum << LUMA_BITS)) }
                })?;
                if plane == 0 {
                    luma.push(rows.iter().map(|sample| [*sample; 3]));
                }
            }
            ChannelSums::Rgb { boxes, grid } => {
                boxes.push(rows, |index, row| {
                    grid.add(index, row)?;
                    luma.add(index, row.iter().map(|pixel| luma_of(*pixel)))
                })?;
                luma.push(rows.as_chunks().0.iter().copied());
            }
        }
        Ok(())
    }

    /// The facts.
    ///
    /// # Errors
    ///
    /// [`WorkError::Internal`] when rows are missing; [`WorkError::OutOfMemory`].
    pub fn finish(self) -> Result<Facts> {
        let Self { size, colors, is_transposed, luma, channels } = self;
        let is_complete = match &channels {
            ChannelSums::Planes(planes) => planes.iter().all(|(boxes, _)| boxes.is_complete()),
            ChannelSums::Rgb { boxes, .. } => boxes.is_complete(),
        };
        if !is_complete {
            return Err(WorkError::internal("a picture ends before its last row"));
        }
        let is_hashable = size.width.min(size.height) >= pdq::MIN_SIDE;
        let (mut pixels, mut colors) = (channels.pixels(), colors);
        if is_transposed {
            pixels = transposed(&pixels, colors.width as usize);
            colors = colors.transposed();
        }
        let (pdq, pdq_quality) = if is_hashable { pdq::hash(&luma.samples(is_transposed)) } else { pdq::NO_HASH };
        let (luminance, high_key) = luminance(&pixels);
        Ok(Facts {
            thumbhash: thumbhash::hash(colors, &pixels),
            pdq,
            pdq_quality,
            average: colors::average(&pixels),
            dominant: colors::dominant(&pixels),
            luminance,
            high_key,
        })
    }
}

impl Luma {
    /// Adds row `index` of boxes where there is a grid.
    fn add(&mut self, index: usize, boxes: impl Iterator<Item = u32>) -> Result<()> {
        match self {
            Self::Small(_) => Ok(()),
            Self::Grid { grid, row } => {
                row.clear();
                row.extend(boxes.map(|sum| [sum]));
                grid.add(index, row)
            }
        }
    }

    /// Takes the next pixels where there is no grid.
    fn push(&mut self, pixels: impl Iterator<Item = [u8; 3]>) {
        if let Self::Small(small) = self {
            small.push(pixels);
        }
    }

    /// PDQ's samples of the upright picture.
    fn samples(self, is_transposed: bool) -> PdqSamples {
        match self {
            Self::Small(small) => small.samples(),
            Self::Grid { grid, .. } => {
                let sums = grid.into_sums();
                PdqSamples::of_sums(&if is_transposed { transposed(&sums, PDQ_SIDE) } else { sums })
            }
        }
    }
}

impl ChannelSums {
    /// The pixels of the grid of colours.
    fn pixels(self) -> Vec<RgbColor> {
        match self {
            Self::Rgb { grid, .. } => {
                let pixel = |sums: [u64; 3]| RgbColor(sums.map(|sum| byte(fraction(sum), FRACTION_BITS)));
                grid.into_sums().into_iter().map(pixel).collect()
            }
            Self::Planes(planes) => {
                let mut planes = planes.into_iter().map(|(_, grid)| grid.into_sums());
                let luma = planes.next().unwrap_or_default();
                match planes.next().zip(planes.next()) {
                    Some((cb, cr)) => {
                        let pixels = luma.iter().zip(&cb).zip(&cr);
                        pixels.map(|(([y], [cb]), [cr])| rgb([*y, *cb, *cr].map(fraction))).collect()
                    }
                    None => luma.iter().map(|[y]| RgbColor([byte(fraction(*y), FRACTION_BITS); 3])).collect(),
                }
            }
        }
    }
}

/// The columns of a small grid as rows.
fn transposed<T: Copy>(points: &[T], columns: usize) -> Vec<T> {
    (0..columns).flat_map(|column| points.iter().skip(column).step_by(columns)).copied().collect()
}

/// The size of the grid of colours: that of the picture, or 100 on its longer side and the other rounded half up.
fn colors_size(size: Size) -> Size {
    let longer = u64::from(size.longer());
    if longer <= MAX_COLORS {
        return size;
    }
    let scaled = |side: u32| {
        let side = (2 * MAX_COLORS * u64::from(side) + longer) / (2 * longer);
        u32::try_from(side.max(1)).unwrap_or(u32::MAX)
    };
    Size::new(scaled(size.width), scaled(size.height))
}

fn axis(pixels: u32, pixels_per_sample: u32, samples: u32, least: u32) -> BoxedAxis {
    BoxedAxis { pixels, pixels_per_sample, samples_per_box: box_side(samples, least) }
}

/// Luma of a sum of pixels, with [`LUMA_BITS`] fraction bits. The weights are BT.601's, and add up to 1.
fn luma_of([r, g, b]: [u32; 3]) -> u32 {
    306 * r + 601 * g + 117 * b
}

/// A weighted sum, rounded to [`FRACTION_BITS`].
fn fraction(sum: u64) -> i64 {
    let dropped = 2 * WEIGHT_BITS - FRACTION_BITS;
    i64::try_from((sum + (1 << (dropped - 1))) >> dropped).unwrap_or(i64::MAX)
}

/// Red, green and blue of full-range BT.601 (ITU-T T.871, clause 7), whose factors have 16 fraction bits.
fn rgb([y, cb, cr]: [i64; 3]) -> RgbColor {
    let centre = 128 << FRACTION_BITS;
    let (y, cb, cr) = (y << 16, cb - centre, cr - centre);
    let channels = [y + 91_881 * cr, y - 22_554 * cb - 46_802 * cr, y + 116_130 * cb];
    RgbColor(channels.map(|value| byte(value, FRACTION_BITS + 16)))
}

/// A value rounded half up, and clamped to a byte.
fn byte(value: i64, fraction_bits: u32) -> u8 {
    u8::try_from(((value + (1 << (fraction_bits - 1))) >> fraction_bits).clamp(0, 255)).unwrap_or(u8::MAX)
}

/// The longer side of the grid of colours: what ThumbHash's reference takes at most.
const MAX_COLORS: u64 = 100;
/// Fraction bits of colours before they are rounded.
const FRACTION_BITS: u32 = 16;

#[cfg(test)]
mod tests {
    use image_ingest_samples::{CpuTimer, StoredPixels};

    use super::*;

    fn noise(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i * 7919 / 13 + i * i % 251).to_le_bytes()[0]).collect()
    }

    fn planes(size: Size) -> [Vec<u8>; 3] {
        let half = chroma_size(size, (2, 2));
        [size, half, half].map(|size| noise(usize::try_from(size.pixels()).unwrap()))
    }

    fn facts(size: Size, format: RowFormat, planes: &[Vec<u8>], rows: usize) -> Facts {
        collected(FactsCollector::new(size, format).unwrap(), size, planes, rows)
    }

    /// The facts of planes that lie as rows of a picture of `size`.
    fn collected(mut collector: FactsCollector, size: Size, planes: &[Vec<u8>], rows: usize) -> Facts {
        let heights = [size.height, size.height.div_ceil(2), size.height.div_ceil(2)];
        for (plane, (samples, height)) in planes.iter().zip(heights).enumerate() {
            let row_len = samples.len() / height as usize;
            samples.chunks(row_len * rows).for_each(|rows| collector.push(plane, rows).unwrap());
        }
        collector.finish().unwrap()
    }

    #[test]
    fn the_number_of_rows_at_a_time_changes_nothing() {
        let size = Size::new(1031, 517);
        let planes = planes(size);
        let all = facts(size, RowFormat::Ycbcr420, &planes, 517);
        assert_eq!(facts(size, RowFormat::Ycbcr420, &planes, 1), all);
        assert_eq!(facts(size, RowFormat::Ycbcr420, &planes, 16), all);
    }

    #[test]
    fn a_gray_picture_has_the_same_facts_in_every_format() {
        let size = Size::new(300, 201);
        let luma = noise(300 * 201);
        let neutral = vec![128; 150 * 101];
        let gray = facts(size, RowFormat::Gray, std::slice::from_ref(&luma), 7);
        assert_eq!(facts(size, RowFormat::Ycbcr420, &[luma.clone(), neutral.clone(), neutral], 7), gray);
        let rgb = luma.iter().flat_map(|sample| [*sample; 3]).collect();
        assert_eq!(facts(size, RowFormat::Rgb, &[rgb], 7), gray);
    }

    /// An upright plane of `C` channels as it is stored.
    fn stored<const C: usize>(upright: &[u8], size: Size, orientation: Orientation) -> Vec<u8> {
        // Turned one way and then the other a picture stands as before.
        let back = (1..=8).map(Orientation::from_exif).find(|back| orientation.then(*back) == Orientation::Upright);
        let pixels = StoredPixels::<C>::new(upright, size, back.unwrap()).unwrap();
        pixels.to_upright(&CpuTimer::default()).unwrap()
    }

    #[test]
    fn what_is_stored_turned_has_the_facts_of_the_upright_picture() {
        for (width, height) in [(1031, 517), (640, 480), (33, 70), (257, 256), (1, 900)] {
            let (size, half) = (Size::new(width, height), chroma_size(Size::new(width, height), (2, 2)));
            let [luma, cb, cr] = planes(size);
            let rgb: Vec<u8> = luma.iter().flat_map(|y| [*y, y.wrapping_mul(3), 255 - y]).collect();
            let of_planes = facts(size, RowFormat::Ycbcr420, &[luma.clone(), cb.clone(), cr.clone()], 7);
            let of_rgb = facts(size, RowFormat::Rgb, std::slice::from_ref(&rgb), 7);
            for orientation in (2..=8).map(Orientation::from_exif) {
                let as_stored = if orientation.swaps_axes() { size.transposed() } else { size };
                let collector = |format| FactsCollector::turned(orientation, size, format).unwrap();
                let [cb, cr] = [&cb, &cr].map(|plane| stored::<1>(plane, half, orientation));
                let planes = [stored::<1>(&luma, size, orientation), cb, cr];
                let found = collected(collector(RowFormat::Ycbcr420), as_stored, &planes, 5);
                assert_eq!(found, of_planes, "{size:?} {orientation:?}");
                let rgb = [stored::<3>(&rgb, size, orientation)];
                let found = collected(collector(RowFormat::Rgb), as_stored, &rgb, 5);
                assert_eq!(found, of_rgb, "{size:?} {orientation:?}");
            }
        }
    }

    #[test]
    fn every_size_has_facts() {
        let thin = [(1, 2000), (2000, 1), (16_383, 3), (5, 5), (4, 900), (100, 101)];
        let small = (1..=7).flat_map(|width| (1..=7).map(move |height| (width, height)));
        for (width, height) in small.chain(thin) {
            let size = Size::new(width, height);
            let made = facts(size, RowFormat::Ycbcr420, &planes(size), 3);
            assert!(made.thumbhash.0.len() >= 5, "{size:?}");
            assert!(width.min(height) >= 5 || made.pdq_quality == 0, "{size:?}");
        }
    }

    #[test]
    fn rows_that_are_missing_and_planes_that_are_not_there_are_refused() {
        let mut collector = FactsCollector::new(Size::new(4, 2), RowFormat::Gray).unwrap();
        assert!(collector.push(1, &[0; 4]).is_err());
        collector.push(0, &[0; 4]).unwrap();
        assert!(collector.finish().is_err());
        assert!(FactsCollector::new(Size::new(0, 2), RowFormat::Rgb).is_err());
    }
}
