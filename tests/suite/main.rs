//! Facts at the library's boundary, over testdata/ and the corpus that `IMAGE_INGEST_CORPUS` names.

mod deadline;
mod facts;
mod files;
pub mod fuzz;
mod fuzz_seeds;
mod golden;
mod hevc_samples;
mod house;
mod linked;
mod matrix;

mod position;
mod privacy;
mod refusals;
mod renditions;
mod second_opinion;
mod upright;
