//! The arguments of Python's `Ingest`: their defaults, and the profile and limits that they mean.

use std::time::Duration;

use image_ingest::rendition::RenditionSpec;
use image_ingest::{Encoding, Geometry, Limits, Profile};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};

/// The arguments as they were given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) max_edge: u32,
    pub(crate) cover: Option<(u32, u32)>,
    pub(crate) encoding: String,
    pub(crate) quality: Option<u8>,
    pub(crate) matte: (u8, u8, u8),
    pub(crate) max_bytes: Option<u64>,
    pub(crate) max_pixels: Option<u64>,
    pub(crate) max_memory_bytes: Option<u64>,
    pub(crate) deadline: Option<f64>,
    /// Names and specifications, in the order in which they were given.
    pub(crate) renditions: Vec<(String, String)>,
    pub(crate) facts: bool,
}

impl Arguments {
    /// The profile that is asked for.
    ///
    /// # Errors
    ///
    /// `ValueError` for an encoding that this build does not make.
    pub(crate) fn profile(&self) -> PyResult<Profile> {
        let mut profile = Profile::default();
        profile.geometry = match self.cover {
            Some((width, height)) => Geometry::Cover { width, height },
            None => Geometry::Fit { max_edge: self.max_edge },
        };
        let unknown = || PyValueError::new_err(format!("encoding is 'jpeg' or 'webp', not '{}'", self.encoding));
        profile.encoding = Encoding::named(&self.encoding, self.quality).ok_or_else(unknown)?;
        if !profile.encoding.is_built_in() {
            return Err(PyValueError::new_err("this wheel was built without the feature webp-encode"));
        }
        profile.matte = self.matte.into();
        Ok(profile)
    }

    /// The limits that are asked for.
    ///
    /// # Errors
    ///
    /// `ValueError` for a deadline that is no time.
    pub(crate) fn limits(&self) -> PyResult<Limits> {
        let mut limits = Limits::default();
        limits.max_bytes = self.max_bytes.unwrap_or(limits.max_bytes);
        limits.max_pixels = self.max_pixels.unwrap_or(limits.max_pixels);
        limits.max_memory_bytes = self.max_memory_bytes.unwrap_or(limits.max_memory_bytes);
        if let Some(seconds) = self.deadline {
            limits.deadline = Duration::try_from_secs_f64(seconds)
                .map_err(|error| PyValueError::new_err(format!("deadline of {seconds} seconds: {error}")))?;
        }
        Ok(limits)
    }

    /// The renditions that are asked for.
    ///
    /// # Errors
    ///
    /// `ValueError` for a text that is no specification.
    pub(crate) fn renditions(&self) -> PyResult<Vec<(String, RenditionSpec)>> {
        let parsed = |(name, spec): &(String, String)| match spec.parse() {
            Ok(parsed) => Ok((name.clone(), parsed)),
            Err(error) => Err(PyValueError::new_err(format!("rendition {name}: {error}"))),
        };
        self.renditions.iter().map(parsed).collect()
    }

    /// The arguments that differ from their defaults, for `repr` and `pickle`.
    pub(crate) fn given<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let given = PyDict::new(py);
        if self.max_edge != DEFAULT_MAX_EDGE {
            given.set_item("max_edge", self.max_edge)?;
        }
        if self.encoding != "jpeg" {
            given.set_item("encoding", &self.encoding)?;
        }
        if self.matte != DEFAULT_MATTE {
            given.set_item("matte", self.matte)?;
        }
        let optional = [("max_bytes", self.max_bytes), ("max_pixels", self.max_pixels)];
        for (name, value) in optional.into_iter().chain([("max_memory_bytes", self.max_memory_bytes)]) {
            if value.is_some() {
                given.set_item(name, value)?;
            }
        }
        if self.cover.is_some() {
            given.set_item("cover", self.cover)?;
        }
        if self.quality.is_some() {
            given.set_item("quality", self.quality)?;
        }
        if self.deadline.is_some() {
            given.set_item("deadline", self.deadline)?;
        }
        if !self.renditions.is_empty() {
            given.set_item("renditions", self.renditions.iter().cloned().into_py_dict(py)?)?;
        }
        if self.facts {
            given.set_item("facts", true)?;
        }
        Ok(given)
    }
}

pub(crate) const DEFAULT_MAX_EDGE: u32 = 2048;
pub(crate) const DEFAULT_MATTE: (u8, u8, u8) = (255, 255, 255);
