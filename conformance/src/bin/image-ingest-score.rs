//! Scores pictures by SSIMULACRA2. Each line of standard input names a reference, a picture and their size
//! (`REFERENCE<tab>PICTURE<tab>WIDTH<tab>HEIGHT`). Both are raw 8-bit sRGB. The answer is a line with the score.

use std::io::{self, BufRead, Write};
use std::{fs, num};

use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let mut parts = line.split('\t');
        let mut part = || parts.next().ok_or_else(|| io::Error::other("a line has four parts"));
        let (reference, picture) = (part()?, part()?);
        let size = (side(part()?)?, side(part()?)?);
        let score =
            compute_frame_ssimulacra2(read(reference, size)?, read(picture, size)?).map_err(io::Error::other)?;
        writeln!(out, "{score:.4}")?;
        out.flush()?;
    }
    Ok(())
}

fn side(text: &str) -> io::Result<usize> {
    text.parse().map_err(|e: num::ParseIntError| io::Error::other(e))
}

fn read(path: &str, (width, height): (usize, usize)) -> io::Result<Rgb> {
    let samples = fs::read(path)?;
    let pixels = samples.as_chunks::<3>().0.iter().map(|pixel| pixel.map(|v| f32::from(v) / 255.0)).collect();
    Rgb::new(pixels, width, height, TransferCharacteristic::SRGB, ColorPrimaries::BT709).map_err(io::Error::other)
}
