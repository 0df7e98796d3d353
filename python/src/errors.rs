//! Turns the library's errors into Python's exceptions, which `package/image_ingest/_errors.py` has.

use image_ingest::{Blame, Error};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// Why an upload has no canonical image.
pub(crate) enum Failure {
    Refused(Error),
    /// What Python raised.
    Raised(PyErr),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => Python::attach(|py| raise(py, &error)),
            Failure::Raised(error) => error,
        }
    }
}

/// The exception of a refusal: an `UploadError` or a `ServiceError` with its code, limit and actual value.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    exception(py, error).map_or_else(|failed| failed, PyErr::from_value)
}

/// The same exception as a value.
pub(crate) fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    static UPLOAD_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static SERVICE_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let (class, name) = match error.blame() {
        Blame::Upload => (&UPLOAD_ERROR, "UploadError"),
        Blame::Service => (&SERVICE_ERROR, "ServiceError"),
    };
    let (limit, actual) = error.limit_and_actual().unzip();
    class.import(py, "image_ingest._errors", name)?.call1((error.to_string(), error.code(), limit, actual))
}
