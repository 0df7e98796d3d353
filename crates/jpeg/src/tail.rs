//! Judges what follows the last MCU of a scan.
//!
//! A scan's MCUs are counted and not delimited. Damage can make a decoder lose its place, find it again, and reach the
//! count too early: then entropy-coded data is left over, and the picture is wrong though every code was a code. Files in
//! the field have other bytes there, too: rows of MCUs below the picture, whatever a camera appends, a mail's boundary.
//! So what is left over is read on, and the picture is refused where it is the data of MCUs that are missing.

use image_ingest_samples::CpuTimer;

use crate::entropy::{Entropy, ScanFault};
use crate::progressive::ProgressiveScan;
use crate::result::Result;
use crate::sequential::SequentialScan;
use crate::trailer::{Trailer, samsung_trailer};

/// Judges what follows a sequential scan. Returns the data from the next marker on.
///
/// What reads as MCUs up to the marker belongs to the scan: rows of them lie below the picture, any other number is what
/// damage left over. Anything else was appended, unless an MCU ends where it does.
///
/// Measured on a model of this rule: of 2080 single bits changed in the scans of 52 small photos, 1667 left nothing over, and
/// no count can tell those. 131 left something: 116 whole MCUs, never rows of them, and three more are found by where an
/// MCU ends or by the padding. The other twelve are taken for whole, ten of them since they left at most 16 bytes. In 312
/// tries with random bytes, an MCU ended where they do once.
///
/// # Errors
///
/// `malformed` where MCUs are left over, `deadline`, `cancelled`.
pub(crate) fn after_sequential<'a>(
    scan: &mut SequentialScan<'a>,
    file: &[u8],
    timer: &CpuTimer<'_>,
) -> Result<&'a [u8]> {
    let left_over = LeftOver::of(&scan.entropy, file)?;
    if left_over.codes == 0 {
        return Ok(scan.entropy.after());
    }
    if scan.entropy.is_at_restart() {
        // Every interval of the picture ended where its marker says, so there is no doubt about any of them.
        scan.entropy.skip_intervals()?;
        return Ok(scan.entropy.after());
    }
    let is_padded = scan.entropy.is_padded();
    match scan.count_further_mcus(timer)? {
        Ok(count) if count.is_multiple_of(scan.mcus_across().into()) => return Ok(scan.entropy.after()),
        Ok(_) => return Err(ScanFault::Longer.into()),
        Err(ScanFault::RestartOrder) => return Err(ScanFault::RestartOrder.into()),
        Err(_) => {}
    }
    if left_over.is_short() || left_over.is_plain || (is_padded && !scan.has_mcu_at_end_of(&left_over.end)?) {
        Ok(scan.entropy.after())
    } else {
        Err(ScanFault::Longer.into())
    }
}

/// Judges what follows a scan of a progressive frame, after which no scan is missing where it is the `last`. Returns the
/// data from the next marker on.
///
/// Refinements are read by what came before them, which further blocks do not have, so nothing is read on. What follows the
/// last scan was appended where that ended cleanly: its last code said of no further block that it ends early, and the bits
/// up to the next byte are alike. Of 2000 single bits changed in last scans, seven left more than a few bytes over, and two
/// of those are taken for whole.
///
/// # Errors
///
/// `malformed` where something is left over that may be data of the scan.
pub(crate) fn after_progressive<'a>(pass: &mut ProgressiveScan<'a>, file: &[u8], last: bool) -> Result<&'a [u8]> {
    let ends_cleanly = pass.has_no_run_left() && pass.entropy.is_padded();
    let entropy = &mut pass.entropy;
    let left_over = LeftOver::of(entropy, file)?;
    if left_over.is_short() || (last && (ends_cleanly || left_over.is_plain)) {
        return Ok(entropy.after());
    }
    if entropy.is_at_restart() {
        entropy.skip_intervals()?;
        return Ok(entropy.after());
    }
    Err(ScanFault::Longer.into())
}

/// The bytes between the last MCU and the next marker that is no restart, without stuffing; what a known trailer holds is
/// left out.
struct LeftOver {
    /// Bytes other than padding.
    codes: usize,
    /// Whether they are plainly no entropy-coded data: text, or one byte again and again.
    is_plain: bool,
    /// The last of them.
    end: Vec<u8>,
}

impl LeftOver {
    /// A scan that ends in a known trailer, and not at a marker, was read from what is no data of it. So was one that ends
    /// in zero bytes without any marker behind it: a file of which the last part never came, as many programs fill it.
    fn of(entropy: &Entropy<'_>, file: &[u8]) -> Result<Self, ScanFault> {
        if entropy.after().is_empty() && entropy.ends_in_zeros() {
            return Err(ScanFault::Ended);
        }
        let at = file.len() - entropy.unread_len().min(file.len());
        let trailer = samsung_trailer(file);
        let is_beyond = |t: &Trailer| at > t.start.saturating_add(if t.is_certain { 0 } else { MAX_LEFT_OVER_BYTES });
        let is_in_trailer = trailer.as_ref().is_some_and(is_beyond);
        let before_trailer = trailer.map_or(usize::MAX, |t| t.start.saturating_sub(at));
        let most = if is_in_trailer { usize::MAX } else { before_trailer };
        let bytes = || entropy.left_over().take(most);
        let first = bytes().next();
        let (mut count, mut codes, mut is_text, mut is_run) = (0, 0, true, true);
        for b in bytes() {
            count += 1;
            codes += usize::from(!matches!(b, 0x00 | 0xFF));
            is_text &= matches!(b, b'\t'..=b'\r' | b' '..=b'~');
            is_run &= Some(b) == first;
        }
        if is_in_trailer && codes > 0 {
            return Err(ScanFault::Short);
        }
        let end = bytes().skip(count.max(END_BYTES) - END_BYTES).collect();
        Ok(Self { codes, is_plain: is_text || is_run, end })
    }

    /// A stray word or two is common.
    fn is_short(&self) -> bool {
        self.codes <= MAX_LEFT_OVER_BYTES
    }
}

/// Bytes after a scan, padding not counted, that no verdict rests on.
pub const MAX_LEFT_OVER_BYTES: usize = 16;

/// Bytes at the end that are looked at: several MCUs of the highest quality.
const END_BYTES: usize = 1024;
