//! libjpeg-turbo, libwebp and libde265 behind safe functions, for the programs that compare our engines with them.
//!
//! None of them is part of the library: no upload meets C code.

pub mod hevc;
pub mod jpeg;
mod result;
pub mod webp_decode;
