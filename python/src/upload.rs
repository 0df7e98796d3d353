//! Python's `Upload` and `Source`: an upload that arrives in chunks.

use std::sync::{Mutex, PoisonError};

use image_ingest::Limits;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::buffer::bytes_of;
use crate::errors::raise;

/// An upload that is still arriving.
///
/// Every chunk is hashed as it comes. An upload of another format is refused at the first byte that shows it, and one that
/// is too large at the first byte over `max_bytes`, so that a request can end before the rest is read. `Ingest.upload()`
/// makes one under the limits of an ingest.
///
/// >>> from image_ingest import Ingest, Upload, UploadError
/// >>> upload = Upload()
/// >>> upload.push(picture[:1000])
/// >>> upload.push(picture[1000:])
/// >>> Ingest().ingest(upload.finish()) == Ingest().ingest(picture)
/// True
/// >>> try:
/// ...     Upload().push(b"%PDF-1.7")
/// ... except UploadError as error:
/// ...     print(error)
/// not a JPEG, PNG, GIF, WebP or HEIC image: PDF
#[pyclass(frozen, module = "image_ingest")]
pub(crate) struct Upload {
    max_bytes: u64,
    /// `None` once the upload is finished.
    state: Mutex<Option<image_ingest::Upload>>,
}

impl Upload {
    pub(crate) fn under(limits: &Limits) -> Self {
        Self { max_bytes: limits.max_bytes, state: Mutex::new(Some(image_ingest::Upload::new(limits))) }
    }

    /// Works on the upload, if it is not finished, while other threads of Python run.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Option<image_ingest::Upload>) -> Option<T> + Send,
    ) -> PyResult<T> {
        py.detach(|| work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner)))
            .ok_or_else(|| PyValueError::new_err("the upload is finished"))
    }
}

#[pymethods]
impl Upload {
    #[new]
    #[pyo3(signature = (max_bytes=10_485_760))]
    fn new(max_bytes: u64) -> Self {
        let mut limits = Limits::default();
        limits.max_bytes = max_bytes;
        Self::under(&limits)
    }

    /// Takes the next chunk, of any length.
    ///
    /// Raises `UploadError` with the code `too_large`, `unknown_format` or `unsupported`. An upload that was refused once
    /// stays refused, for the same reason.
    ///
    /// >>> upload = Upload(max_bytes=3)
    /// >>> upload.push(b"GIF")
    /// >>> upload.push(b"8")
    /// Traceback (most recent call last):
    /// image_ingest.UploadError: upload of 4 bytes is over the limit of 3
    fn push(&self, py: Python<'_>, chunk: &Bound<'_, PyAny>) -> PyResult<()> {
        let chunk = bytes_of(chunk, self.max_bytes)?;
        self.with(py, |upload| upload.as_mut().map(|upload| upload.push(chunk)))?.map_err(|error| raise(py, &error))
    }

    /// Ends the upload, and returns it as one value for `Ingest.ingest`.
    ///
    /// Raises `UploadError` with the code `empty` or `unknown_format`, or with that for which a chunk was refused.
    ///
    /// >>> upload = Upload()
    /// >>> upload.push(picture)
    /// >>> upload.finish().format
    /// 'jpeg'
    fn finish(&self, py: Python<'_>) -> PyResult<Source> {
        let finished = self.with(py, |upload| upload.take().map(image_ingest::Upload::finish))?;
        finished.map(Source).map_err(|error| raise(py, &error))
    }

    /// Bytes taken so far.
    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        let len = self.with(py, |upload| upload.as_ref().map(image_ingest::Upload::len))?;
        Ok(usize::try_from(len)?)
    }
}

/// A complete upload: within its limit, hashed and recognised.
///
/// >>> upload = Upload()
/// >>> upload.push(picture)
/// >>> source = upload.finish()
/// >>> len(source) == len(picture)
/// True
#[pyclass(frozen, module = "image_ingest")]
pub(crate) struct Source(pub(crate) image_ingest::Source);

#[pymethods]
impl Source {
    /// `src_` and BLAKE3 of the uploaded bytes, in hex.
    ///
    /// >>> upload = Upload()
    /// >>> upload.push(picture)
    /// >>> upload.finish().id == Ingest().ingest(picture).source_id
    /// True
    #[getter]
    fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// The container: 'jpeg', 'png', 'gif', 'webp' or 'heic'.
    ///
    /// >>> upload = Upload()
    /// >>> upload.push(b"\x89PNG\r\n\x1a\n")
    /// >>> upload.finish().format
    /// 'png'
    #[getter]
    fn format(&self) -> &'static str {
        self.0.format().name()
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(usize::try_from(self.0.len())?)
    }

    fn __repr__(&self) -> String {
        format!("Source({}, {}, {} bytes)", self.0.id(), self.0.format().name(), self.0.len())
    }
}
