//! A file that inspecting refuses is refused by ingesting with the same code. If both accept a file, it has the size
//! that inspecting returned, and needs no more memory than the estimate, C libraries included.
#![no_main]

use std::ffi::c_void;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use image_ingest::Ingest;
use image_ingest_fuzz::checks;
use image_ingest_fuzz::structure::{Structure, mutate};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

static INGEST: LazyLock<Ingest> = LazyLock::new(|| {
    // SAFETY: the hooks only add to two counters, for any arguments.
    assert!(unsafe { __sanitizer_install_malloc_and_free_hooks(allocated, freed) } > 0);
    checks::small_ingest()
});

fuzz_target!(|data: &[u8]| {
    let ingest = &*INGEST;
    let before = HELD.load(Relaxed);
    PEAK.store(before, Relaxed);
    if let Some(estimate) = checks::inspect_agrees(data, ingest) {
        let peak = u64::try_from(PEAK.load(Relaxed) - before).unwrap_or(0);
        assert!(peak <= estimate, "{peak} bytes held, {estimate} estimated");
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(Structure::AnyFile, data, size, max_size, seed, fuzzer_mutate)
});

static HELD: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

unsafe extern "C" {
    fn __sanitizer_install_malloc_and_free_hooks(
        allocated: extern "C" fn(*const c_void, usize),
        freed: extern "C" fn(*const c_void),
    ) -> i32;
    fn __sanitizer_get_allocated_size(memory: *const c_void) -> usize;
}

extern "C" fn allocated(_: *const c_void, bytes: usize) {
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    PEAK.fetch_max(HELD.fetch_add(bytes, Relaxed) + bytes, Relaxed);
}

extern "C" fn freed(memory: *const c_void) {
    if !memory.is_null() {
        // SAFETY: the sanitizer calls this with memory that it allocated and has not freed yet.
        let bytes = unsafe { __sanitizer_get_allocated_size(memory) };
        HELD.fetch_sub(i64::try_from(bytes).unwrap_or(i64::MAX), Relaxed);
    }
}
