//! Writes the generated pictures and the table of their ids into a folder, for the program `goldens` on other machines.

#[path = "../tests/levels/pictures.rs"]
mod pictures;

use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("usage: pictures FOLDER")?);
    fs::create_dir_all(&folder)?;
    for (name, file) in pictures::all() {
        fs::write(folder.join(name), file)?;
    }
    let table = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("levels.tsv");
    fs::copy(table, folder.join("levels.tsv"))?;
    Ok(())
}
