//! Paints a photo-like picture of any size: sky, hills, foliage, a face, a house, a test panel, colour patches and
//! text.
//!
//! No two of its eight orientations are alike, the word TOP and an arrow say which way is up, and every part is a
//! function of position and seed alone.

pub(crate) mod diagram;
pub(crate) mod font;
pub(crate) mod noise;

use crate::raster::Rgb;
use noise::{fractal, mix, white};

/// A picture to paint.
#[derive(Clone, Copy)]
pub(crate) struct Scene {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) seed: u32,
    /// Standard amplitude of the sensor-like noise, in 8-bit steps.
    pub(crate) grain: f32,
}

type Colour = [f32; 3];

impl Scene {
    pub(crate) fn new(width: u32, height: u32) -> Self {
        Self { width, height, seed: 1, grain: 2.0 }
    }

    pub(crate) fn paint(&self) -> Rgb {
        Rgb::from_fn(self.width, self.height, |x, y| self.pixel(x, y).map(|c| (c + 0.5) as u8))
    }

    /// 16 bits a sample, so that gradients use them.
    pub(crate) fn paint16(&self) -> Vec<u16> {
        let pixels = (0..self.height).flat_map(|y| (0..self.width).map(move |x| (x, y)));
        pixels.flat_map(|(x, y)| self.pixel(x, y).map(|c| (c * 257.0 + 0.5) as u16)).collect()
    }

    fn pixel(&self, x: u32, y: u32) -> Colour {
        let at = self.place(x, y);
        let flat = self.text(x, y).or_else(|| self.patches(&at)).or_else(|| self.panel(&at, x, y));
        let noise = self.grain * (0.7 * white(x as i32, y as i32, self.seed) + 0.5 * self.clump(x, y));
        let (colour, grain) = match flat {
            Some(colour) => (colour, 0.0),
            None => (self.landscape(&at), noise),
        };
        let tint = 0.4 * self.grain * white(x as i32 / 2, y as i32 / 2, self.seed ^ 0x77);
        let chroma = if flat.is_some() { 0.0 } else { tint };
        let [r, g, b] = colour;
        [r + grain + chroma, g + grain, b + grain - chroma].map(|c| c.clamp(0.0, 255.0))
    }

    fn place(&self, x: u32, y: u32) -> Place {
        let (u, v) = (x as f32 / self.width as f32, y as f32 / self.height as f32);
        Place { u, v, across: u, down: y as f32 / self.width as f32, detail: self.detail() }
    }

    /// Octaves of texture from a large leaf down to the pixel.
    fn detail(&self) -> u32 {
        (self.width.max(64) / 8).ilog2().clamp(3, 9)
    }

    /// Noise that spans about two pixels, as demosaicing leaves it.
    fn clump(&self, x: u32, y: u32) -> f32 {
        fractal(x as f32 * 0.45, y as f32 * 0.45, 1, 0.5, self.seed ^ 0x1234)
    }

    fn landscape(&self, at: &Place) -> Colour {
        self.face(at)
            .or_else(|| self.house(at))
            .or_else(|| self.meadow(at))
            .or_else(|| self.hills(at))
            .unwrap_or_else(|| self.sky(at))
    }

    fn sky(&self, at: &Place) -> Colour {
        let blue = blend([62.0, 112.0, 196.0], [206.0, 222.0, 238.0], (at.v / 0.5).min(1.0));
        let cloud = fractal(at.across * 5.0, at.down * 11.0, 5, 0.5, self.seed ^ 0xC10D);
        let sky = blend(blue, [250.0, 249.0, 246.0], (cloud * 0.9 - 0.05).clamp(0.0, 0.8));
        let sun = at.distance(0.86, 0.10);
        if sun < 0.035 { [255.0, 244.0, 200.0] } else { blend([255.0, 236.0, 190.0], sky, (sun * 6.0).min(1.0)) }
    }

    fn hills(&self, at: &Place) -> Option<Colour> {
        let ridge = 0.43 + 0.10 * fractal(at.across * 3.0 + 0.7, 0.0, 7, 0.45, self.seed ^ 0x4111);
        let rock = fractal(at.across * 30.0, at.down * 40.0, at.detail, 0.76, self.seed ^ 0x70CC);
        (at.v > ridge).then(|| shade([108.0, 118.0, 140.0], 1.0 + 0.11 * rock))
    }

    fn meadow(&self, at: &Place) -> Option<Colour> {
        let edge = 0.60 + 0.03 * fractal(at.across * 9.0, 0.0, 6, 0.5, self.seed ^ 0x6A55);
        if at.v < edge {
            return None;
        }
        let leaves = fractal(at.across * 22.0, at.down * 26.0, at.detail, 0.80, self.seed ^ 0x1EAF);
        let field = fractal(at.across * 4.0, at.down * 6.0, 3, 0.5, self.seed ^ 0xF1E1);
        let green = blend([52.0, 96.0, 38.0], [134.0, 140.0, 62.0], (0.5 + 0.6 * field).clamp(0.0, 1.0));
        Some(shade(green, (1.0 + 0.34 * leaves).clamp(0.12, 1.8)))
    }

    fn house(&self, at: &Place) -> Option<Colour> {
        let (x, y) = ((at.u - 0.07) / 0.20, (at.v - 0.36) / 0.30);
        let roof = y < 0.25 && (0.0..0.25).contains(&y) && (x - 0.5).abs() < 0.1 + 2.0 * y;
        if roof {
            return Some(shade([150.0, 62.0, 48.0], 0.9 + 0.2 * stripe(y * 40.0)));
        }
        if !(0.0..1.0).contains(&x) || !(0.25..1.0).contains(&y) {
            return None;
        }
        let (window_x, window_y) = ((x * 3.0).fract(), ((y - 0.25) * 4.0).fract());
        let window = (0.3..0.7).contains(&window_x) && (0.25..0.75).contains(&window_y);
        let plaster = 1.0 + 0.05 * fractal(x * 40.0, y * 40.0, at.detail.min(6), 0.7, self.seed ^ 0xB01D);
        Some(if window { [38.0, 46.0, 62.0] } else { shade([214.0, 202.0, 178.0], plaster) })
    }

    fn face(&self, at: &Place) -> Option<Colour> {
        let (x, y) = ((at.u - 0.66) / 0.105, (at.v - 0.56) / 0.19);
        let r2 = x * x + y * y;
        if r2 > 1.0 {
            return None;
        }
        let eye = |cx: f32| (x - cx) * (x - cx) * 40.0 + (y + 0.2) * (y + 0.2) * 110.0 < 1.0;
        let mouth = (y - 0.5 + 0.3 * x * x).abs() < 0.05 && x.abs() < 0.38;
        let light = 0.72 + 0.30 * (1.0 - r2).sqrt() - 0.10 * x - 0.08 * y;
        let pores = 1.0 + 0.015 * fractal(x * 60.0, y * 60.0, 3, 0.7, self.seed ^ 0x5C1A);
        Some(match () {
            () if eye(-0.35) || eye(0.35) => [54.0, 38.0, 32.0],
            () if mouth => shade([176.0, 84.0, 78.0], light),
            () if y < -0.62 + 0.2 * x * x => shade([70.0, 46.0, 30.0], 1.0 + 0.4 * stripe((x * 9.0 + y) * 3.0)),
            () => shade([228.0, 174.0, 144.0], light * pores),
        })
    }

    /// A checker and a zone plate, bottom right.
    fn panel(&self, at: &Place, x: u32, y: u32) -> Option<Colour> {
        let (px, py) = ((at.u - 0.72) / 0.25, (at.v - 0.78) / 0.18);
        if !(0.0..1.0).contains(&px) || !(0.0..1.0).contains(&py) {
            return None;
        }
        if px < 0.4 {
            let cell = (self.width / 240).max(1);
            let dark = (x / cell + y / cell).is_multiple_of(2);
            return Some(if dark { [24.0; 3] } else { [236.0; 3] });
        }
        let (dx, dy) = ((px - 0.7) * 0.25 * self.width as f32, (py - 0.5) * 0.18 * self.height as f32);
        let wave = stripe((dx * dx + dy * dy) / (0.5 * self.width as f32));
        Some([128.0 + 108.0 * wave; 3])
    }

    fn patches(&self, at: &Place) -> Option<Colour> {
        let (x, y) = ((at.u - 0.03) / 0.42, (at.v - 0.88) / 0.05);
        let row = (0.0..1.0).contains(&x) && (0.0..1.0).contains(&y);
        row.then(|| PATCHES[((x * 12.0) as usize).min(11)].map(f32::from))
    }

    fn text(&self, x: u32, y: u32) -> Option<Colour> {
        let unit = self.width as f32 / 480.0;
        let lines = [("^ TOP ^", 0.5, 0.05, 5.0), ("L", 0.05, 0.28, 6.0), ("R", 0.95, 0.28, 6.0)];
        let small = [("THE FIVE BOXING WIZARDS JUMP QUICKLY", 0.25, 0.955, 1.0), ("0123456789 A-Z", 0.25, 0.84, 1.4)];
        lines.iter().chain(&small).find_map(|&(text, u, v, size)| {
            let cell = (size * unit).max(1.0);
            let (across, down) = (font::width(text) as f32 * cell, font::GLYPH.1 as f32 * cell);
            let left = (x as f32 - u * self.width as f32 + across / 2.0) / cell;
            let top = (y as f32 - v * self.height as f32) / cell;
            let plate = left > -1.5 && left < across / cell + 1.5 && top > -1.5 && top < down / cell + 1.5;
            let ink = left >= 0.0 && top >= 0.0 && font::inked(text, left as u32, top as u32);
            plate.then_some(if ink { [12.0, 12.0, 20.0] } else { [250.0, 248.0, 236.0] })
        })
    }
}

/// A position: `u`, `v` 0 to 1 over the picture; `across`, `down` in widths, so that textures keep their shape.
struct Place {
    u: f32,
    v: f32,
    across: f32,
    down: f32,
    detail: u32,
}

impl Place {
    fn distance(&self, across: f32, down: f32) -> f32 {
        let (dx, dy) = (self.across - across, self.down - down);
        (dx * dx + dy * dy).sqrt()
    }
}

fn blend(a: Colour, b: Colour, t: f32) -> Colour {
    [mix(a[0], b[0], t), mix(a[1], b[1], t), mix(a[2], b[2], t)]
}

fn shade(colour: Colour, light: f32) -> Colour {
    colour.map(|c| c * light)
}

/// A wave of period 1 made of two parabolas, −1 to 1: near a sine, without a libm.
fn stripe(t: f32) -> f32 {
    let phase = t - t.floor();
    let half = if phase < 0.5 { phase } else { phase - 0.5 };
    let arch = 16.0 * half * (0.5 - half);
    if phase < 0.5 { arch } else { -arch }
}

/// Primaries, secondaries and a gray ramp: the values by which colour conversions are checked.
const PATCHES: [[u8; 3]; 12] = [
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
    [0, 255, 255],
    [255, 0, 255],
    [255, 255, 0],
    [0, 0, 0],
    [51, 51, 51],
    [102, 102, 102],
    [153, 153, 153],
    [204, 204, 204],
    [255, 255, 255],
];
