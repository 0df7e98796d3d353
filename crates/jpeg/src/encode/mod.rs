//! Encodes planes or RGB as baseline JPEG (ITU-T T.81 annexes A.3, F.1 and K): 4:2:0, standard tables, a JFIF header.
//!
//! The bytes are those of libjpeg-turbo with its accurate integer DCT. Rows come in a few at a time, [`PlanesEncoder`]
//! and [`RgbEncoder`] cut them into rows of MCUs, and [`scan`] codes one of those at once: it transforms a batch of
//! MCUs to quantised coefficients, then codes the batch. [`TurnedEncoder`] takes the rows of a turned picture as they are
//! stored.

pub(crate) mod batch;
pub(crate) mod bits;
pub(crate) mod blocks;
pub(crate) mod codes;
pub(crate) mod fdct;
#[cfg(target_arch = "x86_64")]
pub(crate) mod fdct_avx2;
pub(crate) mod headers;
pub(crate) mod input;
pub(crate) mod mcu_turn;
pub(crate) mod planes;
pub(crate) mod quantiser;
pub(crate) mod rgb;
pub(crate) mod rgb_strip;
pub(crate) mod samples;
pub(crate) mod scan;
pub(crate) mod turned;
pub(crate) mod turned_scan;
pub(crate) mod work;
pub(crate) mod ycbcr;
#[cfg(target_arch = "x86_64")]
pub(crate) mod ycbcr_avx2;

pub use planes::{PlanesEncoder, encode_planes};
pub use rgb::{RgbEncoder, encode_rgb};
pub use turned::TurnedEncoder;
