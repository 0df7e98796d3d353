//! Measures the memory peak of one case: of the Rust heap by counting, and of the whole process, C libraries included.
#![expect(unsafe_code, reason = "a global allocator, and malloc_trim")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The system's allocator, with a count of the bytes in use.
pub(super) struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grown(by: usize) {
    let live = LIVE.fetch_add(by, Relaxed) + by;
    PEAK.fetch_max(live, Relaxed);
}

// SAFETY: every call goes to the system's allocator with the arguments it came with; counting touches atomics alone.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The old and the new block are not counted together: large blocks are remapped, and small ones do not matter.
        LIVE.fetch_sub(layout.size(), Relaxed);
        grown(size);
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

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
        PEAK.store(LIVE.load(Relaxed), Relaxed);
        Self { resident: status("VmHWM:"), heap: LIVE.load(Relaxed) }
    }

    /// Peak bytes since the beginning: of the process, and of its Rust heap.
    pub(super) fn end(&self) -> (u64, u64) {
        let heap = PEAK.load(Relaxed).saturating_sub(self.heap);
        (status("VmHWM:").saturating_sub(self.resident), heap as u64)
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
