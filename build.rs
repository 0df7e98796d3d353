//! Compiles the shim between Rust and the libjpeg-turbo that `turbojpeg-sys` built.

use std::env;
use std::path::Path;

fn main() {
    let include = env::var("DEP_TURBOJPEG_INCLUDE").expect("turbojpeg-sys exports its include path");
    let dir = Path::new("src/codec/jpeg");
    for file in ["shim.c", "shim.h"] {
        println!("cargo:rerun-if-changed={}", dir.join(file).display());
    }
    cc::Build::new()
        .file(dir.join("shim.c"))
        .includes(include.split(','))
        .opt_level(3)
        .warnings(true)
        .extra_warnings(true)
        .compile("ingest_jpeg_shim");
}
