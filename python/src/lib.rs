//! The native part of Python's `image_ingest`: the library's entry points as classes, and its values as Python's.
//!
//! What holds no handle of Rust's is written in Python: the errors in `package/image_ingest/_errors.py`, and values such as
//! `Background` in `package/image_ingest/_values.py`. They are made here, pickle as they are, and can be read there.

use pyo3::prelude::*;

mod arguments;
mod batch;
mod buffer;
mod cancellation;
mod errors;
mod ingest;
mod input;
mod upload;
mod values;

#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::batch::Batch;
    #[pymodule_export]
    use crate::cancellation::CancellationToken;
    #[pymodule_export]
    use crate::ingest::Ingest;
    #[pymodule_export]
    use crate::self_test;
    #[pymodule_export]
    use crate::upload::{Source, Upload};

    #[pymodule_export]
    const CANONICAL_VERSION: u32 = image_ingest::CANONICAL_VERSION;
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}

/// Checks that this build makes the same bytes as every other.
///
/// Ingests the samples that are built in, and raises `ServiceError` with the code `internal` where an id is another.
///
/// >>> import image_ingest
/// >>> image_ingest.self_test()
#[pyfunction]
fn self_test(py: Python<'_>) -> PyResult<()> {
    py.detach(image_ingest::self_test).map_err(|error| errors::raise(py, &error))
}
