//! Ingests one file and prints its receipt: `cargo run --release --example ingest -- photo.heic [out.jpg]`.

use std::{env, error::Error, fs};

use image_ingest::{Ingest, Source};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args_os().skip(1);
    let path = args.next().ok_or("usage: ingest FILE [OUT]")?;
    let ingest = Ingest::default();
    let background = ingest.ingest(Source::new(fs::read(path)?, ingest.limits())?)?;
    println!("{} {}x{}", background.id, background.size.width, background.size.height);
    println!("{:#?}", background.receipt);
    if let Some(out) = args.next() {
        fs::write(out, &background.bytes)?;
    }
    Ok(())
}
