//! Takes the bytes of Python's buffers, without a copy where they cannot change.

use bytes::Bytes;
use image_ingest::Error;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyMemoryView};

use crate::errors::Failure;

/// The bytes of `bytes`, of a view of `bytes`, or of any other contiguous buffer.
///
/// `bytes` never change, so they and their views are taken as they are. Other memory can change while other threads run,
/// so it is copied, once.
///
/// # Errors
///
/// `TypeError` for what holds no bytes; `too_large` for what would have to be copied and is over `max_bytes`.
pub(crate) fn bytes_of(data: &Bound<'_, PyAny>, max_bytes: u64) -> Result<Bytes, Failure> {
    if let Ok(bytes) = data.cast::<PyBytes>() {
        return Ok(shared(bytes));
    }
    let buffer = PyBuffer::<u8>::get(data).map_err(|error| not_bytes(data, &error))?;
    if let Some(view) = shared_view(data, &buffer)? {
        return Ok(view);
    }
    let len = buffer.len_bytes() as u64;
    if len > max_bytes {
        return Err(Error::TooLarge { limit: max_bytes, actual: len }.into());
    }
    Ok(buffer.to_vec(data.py())?.into())
}

/// A handle on Python's own memory.
fn shared(bytes: &Bound<'_, PyBytes>) -> Bytes {
    Bytes::from_owner(PyBackedBytes::from(bytes.clone()))
}

/// The part of a `bytes` that `data` is a contiguous view of.
fn shared_view(data: &Bound<'_, PyAny>, buffer: &PyBuffer<u8>) -> PyResult<Option<Bytes>> {
    if data.cast::<PyMemoryView>().is_err() || !buffer.is_c_contiguous() {
        return Ok(None);
    }
    let viewed = data.getattr("obj")?;
    let Ok(viewed) = viewed.cast::<PyBytes>() else { return Ok(None) };
    let whole = shared(viewed);
    // An empty view may point anywhere.
    let start = (buffer.buf_ptr() as usize).checked_sub(whole.as_ptr() as usize);
    let range = start.and_then(|start| Some(start..start.checked_add(buffer.len_bytes())?));
    Ok(range.filter(|range| range.end <= whole.len()).map(|range| whole.slice(range)))
}

fn not_bytes(data: &Bound<'_, PyAny>, error: &PyErr) -> PyErr {
    if error.is_instance_of::<PyBufferError>(data.py()) {
        return PyTypeError::new_err(format!("the buffer does not hold contiguous bytes: {}", error.value(data.py())));
    }
    let name = data.get_type().name().map_or_else(|_| "object".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("a bytes-like object or a Source is required, not '{name}'"))
}
