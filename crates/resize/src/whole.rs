//! Reduces whole buffers of 16-bit samples by fast_image_resize, whose wide arithmetic is twice as fast as that of bands.

use fast_image_resize::images::{CroppedImage, Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use image_ingest_samples::{CpuTimer, Layout, Samples, Size, WorkError, sample_count, zeroed};

use crate::reducer::RowReducer;
use crate::reducer::with_alpha;
use crate::reduction::{Extent, Reduction, Window};
use crate::result::Result;

/// Reduces a whole buffer.
///
/// # Errors
///
/// [`WorkError::OutOfMemory`], [`WorkError::Deadline`], [`WorkError::Cancelled`].
pub(crate) fn reduce(part: Reduction, samples: Samples, timer: &CpuTimer<'_>) -> Result<Samples> {
    timer.check()?;
    Ok(match samples {
        Samples::U8(v) => Samples::U8(RowReducer::reduce(part, v, timer)?),
        Samples::U16(v) => Samples::U16(reduce_u16(part, v)?),
    })
}

/// Gives the samples that bands give; a buffer that is the target already is given back as it is.
///
/// # Errors
///
/// `out_of_memory`.
fn reduce_u16(part: Reduction, mut samples: Vec<u16>) -> Result<Vec<u16>> {
    if part.is_identity() {
        return Ok(samples);
    }
    let Reduction { size, layout, window: Window { x, y }, target } = part;
    let kind = match layout.channels() {
        1 => PixelType::U16,
        3 => PixelType::U16x3,
        _ => PixelType::U16x4,
    };
    let has_alpha = layout == Layout::Rgba && !(x.is_identity(target.width) && y.is_identity(target.height));
    if has_alpha {
        with_alpha(&mut samples, |alpha, image| alpha.multiply_alpha_inplace(image))?;
    }
    let extended = Size::new(size.width.max(x.end), size.height.max(y.end));
    let samples = if extended == size { samples } else { repeat_edges(&samples, size, layout.channels(), extended)? };
    // One axis at a time, columns after rows: for both at once the crate allocates what is between, and aborts without it.
    let first =
        Step { x, y: Extent::whole(y.samples()), from: (x.start, y.start), to: Size::new(target.width, y.samples()) };
    let second = Step {
        x: Extent::whole(target.width),
        y: Extent { start: 0, end: y.samples(), ..y },
        from: (0, 0),
        to: target,
    };
    let mut out = match (x.is_identity(target.width), y.is_identity(target.height)) {
        (false, false) => {
            let between = first.take(&samples, extended, kind, layout)?;
            drop(samples);
            second.take(&between, first.to, kind, layout)?
        }
        _ => Step { x, y, from: (x.start, y.start), to: target }.take(&samples, extended, kind, layout)?,
    };
    if has_alpha {
        with_alpha(&mut out, |alpha, image| alpha.divide_alpha_inplace(image))?;
    }
    Ok(out)
}

/// One call of the crate: the part of a buffer that lies in the extents `x` and `y`, counted from `from`, becomes `to`.
struct Step {
    x: Extent,
    y: Extent,
    from: (u32, u32),
    to: Size,
}

impl Step {
    fn take(&self, samples: &[u16], size: Size, kind: PixelType, layout: Layout) -> Result<Vec<u16>> {
        let Self { x, y, from: (left, top), to } = self;
        let mut out = zeroed(sample_count(*to, layout.channels()).ok_or(WorkError::OutOfMemory { bytes: u64::MAX })?)?;
        let broken = |error: &dyn std::fmt::Display| WorkError::internal(format!("resize: {error}"));
        let from = ImageRef::new(size.width, size.height, bytemuck::cast_slice(samples), kind);
        let from = from.map_err(|e| broken(&e))?;
        // A view of whole samples around the window keeps the filter inside the crop.
        let view = CroppedImage::new(&from, *left, *top, x.samples(), y.samples()).map_err(|e| broken(&e))?;
        let bytes = bytemuck::cast_slice_mut(&mut out);
        let mut image = Image::from_slice_u8(to.width, to.height, bytes, kind).map_err(|e| broken(&e))?;
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
            .use_alpha(false)
            .crop(x.offset, y.offset, x.len, y.len);
        Resizer::new().resize(&view, &mut image, &options).map_err(|e| broken(&e))?;
        Ok(out)
    }
}

/// Repeats the last column and row until the buffer has the size `to`.
fn repeat_edges(samples: &[u16], size: Size, channels: usize, to: Size) -> Result<Vec<u16>> {
    let mut out = zeroed(sample_count(to, channels).ok_or(WorkError::OutOfMemory { bytes: u64::MAX })?)?;
    let (row_len, out_len) = (size.width as usize * channels, to.width as usize * channels);
    let rows = samples.chunks_exact(row_len);
    let last = rows.clone().next_back().unwrap_or_default();
    for (row, out) in rows.chain(std::iter::repeat(last)).zip(out.chunks_exact_mut(out_len)) {
        out[..row_len].copy_from_slice(row);
        let pixel = &row[row_len - channels..];
        out[row_len..].chunks_exact_mut(channels).for_each(|p| p.copy_from_slice(pixel));
    }
    Ok(out)
}
