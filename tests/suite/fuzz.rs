//! What the fuzz targets run, without libFuzzer.

#[path = "../../fuzz/src/checks/mod.rs"]
pub mod checks;
#[path = "../../fuzz/src/structure/mod.rs"]
pub mod structure;
