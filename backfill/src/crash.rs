//! Named points at which a test ends the process as a power cut would.
//!
//! They exist in debug builds only, which the tests run. A release build has no code here, so no setting can end it.

/// Ends the process here if `IMAGE_INGEST_CRASH_AT` names this point.
#[cfg(debug_assertions)]
pub(crate) fn point(name: &str) {
    if std::env::var("IMAGE_INGEST_CRASH_AT").is_ok_and(|wanted| wanted == name) {
        // As with `kill -9`, no destructor runs and no buffer is flushed.
        std::process::abort();
    }
}

/// Does nothing in a release build.
#[cfg(not(debug_assertions))]
pub(crate) fn point(_name: &str) {}

/// Ends the process if `IMAGE_INGEST_POISON` is the id of this source, as a decoder would that has a fault.
#[cfg(debug_assertions)]
pub(crate) fn poison(source: image_ingest::SourceId) {
    if std::env::var("IMAGE_INGEST_POISON").is_ok_and(|poison| poison == source.to_string()) {
        std::process::abort();
    }
}

/// Does nothing in a release build.
#[cfg(not(debug_assertions))]
pub(crate) fn poison(_source: image_ingest::SourceId) {}
