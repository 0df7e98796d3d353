//! Interleaved pixels and the few exact operations that the files need: turning, cropping, repeating.

/// 8-bit RGB, rows tight.
#[derive(Clone)]
pub(crate) struct Rgb {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) samples: Vec<u8>,
}

impl Rgb {
    pub(crate) fn from_fn(width: u32, height: u32, mut pixel: impl FnMut(u32, u32) -> [u8; 3]) -> Self {
        let mut samples = Vec::with_capacity(width as usize * height as usize * 3);
        for y in 0..height {
            for x in 0..width {
                samples.extend_from_slice(&pixel(x, y));
            }
        }
        Self { width, height, samples }
    }

    pub(crate) fn at(&self, x: u32, y: u32) -> [u8; 3] {
        let i = (y as usize * self.width as usize + x as usize) * 3;
        [self.samples[i], self.samples[i + 1], self.samples[i + 2]]
    }

    pub(crate) fn pixels(&self) -> impl Iterator<Item = [u8; 3]> + '_ {
        self.samples.chunks_exact(3).map(|p| [p[0], p[1], p[2]])
    }

    /// The stored picture that a viewer applying Exif orientation `orientation` shows as `self`.
    ///
    /// Exif (CIPA DC-008, tag 0x0112) names where the stored row 0 and column 0 are in the shown picture: 6 means right
    /// and top, so stored (x, y) is shown at (height − 1 − y, x).
    pub(crate) fn stored_for(&self, orientation: u8) -> Self {
        let (w, h) = (self.width, self.height);
        let (sw, sh) = if orientation >= 5 { (h, w) } else { (w, h) };
        Self::from_fn(sw, sh, |x, y| {
            let (u, v) = match orientation {
                2 => (w - 1 - x, y),
                3 => (w - 1 - x, h - 1 - y),
                4 => (x, h - 1 - y),
                5 => (y, x),
                6 => (w - 1 - y, x),
                7 => (w - 1 - y, h - 1 - x),
                8 => (y, h - 1 - x),
                _ => (x, y),
            };
            self.at(u, v)
        })
    }

    /// The part from (`x`, `y`); beyond the edges the nearest pixel repeats.
    pub(crate) fn crop(&self, x: u32, y: u32, width: u32, height: u32) -> Self {
        Self::from_fn(width, height, |dx, dy| self.at((x + dx).min(self.width - 1), (y + dy).min(self.height - 1)))
    }

    /// BT.601 luma, rounded.
    pub(crate) fn gray(&self) -> Vec<u8> {
        let luma =
            |[r, g, b]: [u8; 3]| (19595 * u32::from(r) + 38470 * u32::from(g) + 7471 * u32::from(b) + 32768) >> 16;
        self.pixels().map(|pixel| luma(pixel) as u8).collect()
    }

    /// RGBA with `alpha(x, y)`.
    pub(crate) fn with_alpha(&self, alpha: impl Fn(u32, u32) -> u8) -> Vec<u8> {
        let width = self.width;
        let place = (0u32..).map(|i| (i % width, i / width));
        self.pixels().zip(place).flat_map(|([r, g, b], (x, y))| [r, g, b, alpha(x, y)]).collect()
    }
}

/// A smooth alpha: opaque in the middle, clear in the corners.
pub(crate) fn vignette(width: u32, height: u32) -> impl Fn(u32, u32) -> u8 {
    move |x, y| {
        let (u, v) = (x as f32 / width as f32 * 2.0 - 1.0, y as f32 / height as f32 * 2.0 - 1.0);
        ((1.35 - u * u - v * v).clamp(0.0, 1.0) * 255.0 + 0.5) as u8
    }
}
