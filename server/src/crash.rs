//! Named points at which a test ends the process as a power cut would.
//!
//! They are in debug builds alone, which is what tests run: a release build has no code here, so no setting can end it. A
//! cargo feature would do the same at the cost of a second build of the server for the tests.

/// Ends the process here if `IMAGE_INGEST_CRASH_AT` names this point.
#[cfg(debug_assertions)]
pub(crate) fn point(name: &str) {
    use std::sync::OnceLock;
    static WANTED: OnceLock<Option<String>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| std::env::var("IMAGE_INGEST_CRASH_AT").ok());
    if wanted.as_deref() == Some(name) {
        // Neither destructors nor buffers are run, as with kill -9.
        std::process::abort();
    }
}

/// Nothing, in a release build.
#[cfg(not(debug_assertions))]
pub(crate) fn point(_name: &str) {}
