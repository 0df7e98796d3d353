//! Other people's decoders, whose panics are their own.

use std::panic::{self, AssertUnwindSafe};

/// What a decoder says; `None` where it panics. libFuzzer's hook would end the process, so none is set meanwhile.
pub(super) fn ask<T>(work: impl FnOnce() -> T) -> Option<T> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(hook);
    outcome.ok()
}
