//! Puts pictures over each other (ISO/IEC 23008-12 § 6.6.2.2).

use image_ingest_heif::Transform;
use image_ingest_samples::{CpuTimer, Layout, Raster, Samples, Size, Zeroable, sample_count, zeroed};

use crate::error::{Error, Result};

/// A stored picture, what is shown of it, and where its corner lies on a canvas, to the right and downwards.
pub(super) struct PlacedRaster {
    pub(super) raster: Raster,
    pub(super) transform: Transform,
    pub(super) offset: (i32, i32),
}

/// A canvas of RGB where it is opaque from the start, else of RGBA that is not premultiplied.
pub(super) struct Canvas {
    size: Size,
    layout: Layout,
    samples: Samples,
}

impl Canvas {
    /// A canvas of one colour, of 8 bits or of 16.
    ///
    /// # Errors
    ///
    /// `out_of_memory`, `deadline`, `cancelled`.
    pub(super) fn new(size: Size, fill: [u16; 4], is_deep: bool, timer: &CpuTimer<'_>) -> Result<Self> {
        let layout = if fill[3] == u16::MAX { Layout::Rgb } else { Layout::Rgba };
        let fill = &fill[..layout.channels()];
        let row = size.width as usize * layout.channels();
        let len = sample_count(size, layout.channels()).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
        let samples = if is_deep {
            Samples::U16(filled(len, row, fill, timer)?)
        } else {
            // 65 535 is 257 times 255.
            let byte = |v: &u16| u8::try_from((u32::from(*v) + 128) / 257).unwrap_or(u8::MAX);
            Samples::U8(filled(len, row, &fill.iter().map(byte).collect::<Vec<_>>(), timer)?)
        };
        Ok(Self { size, layout, samples })
    }

    /// Lays a picture over the canvas.
    ///
    /// # Errors
    ///
    /// `deadline`, `cancelled`; `internal` for samples that disagree with their size.
    pub(super) fn lay(&mut self, placed: &PlacedRaster, timer: &CpuTimer<'_>) -> Result<()> {
        let to = (self.size, self.layout.channels());
        match (&mut self.samples, &placed.raster.samples) {
            (Samples::U8(canvas), Samples::U8(samples)) => {
                let over = |to: &mut [u8], from: &[u8]| blend(to, from, 255);
                lay(canvas, to, samples, placed, over, timer)
            }
            (Samples::U16(canvas), Samples::U16(samples)) => {
                let over = |to: &mut [u16], from: &[u16]| blend(to, from, 65_535);
                lay(canvas, to, samples, placed, over, timer)
            }
            (Samples::U16(canvas), Samples::U8(samples)) => {
                let over = |to: &mut [u16], from: &[u8]| {
                    let mut wide = [0; 4];
                    wide.iter_mut().zip(from).for_each(|(wide, &v)| *wide = u16::from(v) * 257);
                    blend(to, &wide[..from.len()], 65_535);
                };
                lay(canvas, to, samples, placed, over, timer)
            }
            (Samples::U8(_), Samples::U16(_)) => Err(Error::internal("a layer of more bits than its canvas")),
        }
    }

    /// The canvas as a raster.
    ///
    /// # Errors
    ///
    /// `internal`.
    pub(super) fn finish(self) -> Result<Raster> {
        Ok(Raster::new(self.size, self.layout, self.samples)?)
    }
}

fn filled<T: Copy + Zeroable>(len: usize, row: usize, fill: &[T], timer: &CpuTimer<'_>) -> Result<Vec<T>> {
    let mut samples = zeroed(len)?;
    for row in samples.chunks_mut(row.max(1)) {
        timer.check()?;
        row.chunks_exact_mut(fill.len()).for_each(|pixel| pixel.copy_from_slice(fill));
    }
    Ok(samples)
}

/// Lays the samples of a picture over a canvas of this size and so many channels, each pixel by `over`.
fn lay<F, T>(
    canvas: &mut [T],
    (size, channels): (Size, usize),
    samples: &[F],
    placed: &PlacedRaster,
    over: impl Fn(&mut [T], &[F]),
    timer: &CpuTimer<'_>,
) -> Result<()> {
    let PlacedRaster { raster, transform, offset: (right, down) } = placed;
    let (right, down) = (i64::from(*right), i64::from(*down));
    let wrong = || Error::internal("a layer disagrees with its size");
    let from_channels = raster.layout.channels();
    let shown = transform.size();
    // What of the layer lies on the canvas, in the layer's own axes.
    let part = |offset: i64, side: u32, canvas: u32| {
        let first = (-offset).clamp(0, side.into());
        let last = (i64::from(canvas) - offset).clamp(first, side.into());
        (first, last)
    };
    let (left, end) = part(right, shown.width, size.width);
    let (top, bottom) = part(down, shown.height, size.height);
    for y in top..bottom {
        timer.check()?;
        let row = usize::try_from(y + down).map_err(|_| wrong())? * size.width as usize;
        let start = row + usize::try_from(left + right).map_err(|_| wrong())?;
        let to = canvas.get_mut(start * channels..).ok_or_else(wrong)?;
        for (x, to) in (left..end).zip(to.chunks_exact_mut(channels)) {
            let at = transform.stored(u32::try_from(x).map_err(|_| wrong())?, u32::try_from(y).map_err(|_| wrong())?);
            let at = (at.1 as usize * raster.size.width as usize + at.0 as usize) * from_channels;
            over(to, samples.get(at..at + from_channels).ok_or_else(wrong)?);
        }
    }
    Ok(())
}

/// Puts a pixel over one of the canvas: `from` is gray, RGB or RGBA, `to` RGB or RGBA, none premultiplied, `max` the
/// value of full alpha.
///
/// Values are below 2¹⁶, so products of three of them fit in 48 bits.
fn blend<T: Copy + Into<u64> + TryFrom<u64>>(to: &mut [T], from: &[T], max: u64) {
    let alpha = if let [.., alpha] = from
        && from.len() == 4
    {
        (*alpha).into()
    } else {
        max
    };
    let (color, below) = match to {
        [r, g, b] => ([r, g, b], None),
        [r, g, b, alpha] => ([r, g, b], Some(alpha)),
        _ => return,
    };
    let below_alpha = below.as_deref().map_or(max, |&alpha| alpha.into());
    // How much of the pixel below is seen, and the alpha of both together, times `max`.
    let seen = below_alpha * (max - alpha);
    let both = alpha * max + seen;
    for (channel, to) in color.into_iter().enumerate() {
        let from: u64 = from[channel.min(from.len() - 1)].into();
        let below: u64 = (*to).into();
        let mixed = (from * alpha * max + below * seen + both / 2).checked_div(both).unwrap_or(0);
        *to = T::try_from(mixed).unwrap_or(*to);
    }
    if let Some(to) = below {
        *to = T::try_from((both + max / 2) / max).unwrap_or(*to);
    }
}

#[cfg(test)]
mod tests {
    use image_ingest_heif::{Property, Transform};

    use super::*;

    fn timer() -> CpuTimer<'static> {
        CpuTimer::default()
    }

    fn placed(
        size: (u32, u32),
        layout: Layout,
        samples: Vec<u8>,
        properties: &[Property<'_>],
        offset: (i32, i32),
    ) -> PlacedRaster {
        let size = Size::new(size.0, size.1);
        let raster = Raster::new(size, layout, Samples::U8(samples)).unwrap();
        PlacedRaster { raster, transform: Transform::none(size).then(properties).unwrap(), offset }
    }

    const BLACK: [u16; 4] = [0, 0, 0, u16::MAX];

    /// The red channel of a canvas of 4 × 3 pixels with a gray layer of 3 × 2.
    fn red(properties: &[Property<'_>], offset: (i32, i32)) -> Vec<u8> {
        let mut canvas = Canvas::new(Size::new(4, 3), BLACK, false, &timer()).unwrap();
        canvas.lay(&placed((3, 2), Layout::Gray, vec![1, 2, 3, 4, 5, 6], properties, offset), &timer()).unwrap();
        match canvas.finish().unwrap().samples {
            Samples::U8(samples) => samples.chunks(3).map(|pixel| pixel[0]).collect(),
            Samples::U16(_) => panic!("8 bits"),
        }
    }

    #[test]
    fn a_layer_lies_at_its_offset_and_is_cut_at_the_edges() {
        assert_eq!(red(&[], (0, 0)), [1, 2, 3, 0, 4, 5, 6, 0, 0, 0, 0, 0]);
        assert_eq!(red(&[], (2, 2)), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(red(&[], (-1, -1)), [5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for outside in [(4, 0), (0, 3), (-3, 0), (0, -2), (i32::MAX, i32::MIN), (i32::MIN, i32::MAX)] {
            assert_eq!(red(&[], outside), [0; 12], "{outside:?}");
        }
    }

    /// Each turn of `1 2 3 / 4 5 6`.
    #[test]
    fn a_layer_is_turned_as_its_own_properties_say() {
        use image_ingest_heif::MirrorAxis::{LeftRight, TopBottom};
        let [rotate, mirror] = [Property::Rotate(1), Property::Mirror(LeftRight)];
        assert_eq!(red(&[rotate], (0, 0)), [3, 6, 0, 0, 2, 5, 0, 0, 1, 4, 0, 0]);
        assert_eq!(red(&[Property::Rotate(2)], (0, 0)), [6, 5, 4, 0, 3, 2, 1, 0, 0, 0, 0, 0]);
        assert_eq!(red(&[Property::Rotate(3)], (0, 0)), [4, 1, 0, 0, 5, 2, 0, 0, 6, 3, 0, 0]);
        assert_eq!(red(&[mirror], (0, 0)), [3, 2, 1, 0, 6, 5, 4, 0, 0, 0, 0, 0]);
        assert_eq!(red(&[Property::Mirror(TopBottom)], (0, 0)), [4, 5, 6, 0, 1, 2, 3, 0, 0, 0, 0, 0]);
        assert_eq!(red(&[rotate, mirror], (0, 0)), [6, 3, 0, 0, 5, 2, 0, 0, 4, 1, 0, 0]);
    }

    /// Porter and Duff's "over", not premultiplied.
    #[test]
    fn translucent_pixels_mix_with_what_is_below() {
        let mut opaque = [10u8, 20, 30];
        blend(&mut opaque, &[110, 120, 130, 51], 255);
        assert_eq!(opaque, [30, 40, 50]);
        let mut half = [100u8, 100, 100, 128];
        blend(&mut half, &[200, 200, 200, 128], 255);
        // 128 + 128 × 127 / 255 = 191.7; (200 × 128 + 100 × 63.7) / 191.7 = 166.7.
        assert_eq!(half, [167, 167, 167, 192]);
        let mut clear = [9u8, 9, 9, 0];
        blend(&mut clear, &[1, 2, 3, 0], 255);
        assert_eq!(clear, [0, 0, 0, 0]);
        blend(&mut clear, &[1, 2, 3], 255);
        assert_eq!(clear, [1, 2, 3, 255]);
    }

    #[test]
    fn a_canvas_of_sixteen_bits_takes_layers_of_eight() {
        let fill = [65_535, 0, 32_768, 16_384];
        let mut canvas = Canvas::new(Size::new(2, 1), fill, true, &timer()).unwrap();
        canvas.lay(&placed((1, 1), Layout::Rgb, vec![255, 128, 0], &[], (1, 0)), &timer()).unwrap();
        let raster = canvas.finish().unwrap();
        assert_eq!(raster.layout, Layout::Rgba);
        assert_eq!(raster.samples, Samples::U16(vec![65_535, 0, 32_768, 16_384, 65_535, 32_896, 0, 65_535]));
    }
}
