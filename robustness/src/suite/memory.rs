//! Measures the memory peak of one case: of the Rust heap by counting, and of the whole process, C libraries included.
#![expect(unsafe_code, reason = "malloc_trim")]

use std::fs;

use heap::CountingHeap;

#[expect(unreachable_pub, reason = "public in the fuzz targets' package")]
#[path = "../../../fuzz/src/cost/heap.rs"]
mod heap;

#[global_allocator]
static ALLOCATOR: CountingHeap = CountingHeap;

/// A measurement in progress.
pub(super) struct Peak {
    resident: u64,
    heap: usize,
}

impl Peak {
    /// Returns free memory to the system, resets the peaks, and starts a measurement.
    pub(super) fn begin() -> Self {
        trim();
        // "5" sets the peak to what is resident now (proc_pid_clear_refs(5)).
        let reset = fs::write("/proc/self/clear_refs", "5").is_ok();
        debug_assert!(reset, "Linux lets a process reset its own peak");
        Self { resident: status("VmHWM:"), heap: heap::begin() }
    }

    /// Peak bytes since the beginning: of the process, and of its Rust heap.
    pub(super) fn end(&self) -> (u64, u64) {
        (status("VmHWM:").saturating_sub(self.resident), heap::most_since(self.heap))
    }
}

/// A figure of `/proc/self/status`, in bytes.
fn status(field: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    value.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap_or(0) * 1024
}

#[cfg(target_env = "gnu")]
fn trim() {
    // SAFETY: malloc_trim has no preconditions.
    unsafe { libc::malloc_trim(0) };
}

/// Other C libraries keep little free memory.
#[cfg(not(target_env = "gnu"))]
fn trim() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_that_is_written_is_in_both_peaks() {
        let peak = Peak::begin();
        let buffer = vec![1u8; 24 << 20];
        let (resident, heap) = peak.end();
        assert_eq!(buffer.iter().map(|&b| u64::from(b)).sum::<u64>(), 24 << 20);
        for bytes in [resident, heap] {
            assert!((23 << 20..40 << 20).contains(&bytes), "{bytes}");
        }
    }
}
