//! Memory estimate.

use crate::header::Header;
use crate::plan::Plan;

/// Estimates the peak.
pub(crate) fn estimate(header: &Header, _plan: &Plan, upload_bytes: u64) -> u64 {
    header.coded_size.pixels() * 4 + upload_bytes
}
