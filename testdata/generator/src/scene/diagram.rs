//! Paints a diagram: boxes, lines and text in few colours, as in screenshots.

use super::font;
use super::noise::Prng;
use crate::raster::Rgb;

/// Colours of a diagram; the first is the ground.
pub(crate) const COLOURS: [[u8; 3]; 8] = [
    [250, 250, 252],
    [32, 36, 44],
    [66, 133, 200],
    [234, 98, 72],
    [74, 168, 96],
    [246, 190, 60],
    [150, 110, 190],
    [196, 200, 208],
];

/// A diagram as indices into [`COLOURS`].
pub(crate) fn paint_indexed(width: u32, height: u32, seed: u64) -> Vec<u8> {
    let mut prng = Prng::new(seed);
    let mut art = Art { width, height, indices: vec![0; (width * height) as usize] };
    let unit = (width.min(1600) / 160).max(1);
    for _ in 0..24 + width / 64 {
        let (w, h) = (unit * (12 + prng.below(24)), unit * (8 + prng.below(12)));
        let (x, y) = (prng.below(width.saturating_sub(w).max(1)), prng.below(height.saturating_sub(h).max(1)));
        let colour = 2 + prng.below(6) as u8;
        art.fill(x, y, w, h, 1);
        art.fill(x + unit / 2 + 1, y + unit / 2 + 1, w.saturating_sub(unit + 2), h.saturating_sub(unit + 2), colour);
        art.write(x + 2 * unit, y + 2 * unit, (unit / 2).max(1), LABELS[prng.below(4) as usize]);
        art.fill(x + w / 2, y + h, (unit / 2).max(1), 6 * unit, 7);
    }
    art.write(width / 2 - unit * 20, unit, unit, "^ TOP ^");
    art.indices
}

/// The same diagram in RGB.
pub(crate) fn paint(width: u32, height: u32, seed: u64) -> Rgb {
    let samples = paint_indexed(width, height, seed).iter().flat_map(|&i| COLOURS[usize::from(i)]).collect();
    Rgb { width, height, samples }
}

struct Art {
    width: u32,
    height: u32,
    indices: Vec<u8>,
}

impl Art {
    fn fill(&mut self, x: u32, y: u32, w: u32, h: u32, colour: u8) {
        for row in y.min(self.height)..(y + h).min(self.height) {
            let start = (row * self.width + x.min(self.width)) as usize;
            let end = (row * self.width + (x + w).min(self.width)) as usize;
            self.indices[start..end].fill(colour);
        }
    }

    fn write(&mut self, x: u32, y: u32, cell: u32, text: &str) {
        for row in 0..font::GLYPH.1 {
            for column in (0..font::width(text)).filter(|&column| font::inked(text, column, row)) {
                self.fill(x + column * cell, y + row * cell, cell, cell, 1);
            }
        }
    }
}

const LABELS: [&str; 4] = ["UPLOAD", "PROBE", "DECODE", "ENCODE"];
