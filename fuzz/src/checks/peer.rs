//! Runs decoders of other projects and ignores their panics.

use std::panic::{self, AssertUnwindSafe};

/// The result of a decoder; `None` if it panics. libFuzzer's panic hook would end the process, so it is replaced
/// during the call.
pub(super) fn ask<T>(work: impl FnOnce() -> T) -> Option<T> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(hook);
    outcome.ok()
}
