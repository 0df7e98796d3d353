//! Compiles the shims between Rust and the libraries that decode: the libjpeg-turbo that `turbojpeg-sys` built, and the
//! system's libde265, which is linked here.

use std::env;
use std::path::Path;

fn main() {
    compile_jpeg_shim();
    // docs.rs links nothing and has no libde265.
    if env::var_os("DOCS_RS").is_none() {
        compile_heif_shim();
    }
}

fn compile_jpeg_shim() {
    let include = env::var("DEP_TURBOJPEG_INCLUDE").expect("turbojpeg-sys exports its include path");
    let dir = Path::new("src");
    for file in ["jpeg.c", "jpeg.h"] {
        println!("cargo:rerun-if-changed={}", dir.join(file).display());
    }
    cc::Build::new()
        .file(dir.join("jpeg.c"))
        .includes(include.split(','))
        .opt_level(3)
        .warnings(true)
        .extra_warnings(true)
        .compile("ingest_jpeg_shim");
}

fn compile_heif_shim() {
    let file = "src/hevc.cc";
    println!("cargo:rerun-if-changed={file}");
    let libde265 = pkg_config::Config::new().cargo_metadata(false).probe("libde265").expect("libde265 is installed");
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .file(file)
        .includes(libde265.include_paths)
        .warnings(true)
        .extra_warnings(true)
        .compile("ingest_heif_shim");
    // The linker wants a library behind those that call it.
    pkg_config::probe_library("libde265").expect("libde265 is installed");
}
