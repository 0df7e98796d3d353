//! Facts about whole pictures.

mod budget;
mod kernels;
mod samples;
