//! Python's `Batch`: many uploads of an iterable on threads of the library's.

use std::sync::{Mutex, TryLockError};
use std::thread::available_parallelism;

use image_ingest::Source;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyTuple};

use crate::errors::{self, Failure};
use crate::input::Input;
use crate::values;

/// The results of `Ingest.batch`, in the order of the uploads. Closing it, or dropping it, stops its jobs.
///
/// >>> with Ingest().batch([picture, picture], jobs=2) as results:
/// ...     next(results).width
/// 480
#[pyclass(frozen, module = "image_ingest")]
pub(crate) struct Batch {
    fingerprint: String,
    /// `None` once the batch is closed.
    batch: Mutex<Option<image_ingest::Batch<Feed, Tag, Failure>>>,
}

/// The caller's tag, where the uploads have some.
type Tag = Option<Py<PyAny>>;

impl Batch {
    pub(crate) fn start(
        ingest: &image_ingest::Ingest,
        fingerprint: &str,
        uploads: &Bound<'_, PyAny>,
        jobs: Option<usize>,
        memory_budget: u64,
    ) -> PyResult<Self> {
        let jobs = jobs.unwrap_or_else(|| available_parallelism().map_or(1, usize::from));
        if !(1..=MAX_JOBS).contains(&jobs) {
            return Err(PyValueError::new_err(format!("jobs is between 1 and {MAX_JOBS}, not {jobs}")));
        }
        let feed = Feed { uploads: Some(uploads.try_iter()?.unbind()), ingest: ingest.clone() };
        let batch = ingest.batch(feed, jobs, memory_budget).map_err(|error| errors::raise(uploads.py(), &error))?;
        Ok(Self { fingerprint: fingerprint.to_owned(), batch: Mutex::new(Some(batch)) })
    }

    /// Works on the batch while other threads of Python run.
    ///
    /// # Errors
    ///
    /// `RuntimeError` while another thread, or the iterable itself, works on it.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Option<image_ingest::Batch<Feed, Tag, Failure>>) -> T + Send,
    ) -> PyResult<T> {
        py.detach(|| match self.batch.try_lock() {
            Ok(mut batch) => Some(work(&mut batch)),
            Err(TryLockError::Poisoned(poisoned)) => Some(work(&mut poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        })
        .ok_or_else(|| PyRuntimeError::new_err("the batch is at work for another caller"))
    }
}

#[pymethods]
impl Batch {
    /// Stops the jobs that run. No more results come.
    ///
    /// >>> results = Ingest().batch([picture])
    /// >>> results.close()
    /// >>> list(results)
    /// []
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, |batch| drop(batch.take()))
    }

    fn __iter__(batch: PyRef<'_, Self>) -> PyRef<'_, Self> {
        batch
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some((tag, result)) = self.with(py, |batch| batch.as_mut().and_then(Iterator::next))? else {
            return Ok(None);
        };
        let result = match result {
            Ok(made) => values::background(py, &made, &self.fingerprint)?,
            Err(Failure::Refused(error)) => errors::exception(py, &error)?,
            Err(Failure::Raised(error)) => return Err(error),
        };
        Ok(Some(match tag {
            Some(tag) => PyTuple::new(py, [tag.into_bound(py), result])?.into_any(),
            None => result,
        }))
    }

    fn __enter__(batch: PyRef<'_, Self>) -> PyRef<'_, Self> {
        batch
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }
}

/// The uploads of a Python iterable, each taken when a thread is free for it.
struct Feed {
    /// `None` once it has ended or raised.
    uploads: Option<Py<PyIterator>>,
    ingest: image_ingest::Ingest,
}

impl Iterator for Feed {
    type Item = (Tag, Result<Source, Failure>);

    fn next(&mut self) -> Option<Self::Item> {
        let (tag, input) = Python::attach(|py| {
            let upload = self.uploads.as_ref()?.bind(py).clone().next()?;
            Some(match upload {
                Ok(upload) => self.tagged(&upload),
                Err(error) => (None, Err(error.into())),
            })
        })?;
        if matches!(input, Err(Failure::Raised(_))) {
            self.uploads = None;
        }
        // Hashing needs no Python.
        Some((tag, input.and_then(|input| Ok(input.source(&self.ingest)?))))
    }
}

impl Feed {
    fn tagged(&self, upload: &Bound<'_, PyAny>) -> (Tag, Result<Input, Failure>) {
        let max_bytes = self.ingest.limits().max_bytes;
        match upload.cast::<PyTuple>().map(|pair| pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()) {
            Ok(Ok((tag, data))) => (Some(tag.unbind()), Input::take(&data, max_bytes)),
            Ok(Err(error)) => (None, Err(error.into())),
            Err(_) => (None, Input::take(upload, max_bytes)),
        }
    }
}

/// As many as the command line takes.
const MAX_JOBS: usize = 4096;
