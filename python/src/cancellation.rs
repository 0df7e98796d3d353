//! Python's `CancellationToken`.

use pyo3::prelude::*;

/// Stops the jobs that it was handed to.
///
/// Any thread may cancel it, any number of times. A job that runs ends within milliseconds with `ServiceError` of the code
/// `cancelled`; one that begins later ends at once.
///
/// >>> from image_ingest import CancellationToken, Ingest, ServiceError
/// >>> token = CancellationToken()
/// >>> token.cancel()
/// >>> try:
/// ...     Ingest().ingest(picture, cancellation=token)
/// ... except ServiceError as error:
/// ...     print(error.code)
/// cancelled
#[pyclass(frozen, module = "image_ingest")]
pub(crate) struct CancellationToken(pub(crate) image_ingest::CancellationToken);

#[pymethods]
impl CancellationToken {
    #[new]
    fn new() -> Self {
        Self(image_ingest::CancellationToken::new())
    }

    /// Cancels the jobs, now and later.
    ///
    /// >>> token = CancellationToken()
    /// >>> token.cancel()
    /// >>> token.cancelled
    /// True
    fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether it was cancelled.
    ///
    /// >>> CancellationToken().cancelled
    /// False
    #[getter]
    fn cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}
