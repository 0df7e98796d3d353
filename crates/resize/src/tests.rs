//! Reducers against fast_image_resize on whole frames, sample by sample.

use fast_image_resize::images::{TypedCroppedImage, TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x3, U8x4, U16, U16x3, U16x4};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

use image_ingest_samples::{CpuTimer, Layout, Rect, Samples, Siting, Size, sample_count};

use crate::alpha::{premultiply, unpremultiply};
use crate::arithmetic::Arithmetic;
use crate::reducer::RowReducer;
use crate::reduction::{ChromaGrid, Reduction, Window};

/// A linear congruential generator (Knuth's MMIX constants).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn within(&mut self, low: u32, high: u32) -> u32 {
        low + u32::try_from(self.next()).unwrap() % (high - low + 1)
    }

    /// Noise, with runs of both extremes, where sums leave the range of samples.
    fn samples<T: bytemuck::Pod>(&mut self, len: usize) -> Vec<T> {
        let mut bytes = Vec::new();
        while bytes.len() < len * size_of::<T>() {
            match self.next() % 3 {
                0 => bytes.extend([0; 24]),
                1 => bytes.extend([255; 24]),
                _ => bytes.extend((0..24).map(|_| self.next().to_le_bytes()[0])),
            }
        }
        bytemuck::pod_collect_to_vec(&bytes[..len * size_of::<T>()])
    }
}

/// The whole frame, its edges repeated where the window reaches past them.
fn reference<T: Arithmetic>(part: &Reduction, samples: &[T]) -> Vec<T> {
    let Reduction { size, layout, window: Window { x, y }, target } = *part;
    let channels = layout.channels();
    let extended = Size::new(size.width.max(x.end), size.height.max(y.end));
    let mut source = Vec::new();
    for row in 0..extended.height {
        for column in 0..extended.width {
            let at = row.min(size.height - 1) * size.width + column.min(size.width - 1);
            source.extend_from_slice(&samples[at as usize * channels..][..channels]);
        }
    }
    if part.is_identity() {
        return source;
    }
    // Alpha of 16 bits is ours, since that of fast_image_resize differs between machines.
    let own_alpha =
        size_of::<T>() == 2 && layout == Layout::Rgba && !(x.is_identity(target.width) && y.is_identity(target.height));
    if own_alpha {
        premultiply(&mut source);
    }
    let mut out = vec![T::default(); sample_count(target, channels).unwrap()];
    let (from, to) = (bytemuck::cast_slice(&source), bytemuck::cast_slice_mut(&mut out));
    match (size_of::<T>(), layout) {
        (1, Layout::Gray) => by_fast_image_resize::<U8>(part, from, extended, to),
        (1, Layout::Rgb) => by_fast_image_resize::<U8x3>(part, from, extended, to),
        (1, _) => by_fast_image_resize::<U8x4>(part, from, extended, to),
        (_, Layout::Gray) => by_fast_image_resize::<U16>(part, from, extended, to),
        (_, Layout::Rgb) => by_fast_image_resize::<U16x3>(part, from, extended, to),
        _ => by_fast_image_resize::<U16x4>(part, from, extended, to),
    }
    if own_alpha {
        unpremultiply(&mut out);
    }
    out
}

fn by_fast_image_resize<P: PixelTrait>(part: &Reduction, from: &[u8], size: Size, to: &mut [u8]) {
    let Reduction { layout, window: Window { x, y }, target, .. } = *part;
    let from = TypedImageRef::<P>::from_buffer(size.width, size.height, from).unwrap();
    let view = TypedCroppedImage::from_ref(&from, x.start, y.start, x.samples(), y.samples()).unwrap();
    let mut to = TypedImage::<P>::from_buffer(target.width, target.height, to).unwrap();
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
        .use_alpha(layout == Layout::Rgba && P::size() == 4)
        .crop(x.offset, y.offset, x.len, y.len);
    Resizer::new().resize_typed(&view, &mut to, &options).unwrap();
}

fn check<T: Arithmetic + std::fmt::Debug + PartialEq>(part: Reduction, random: &mut Random) {
    let samples: Vec<T> = random.samples(sample_count(part.size, part.layout.channels()).unwrap());
    let wanted = reference(&part, &samples);
    assert!(RowReducer::reduce(part, samples.clone(), &CpuTimer::default()).unwrap() == wanted, "whole: {part:?}");
    let row_len = part.size.width as usize * part.layout.channels();
    let mut reducer = RowReducer::new(part).unwrap();
    let mut rest = samples.as_slice();
    while !rest.is_empty() {
        let rows = (random.within(0, 20) as usize).min(rest.len() / row_len);
        reducer.push_rows(&rest[..rows * row_len]).unwrap();
        rest = &rest[rows * row_len..];
    }
    assert!(reducer.finish().unwrap() == wanted, "by rows: {part:?}");
}

fn crop(random: &mut Random, size: Size) -> Rect {
    if random.next().is_multiple_of(2) {
        return Rect::whole(size);
    }
    let (left, top) = (random.within(0, size.width - 1), random.within(0, size.height - 1));
    let (width, height) = (random.within(1, size.width - left), random.within(1, size.height - top));
    Rect { left, top, size: Size::new(width, height) }
}

fn target(random: &mut Random, crop: Size) -> Size {
    let mut side = |from: u32| match random.next() % 4 {
        0 => from,
        1 => from.div_ceil(2),
        2 => random.within(1, from),
        _ => random.within(1, from.div_ceil(4)),
    };
    Size::new(side(crop.width), side(crop.height))
}

#[test]
fn rows_of_rasters_give_what_whole_frames_give() {
    let mut random = Random(1);
    for _ in 0..400 {
        let size = Size::new(random.within(1, 150), random.within(1, 90));
        let crop = crop(&mut random, size);
        let target = target(&mut random, crop.size);
        let layout = [Layout::Gray, Layout::Rgb, Layout::Rgba, Layout::Cmyk][random.within(0, 3) as usize];
        let part = Reduction::raster(size, layout, crop, target).unwrap();
        check::<u8>(part, &mut random);
        check::<u16>(part, &mut random);
    }
}

#[test]
fn rows_of_chroma_planes_give_what_whole_planes_give() {
    let mut random = Random(2);
    for _ in 0..400 {
        let size = Size::new(random.within(1, 150), random.within(1, 90));
        let crop = crop(&mut random, size);
        let target = target(&mut random, crop.size);
        let subsampling = [(1, 1), (2, 1), (2, 2), (1, 2), (4, 1), (4, 2)][random.within(0, 5) as usize];
        let siting = [Siting::Centred, Siting::Left, Siting::TopLeft][random.within(0, 2) as usize];
        let grid = [ChromaGrid::Half, ChromaGrid::Full][random.within(0, 1) as usize];
        // The window of a chroma plane starts at a sample of it.
        let crop =
            if crop.size == size { crop } else { Rect { left: crop.left / 4 * 4, top: crop.top / 4 * 4, ..crop } };
        let part = Reduction::chroma(size, subsampling, siting, crop, target, grid).unwrap();
        check::<u8>(part, &mut random);
        check::<u16>(part, &mut random);
    }
}

#[test]
fn whole_buffers_of_16_bits_give_what_rows_give() {
    let mut random = Random(4);
    for _ in 0..100 {
        let size = Size::new(random.within(1, 60), random.within(1, 60));
        let target = target(&mut random, size);
        let part = Reduction::raster(size, Layout::Rgba, Rect::whole(size), target).unwrap();
        let samples: Vec<u16> = random.samples(sample_count(size, 4).unwrap());
        assert!(
            crate::whole::reduce(part, Samples::U16(samples.clone()), &CpuTimer::default()).unwrap()
                == Samples::U16(RowReducer::reduce(part, samples, &CpuTimer::default()).unwrap())
        );
    }
}

#[test]
fn long_and_thin_pictures_give_what_whole_frames_give() {
    let mut random = Random(3);
    for (from, to) in [
        ((32_768, 1), (2048, 1)),
        ((1, 32_768), (1, 2048)),
        ((4032, 40), (2016, 20)),
        ((40, 4032), (20, 2016)),
        ((4000, 30), (2048, 15)),
        ((3000, 30), (3, 3)),
        ((30, 3000), (3, 3)),
    ] {
        let size = Size::new(from.0, from.1);
        let part = Reduction::raster(size, Layout::Rgb, Rect::whole(size), Size::new(to.0, to.1)).unwrap();
        check::<u8>(part, &mut random);
        check::<u16>(part, &mut random);
    }
}

#[test]
fn missing_and_surplus_rows_are_internal() {
    let size = Size::new(10, 10);
    let part = Reduction::raster(size, Layout::Gray, Rect::whole(size), Size::new(5, 5)).unwrap();
    let mut reducer = RowReducer::<u8>::new(part).unwrap();
    assert!(reducer.push_rows(&[0; 15]).is_err());
    reducer.push_rows(&[0; 90]).unwrap();
    assert!(reducer.push_rows(&[0; 20]).is_err());
    assert!(reducer.finish().is_err());
}
