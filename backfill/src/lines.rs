//! Standard output: one JSON line for each thing that was done.

use std::io::{self, Write};

use serde::Serialize;

use crate::exit::Fatal;

/// Writes one line.
///
/// # Errors
///
/// Standard output cannot be written.
pub(crate) fn line(value: &impl Serialize) -> Result<(), Fatal> {
    let failed = |error: &dyn std::fmt::Display| Fatal::failed("cannot write to standard output", error);
    let mut text = serde_json::to_vec(value).map_err(|error| failed(&error))?;
    text.push(b'\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(&text).and_then(|()| stdout.flush()).map_err(|error| failed(&error))
}
