//! Allocators that fail on demand: Rust's, and the C library's where the linker lets a program define its own.

use std::alloc::{GlobalAlloc, Layout};
use std::backtrace::Backtrace;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Whose allocations fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Those that go through Rust's global allocator.
    Rust,
    /// Those that call `malloc` and its kin.
    C,
}

/// Smaller ones of Rust are tables and lists of bounded length.
const LARGE: usize = 64 * 1024;
/// C libraries have tables of many sizes.
const LARGE_IN_C: usize = 4 * 1024;

/// Large allocations until one fails; 0 when none is to.
static UNTIL_FAILURE: AtomicU64 = AtomicU64::new(0);
/// From which size on they are counted, by side; more than any where a side is not.
static COUNTED: [AtomicUsize; 2] = [const { AtomicUsize::new(usize::MAX) }; 2];

/// Lets the nth large allocation of `side` fail.
pub(crate) fn arm(side: Side, n: u64) {
    COUNTED[0].store(if side == Side::Rust { LARGE } else { usize::MAX }, Relaxed);
    COUNTED[1].store(if side == Side::C { LARGE_IN_C } else { usize::MAX }, Relaxed);
    UNTIL_FAILURE.store(n, Relaxed);
}

/// Lets none fail; whether none had.
pub(crate) fn disarm() -> bool {
    UNTIL_FAILURE.swap(0, Relaxed) > 0
}

fn fails(side: Side, size: usize) -> bool {
    let counted = size >= COUNTED[usize::from(side == Side::C)].load(Relaxed) && UNTIL_FAILURE.load(Relaxed) > 0;
    if !counted || UNTIL_FAILURE.fetch_sub(1, Relaxed) > 1 {
        return false;
    }
    if std::env::var_os("IMAGE_INGEST_ALLOCATION_TRACE").is_some() {
        eprintln!("{size} bytes:\n{}", Backtrace::force_capture());
    }
    true
}

struct Failing;

#[global_allocator]
static ALLOCATOR: Failing = Failing;

// SAFETY: every call goes to the system's allocator with the arguments it came with, or returns null.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the system allocator's.
        if fails(Side::Rust, layout.size()) { null_mut() } else { unsafe { system::alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the system allocator's.
        if fails(Side::Rust, layout.size()) { null_mut() } else { unsafe { system::alloc_zeroed(layout) } }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { system::dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are the system allocator's.
        if fails(Side::Rust, size) { null_mut() } else { unsafe { system::realloc(pointer, layout, size) } }
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod system {
    use std::alloc::{GlobalAlloc, Layout, System};

    pub(super) unsafe fn alloc(layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    pub(super) unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc_zeroed(layout) }
    }

    pub(super) unsafe fn dealloc(pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.dealloc(pointer, layout) }
    }

    pub(super) unsafe fn realloc(pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// glibc's allocator under the names that stay when a program defines `malloc` itself, as this one does for every C library
/// that it links, statically or not.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod system {
    use std::alloc::Layout;
    use std::ffi::{c_int, c_void};
    use std::ptr::null_mut;

    use super::{Side, fails};

    unsafe extern "C" {
        fn __libc_malloc(size: usize) -> *mut c_void;
        fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
        fn __libc_realloc(pointer: *mut c_void, size: usize) -> *mut c_void;
        fn __libc_memalign(align: usize, size: usize) -> *mut c_void;
        fn __libc_free(pointer: *mut c_void);
    }

    pub(super) unsafe fn alloc(layout: Layout) -> *mut u8 {
        // SAFETY: an alignment is a power of two.
        unsafe { __libc_memalign(layout.align(), layout.size()) }.cast()
    }

    pub(super) unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
        if layout.align() <= 16 {
            // SAFETY: no preconditions; glibc aligns to 16.
            return unsafe { __libc_calloc(1, layout.size()) }.cast();
        }
        // SAFETY: as for `alloc`; what was allocated is written.
        unsafe {
            let pointer = alloc(layout);
            if !pointer.is_null() {
                pointer.write_bytes(0, layout.size());
            }
            pointer
        }
    }

    pub(super) unsafe fn dealloc(pointer: *mut u8, _: Layout) {
        // SAFETY: the caller hands back what it was given.
        unsafe { __libc_free(pointer.cast()) }
    }

    pub(super) unsafe fn realloc(pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.align() <= 16 {
            // SAFETY: the caller hands back what it was given.
            return unsafe { __libc_realloc(pointer.cast(), size) }.cast();
        }
        // SAFETY: both blocks hold the bytes that are copied, and the old one is freed once.
        unsafe {
            let new = __libc_memalign(layout.align(), size).cast::<u8>();
            if !new.is_null() {
                new.copy_from_nonoverlapping(pointer, layout.size().min(size));
                __libc_free(pointer.cast());
            }
            new
        }
    }

    #[unsafe(no_mangle)]
    extern "C" fn malloc(size: usize) -> *mut c_void {
        // SAFETY: no preconditions.
        if fails(Side::C, size) { null_mut() } else { unsafe { __libc_malloc(size) } }
    }

    #[unsafe(no_mangle)]
    extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
        // SAFETY: no preconditions.
        if fails(Side::C, count.saturating_mul(size)) { null_mut() } else { unsafe { __libc_calloc(count, size) } }
    }

    #[unsafe(export_name = "realloc")]
    unsafe extern "C" fn realloc_of_c(pointer: *mut c_void, size: usize) -> *mut c_void {
        // SAFETY: the caller hands back what it was given.
        if fails(Side::C, size) { null_mut() } else { unsafe { __libc_realloc(pointer, size) } }
    }

    #[unsafe(no_mangle)]
    extern "C" fn memalign(align: usize, size: usize) -> *mut c_void {
        // SAFETY: no preconditions.
        if fails(Side::C, size) { null_mut() } else { unsafe { __libc_memalign(align, size) } }
    }

    #[unsafe(no_mangle)]
    extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
        memalign(align, size)
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn posix_memalign(out: *mut *mut c_void, align: usize, size: usize) -> c_int {
        let pointer = memalign(align, size);
        if pointer.is_null() {
            return ENOMEM;
        }
        // SAFETY: the caller gives a place for a pointer.
        unsafe { *out = pointer };
        0
    }

    const ENOMEM: c_int = 12;
}
