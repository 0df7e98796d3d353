//! Bounds on an upload and on the work for it, each a number with a default.

use std::time::Duration;

use image_ingest_samples::Size;

use crate::error::{Error, Result};

/// Bounds on an upload and on the work done for it.
///
/// Each limit is checked before the work that it bounds is done. A refusal carries the limit and the actual value.
///
/// ```
/// let mut limits = image_ingest::Limits::default();
/// limits.max_pixels = 50_000_000;
/// assert_eq!(limits.max_bytes, 10 * 1024 * 1024);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the upload, inclusive; `too_large`. Default 10 485 760.
    pub max_bytes: u64,
    /// Pixels of the frame or canvas as stored; `too_many_pixels`. Default 220 000 000 (phones write 200 MP).
    pub max_pixels: u64,
    /// Pixels of the longer stored side; `too_many_pixels`. Default 32 768.
    pub max_side: u32,
    /// Scans of a JPEG; `limit_exceeded`. Default 500.
    pub max_jpeg_scans: u32,
    /// Scan work of a JPEG, in passes over all its blocks; `limit_exceeded`. Default 64.
    pub max_jpeg_full_scans: u32,
    /// Bytes of an ICC profile, inflated; `limit_exceeded`. Default 4 MiB. Profiles of more than 4 MiB never count, whatever
    /// this says: no limit changes bytes.
    pub max_icc_bytes: u64,
    /// Nesting of HEIF boxes; `limit_exceeded`. Default 16.
    pub max_heif_depth: u32,
    /// Items of a HEIF file; `limit_exceeded`. Default 1 000.
    pub max_heif_items: u32,
    /// Tiles of a HEIF grid; `limit_exceeded`. Default 1 024.
    pub max_heif_tiles: u32,
    /// Extents of one HEIF item; `limit_exceeded`. Default 64.
    pub max_heif_extents: u32,
    /// Bytes of memory one job may need, estimated from the header; `limit_exceeded`. Default 512 MiB.
    pub max_memory_bytes: u64,
    /// CPU time of one job on all its threads, checked between rows, tiles and stages; `deadline`. Default 30 s.
    pub deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 10 * 1024 * 1024,
            max_pixels: 220_000_000,
            max_side: 32_768,
            max_jpeg_scans: 500,
            max_jpeg_full_scans: 64,
            max_icc_bytes: 4 * 1024 * 1024,
            max_heif_depth: 16,
            max_heif_items: 1_000,
            max_heif_tiles: 1_024,
            max_heif_extents: 64,
            max_memory_bytes: 512 * 1024 * 1024,
            deadline: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// Refuses a frame or canvas of `size` over the pixel or side limit; a side of 0 passes.
    ///
    /// # Errors
    ///
    /// `too_many_pixels`.
    pub(crate) fn check_size(&self, size: Size) -> Result<()> {
        if size.longer() > self.max_side {
            let (limit, actual) = (u64::from(self.max_side), u64::from(size.longer()));
            return Err(Error::TooManyPixels { what: "side", limit, actual });
        }
        if size.pixels() > self.max_pixels {
            return Err(Error::TooManyPixels { what: "pixels", limit: self.max_pixels, actual: size.pixels() });
        }
        Ok(())
    }

    /// Refuses a count over its limit.
    ///
    /// # Errors
    ///
    /// `limit_exceeded`.
    pub(crate) fn check(what: &'static str, actual: u64, limit: u64) -> Result<()> {
        if actual > limit { Err(Error::LimitExceeded { what, limit, actual }) } else { Ok(()) }
    }
}
