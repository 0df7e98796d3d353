//! Named points at which a test ends the process as a power cut would.
//!
//! They exist in debug builds only, which the tests run. A release build has no code here, so no setting can end it. A
//! cargo feature would do the same, but the tests would need a second build of the server.

/// Ends the process here if `IMAGE_INGEST_CRASH_AT` names this point.
#[cfg(debug_assertions)]
pub(crate) fn point(name: &str) {
    use std::sync::OnceLock;
    static WANTED: OnceLock<Option<String>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| std::env::var("IMAGE_INGEST_CRASH_AT").ok());
    if wanted.as_deref() == Some(name) {
        // As with `kill -9`, no destructor runs and no buffer is flushed.
        std::process::abort();
    }
}

/// Does nothing in a release build.
#[cfg(not(debug_assertions))]
pub(crate) fn point(_name: &str) {}
