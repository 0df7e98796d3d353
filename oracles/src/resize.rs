//! Compares our reducer with fast_image_resize on whole frames, sample by sample.
//!
//! What differs on purpose is left out of fast_image_resize: it divides RGBA of 16 bits by alpha in floating-point numbers
//! on some CPUs and not on others, so that is done here, to the nearest.

use std::fmt;

use fast_image_resize::images::{TypedCroppedImage, TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x3, U8x4, U16, U16x3, U16x4};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};
use image_ingest_resize::{ChromaGrid, PlanesFormat, PlanesReducer, RasterReducer, reduce_planes, reduce_raster};
use image_ingest_samples::{Chroma, CpuTimer, Layout, Matrix, Planes, Range, Raster, Rect, RowSink, SampleRows, Samples, Siting, Size, WorkError, chroma_size, sample_count};

use crate::random::Random;

/// A picture and what it is reduced to.
#[derive(Debug, Clone, Copy)]
pub struct ResizeCase {
    kind: Kind,
    bits: u8,
    size: Size,
    crop: Rect,
    target: Size,
}

/// What is reduced.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Interleaved samples.
    Raster(Layout),
    /// A plane of chroma, of a picture whose size, crop and target are those of luma.
    Chroma { subsampling: (u8, u8), siting: Siting, grid: ChromaGrid },
}

/// As it stands in crates/resize/src/tests/reduced.txt: what is reduced, bits of a sample, size, crop and target.
impl fmt::Display for ResizeCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Raster(layout) => write!(f, "{layout:?}")?,
            Kind::Chroma { subsampling: (h, v), siting, grid } => write!(f, "{h}x{v}-{siting:?}-{grid:?}")?,
        }
        let Self { bits, size, crop: Rect { left, top, size: crop }, target, .. } = self;
        write!(f, " {bits} {}x{} {}x{}+{left}+{top}", size.width, size.height, crop.width, crop.height)?;
        write!(f, " {}x{}", target.width, target.height)
    }
}

/// Long and thin pictures: many taps for a sample, and few.
const LONG: [([u32; 2], [u32; 2]); 8] = [
    ([32_768, 1], [2048, 1]),
    ([1, 32_768], [1, 2048]),
    ([4032, 40], [2016, 20]),
    ([40, 4032], [20, 2016]),
    ([4000, 30], [2048, 15]),
    ([3000, 30], [3, 3]),
    ([30, 3000], [3, 3]),
    ([20_000, 2], [30, 1]),
];

impl ResizeCase {
    /// The cases of long and thin pictures, at both depths.
    pub fn long() -> impl Iterator<Item = Self> {
        LONG.into_iter().flat_map(|(from, to)| {
            let [size, target] = [from, to].map(|[width, height]| Size::new(width, height));
            [8, 16].map(|bits| Self { kind: Kind::Raster(Layout::Rgb), bits, size, crop: Rect::whole(size), target })
        })
    }

    /// A raster or a plane of chroma of up to 150 × 90.
    pub fn random(random: &mut Random) -> Self {
        let size = Size::new(1 + below(random, 150), 1 + below(random, 90));
        let mut crop = crop(random, size);
        let target = target(random, crop.size);
        let bits = if random.below(2) == 0 { 8 } else { 16 };
        let kind = if random.below(2) == 0 {
            Kind::Raster([Layout::Gray, Layout::Rgb, Layout::Rgba, Layout::Cmyk][random.below(4)])
        } else {
            // The window of a plane of chroma starts at a sample of it.
            if crop.size != size {
                (crop.left, crop.top) = (crop.left / 4 * 4, crop.top / 4 * 4);
            }
            Kind::Chroma {
                subsampling: [(1, 1), (2, 1), (2, 2), (1, 2), (4, 1), (4, 2)][random.below(6)],
                siting: [Siting::Centred, Siting::Left, Siting::TopLeft][random.below(3)],
                grid: [ChromaGrid::Half, ChromaGrid::Full][random.below(2)],
            }
        };
        Self { kind, bits, size, crop, target }
    }

    /// The size in which the samples are stored, and samples of a pixel.
    fn stored(&self) -> (Size, usize) {
        match self.kind {
            Kind::Raster(layout) => (self.size, layout.channels()),
            Kind::Chroma { subsampling, .. } => (chroma_size(self.size, subsampling), 1),
        }
    }

    /// Noise, with runs of both extremes, where sums leave the range of samples.
    fn samples(&self) -> Samples {
        let (size, channels) = self.stored();
        let samples = (0..sample_count(size, channels).unwrap_or(0)).map(sample);
        if self.bits == 8 {
            Samples::U8(samples.map(|sample| sample.to_be_bytes()[0]).collect())
        } else {
            Samples::U16(samples.collect())
        }
    }

    /// What we make of it, at once.
    ///
    /// # Errors
    ///
    /// Those of the reducer.
    pub fn ours(&self) -> Result<Samples, WorkError> {
        let Self { size, crop, target, .. } = *self;
        let timer = CpuTimer::default();
        match self.kind {
            Kind::Raster(layout) => {
                let raster = Raster::new(size, layout, self.samples())?;
                Ok(reduce_raster(raster, crop, target, &timer)?.samples)
            }
            Kind::Chroma { subsampling, siting, grid } => {
                let samples = self.samples();
                let chroma = Some(Chroma { cb: samples.clone(), cr: samples, subsampling, siting });
                let planes = Planes {
                    size,
                    bit_depth: self.bits,
                    luma: self.luma(),
                    chroma,
                    range: Range::Full,
                    matrix: Matrix::Bt601,
                };
                Ok(chroma_of(reduce_planes(planes, crop, target, grid, &timer)?))
            }
        }
    }

    /// What we make of it a few rows at a time.
    ///
    /// # Errors
    ///
    /// Those of the reducer.
    pub fn ours_by_rows(&self, random: &mut Random) -> Result<Samples, WorkError> {
        let Self { size, crop, target, bits, .. } = *self;
        let (stored, channels) = self.stored();
        let row_len = stored.width as usize * channels;
        match self.kind {
            Kind::Raster(layout) => {
                let mut reducer = RasterReducer::new(size, layout, bits, crop, target)?;
                push(&mut reducer, 0, &self.samples(), row_len, random)?;
                Ok(reducer.finish(&CpuTimer::default())?.samples)
            }
            Kind::Chroma { subsampling, siting, grid } => {
                let subsampling = Some(subsampling);
                let (range, matrix) = (Range::Full, Matrix::Bt601);
                let format = PlanesFormat { size, bit_depth: bits, subsampling, siting, range, matrix };
                let mut reducer = PlanesReducer::new(format, crop, target, grid)?;
                push(&mut reducer, 0, &self.luma(), size.width as usize, random)?;
                push(&mut reducer, 1, &self.samples(), row_len, random)?;
                push(&mut reducer, 2, &self.samples(), row_len, random)?;
                Ok(chroma_of(reducer.finish(&CpuTimer::default())?))
            }
        }
    }

    /// Luma that nobody looks at.
    fn luma(&self) -> Samples {
        let len = sample_count(self.size, 1).unwrap_or(0);
        if self.bits == 8 { Samples::U8(vec![0; len]) } else { Samples::U16(vec![0; len]) }
    }

    /// What fast_image_resize makes of it.
    #[must_use]
    pub fn theirs(&self) -> Samples {
        let (stored, channels) = self.stored();
        let (x, y) = self.window();
        let target = match self.kind {
            Kind::Raster(_) => self.target,
            Kind::Chroma { grid, .. } => chroma_size(self.target, (grid.factor(), grid.factor())),
        };
        let is_alpha = matches!(self.kind, Kind::Raster(Layout::Rgba));
        let extended = Size::new(stored.width.max(x.end()), stored.height.max(y.end()));
        let frame = Frame { size: extended, x, y, target, is_alpha };
        match (self.samples(), channels) {
            (Samples::U8(v), 1) => Samples::U8(frame.reduced::<U8, _>(&repeat_edges(&v, stored, 1, extended), 1)),
            (Samples::U8(v), 3) => Samples::U8(frame.reduced::<U8x3, _>(&repeat_edges(&v, stored, 3, extended), 3)),
            (Samples::U8(v), _) => Samples::U8(frame.reduced::<U8x4, _>(&repeat_edges(&v, stored, 4, extended), 4)),
            (Samples::U16(v), 1) => Samples::U16(frame.reduced::<U16, _>(&repeat_edges(&v, stored, 1, extended), 1)),
            (Samples::U16(v), 3) => Samples::U16(frame.reduced::<U16x3, _>(&repeat_edges(&v, stored, 3, extended), 3)),
            (Samples::U16(v), _) => {
                let reduces = self.crop.size != self.target;
                let mut from = repeat_edges(&v, stored, 4, extended);
                if is_alpha && reduces {
                    from.as_chunks_mut().0.iter_mut().for_each(multiply_by_alpha);
                }
                let mut to = Frame { is_alpha: false, ..frame }.reduced::<U16x4, _>(&from, 4);
                if is_alpha && reduces {
                    to.as_chunks_mut().0.iter_mut().for_each(divide_by_alpha);
                }
                Samples::U16(to)
            }
        }
    }

    /// What lies under the target, along both axes, in stored samples.
    ///
    /// Chroma that is sited on the left of `h` columns of luma lies ½ − ½ / h of its samples before the centre, so what a
    /// centred sample covers starts so much later. A target of odd size covers half a sample of chroma more than there is.
    fn window(&self) -> (Axis, Axis) {
        let Self { crop: Rect { left, top, size }, target, .. } = *self;
        let Kind::Chroma { subsampling: (h, v), siting, grid } = self.kind else {
            return (Axis::new(left.into(), size.width.into()), Axis::new(top.into(), size.height.into()));
        };
        let axis = |start: u32, len: u32, target: u32, factor: u8, is_sited: bool| {
            let (factor, grid) = (f64::from(factor), u32::from(grid.factor()));
            let late = if is_sited { 0.5 - 0.5 / factor } else { 0.0 };
            let more = f64::from(target.div_ceil(grid)) * f64::from(grid) / f64::from(target);
            Axis::new(f64::from(start) / factor + late, f64::from(len) * more / factor)
        };
        (
            axis(left, size.width, target.width, h, siting != Siting::Centred),
            axis(top, size.height, target.height, v, siting == Siting::TopLeft),
        )
    }
}

/// A sample of every picture, by its number.
fn sample(i: usize) -> u16 {
    let noise = |n: usize| {
        let z = (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let [.., a, b] = ((z ^ (z >> 32)).wrapping_mul(0xBF58_476D_1CE4_E5B9)).to_le_bytes();
        u16::from_le_bytes([a, b])
    };
    match noise(i / 24) % 3 {
        0 => 0,
        1 => u16::MAX,
        _ => noise(i),
    }
}

fn below(random: &mut Random, end: u32) -> u32 {
    u32::try_from(random.below(end as usize)).unwrap_or(0)
}

fn crop(random: &mut Random, size: Size) -> Rect {
    if random.below(2) == 0 {
        return Rect::whole(size);
    }
    let (left, top) = (below(random, size.width), below(random, size.height));
    let (width, height) = (1 + below(random, size.width - left), 1 + below(random, size.height - top));
    Rect { left, top, size: Size::new(width, height) }
}

fn target(random: &mut Random, crop: Size) -> Size {
    let mut side = |from: u32| match random.below(4) {
        0 => from,
        1 => from.div_ceil(2),
        2 => 1 + below(random, from),
        _ => 1 + below(random, from.div_ceil(4)),
    };
    Size::new(side(crop.width), side(crop.height))
}

fn push(
    to: &mut impl RowSink,
    plane: usize,
    samples: &Samples,
    row_len: usize,
    random: &mut Random,
) -> Result<(), WorkError> {
    let mut at = 0;
    while at < samples.len() {
        let end = (at + random.below(21) * row_len).min(samples.len());
        let samples = samples.as_slice().get(at..end).expect("a part of the samples");
        to.take_rows(plane, SampleRows { samples, stride: row_len }, &CpuTimer::default())?;
        at = end;
    }
    Ok(())
}

/// The Cb of planes. Cr was given the same samples.
fn chroma_of(planes: Planes) -> Samples {
    planes.chroma.map_or(Samples::U8(Vec::new()), |chroma| chroma.cb)
}

/// A part of an axis, in samples.
#[derive(Debug, Clone, Copy)]
struct Axis {
    start: f64,
    len: f64,
}

impl Axis {
    fn new(start: f64, len: f64) -> Self {
        Self { start, len }
    }

    /// The first of the samples that it touches.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a picture")]
    fn first(self) -> u32 {
        self.start as u32
    }

    /// The end of the samples that it touches, a rounding error aside.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a picture")]
    fn end(self) -> u32 {
        (self.start + self.len - 1e-6).ceil() as u32
    }

    fn offset(self) -> f64 {
        self.start - self.start.floor()
    }

    /// The length, which must not pass the last sample for a rounding error.
    fn len_within(self) -> f64 {
        self.len.min(f64::from(self.end()) - self.start.floor() - self.offset())
    }
}

/// A frame that fast_image_resize reduces.
#[derive(Debug, Clone, Copy)]
struct Frame {
    size: Size,
    x: Axis,
    y: Axis,
    target: Size,
    is_alpha: bool,
}

impl Frame {
    /// The filter sees the samples that the window touches and no others.
    fn reduced<P: PixelTrait, T: bytemuck::Pod>(&self, from: &[T], channels: usize) -> Vec<T> {
        let Self { size, x, y, target, is_alpha } = *self;
        let mut out = vec![T::zeroed(); sample_count(target, channels).unwrap_or(0)];
        let result = (|| {
            let from = TypedImageRef::<P>::from_buffer(size.width, size.height, bytemuck::cast_slice(from)).ok()?;
            let (width, height) = (x.end() - x.first(), y.end() - y.first());
            let view = TypedCroppedImage::from_ref(&from, x.first(), y.first(), width, height).ok()?;
            let to = bytemuck::cast_slice_mut(&mut out);
            let mut to = TypedImage::<P>::from_buffer(target.width, target.height, to).ok()?;
            let options = ResizeOptions::new()
                .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
                .use_alpha(is_alpha)
                .crop(x.offset(), y.offset(), x.len_within(), y.len_within());
            Resizer::new().resize_typed(&view, &mut to, &options).ok()
        })();
        if result.is_none() {
            out.clear();
        }
        out
    }
}

/// Repeats the last column and row until the frame has the size `to`.
fn repeat_edges<T: Copy>(samples: &[T], size: Size, channels: usize, to: Size) -> Vec<T> {
    let pixel = |x: u32, y: u32| {
        let at = y.min(size.height - 1) as usize * size.width as usize + x.min(size.width - 1) as usize;
        &samples[at * channels..][..channels]
    };
    (0..to.height).flat_map(|y| (0..to.width).flat_map(move |x| pixel(x, y))).copied().collect()
}

/// `sample × alpha / 65 535`, to the nearest.
fn multiply_by_alpha([r, g, b, alpha]: &mut [u16; 4]) {
    for sample in [r, g, b] {
        let product = u64::from(*sample) * u64::from(*alpha);
        *sample = u16::try_from((product + 32_767) / 65_535).unwrap_or(u16::MAX);
    }
}

/// `sample × 65 535 / alpha`, to the nearest, saturated; 0 under an alpha of 0.
fn divide_by_alpha([r, g, b, alpha]: &mut [u16; 4]) {
    let alpha = u64::from(*alpha);
    for sample in [r, g, b] {
        let quotient = (u64::from(*sample) * 65_535 + alpha / 2).checked_div(alpha).unwrap_or(0);
        *sample = u16::try_from(quotient).unwrap_or(u16::MAX);
    }
}
