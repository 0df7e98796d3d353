//! Turns the library's values into those of `package/image_ingest/_values.py`, whose fields are in the same order.

use std::time::Duration;

use image_ingest::facts::Facts;
use image_ingest::rendition::Rendition;
use image_ingest::{Background, Inspection, Receipt, Size, SourceFacts, SourceId, Timings};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyTuple, PyType};

/// A `Background`. Its bytes are copied into memory of Python's.
pub(crate) fn background<'py>(py: Python<'py>, made: &Background, fingerprint: &str) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let fields = (
        PyBytes::new(py, &made.bytes),
        made.id.to_string(),
        made.source_id.to_string(),
        made.size.width,
        made.size.height,
        made.encoding.media_type(),
        receipt(py, &made.receipt)?,
        fingerprint,
        renditions(py, &made.renditions)?,
        made.receipt.facts.as_ref().map(|found| facts(py, found)).transpose()?,
    );
    make(&CLASS, "Background", fields.into_pyobject(py)?)
}

/// A dictionary of `Rendition`s by their names.
fn renditions<'py>(py: Python<'py>, made: &[Rendition]) -> PyResult<Bound<'py, PyDict>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let named = PyDict::new(py);
    for rendition in made {
        let fields = (
            PyBytes::new(py, &rendition.bytes),
            rendition.id.to_string(),
            rendition.size.width,
            rendition.size.height,
            rendition.encoding.media_type(),
        );
        named.set_item(&rendition.name, make(&CLASS, "Rendition", fields.into_pyobject(py)?)?)?;
    }
    Ok(named)
}

/// A `Facts`.
fn facts<'py>(py: Python<'py>, found: &Facts) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let fields = (
        PyBytes::new(py, &found.thumbhash.0),
        found.pdq.to_string(),
        found.pdq_quality,
        found.average.to_string(),
        found.dominant.to_string(),
        f64::from(found.luminance) / 10_000.0,
        found.high_key,
    );
    make(&CLASS, "Facts", fields.into_pyobject(py)?)
}

/// An `Unchanged`.
pub(crate) fn unchanged(py: Python<'_>, source_id: SourceId) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    make(&CLASS, "Unchanged", (source_id.to_string(),).into_pyobject(py)?)
}

/// An `Inspection`.
pub(crate) fn inspection<'py>(py: Python<'py>, read: &Inspection) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let header = &read.header;
    let picture = (
        read.source_id.to_string(),
        header.format.name(),
        read.bytes,
        header.size().width,
        header.size().height,
        size(py, header.coded_size)?,
        header.orientation.exif(),
        header.exif_orientation_ignored,
    );
    let payload = (
        header.coding.name(),
        header.channels.name(),
        header.bit_depth,
        header.has_alpha,
        header.color.name(),
        header.frames.unwrap_or(1),
        size(py, read.canonical_size)?,
        read.memory_bytes,
    );
    let fields = picture.into_pyobject(py)?.as_sequence().concat(payload.into_pyobject(py)?.as_sequence())?;
    make(&CLASS, "Inspection", fields.to_tuple()?)
}

fn receipt<'py>(py: Python<'py>, done: &Receipt) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let fields = (
        source_facts(py, &done.source)?,
        done.color_conversion,
        done.frames_dropped,
        done.alpha_composed,
        done.dct_scale_divisor,
        done.memory_bytes,
        timings(py, &done.timings)?,
    );
    make(&CLASS, "Receipt", fields.into_pyobject(py)?)
}

fn source_facts<'py>(py: Python<'py>, facts: &SourceFacts) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let fields = (
        facts.format.name(),
        facts.bytes,
        facts.size.width,
        facts.size.height,
        size(py, facts.coded_size)?,
        facts.orientation,
        facts.exif_orientation_ignored,
        facts.coding,
        facts.channels,
        facts.bit_depth,
        facts.color,
    );
    make(&CLASS, "SourceFacts", fields.into_pyobject(py)?)
}

fn timings<'py>(py: Python<'py>, timings: &Timings) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let Timings { probe, decode, canonicalise, encode, renditions, facts, content_id, .. } = timings;
    let fields = [probe, decode, canonicalise, encode, renditions, facts, content_id].map(milliseconds);
    make(&CLASS, "Timings", PyTuple::new(py, fields)?)
}

fn size(py: Python<'_>, size: Size) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    make(&CLASS, "Size", (size.width, size.height).into_pyobject(py)?)
}

/// To the microsecond.
fn milliseconds(duration: &Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn make<'py>(class: &PyOnceLock<Py<PyType>>, name: &str, fields: Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
    class.import(fields.py(), "image_ingest._values", name)?.call1(fields)
}
