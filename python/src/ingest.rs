//! Python's `Ingest`.

use image_ingest::{Known, Outcome};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString, PyTuple};

use crate::arguments::{Arguments, DEFAULT_MATTE, DEFAULT_MAX_EDGE};
use crate::batch::Batch;
use crate::cancellation::CancellationToken;
use crate::errors::raise;
use crate::input::Input;
use crate::upload::Upload;
use crate::values;

/// Turns uploads into canonical images under one profile and one set of limits.
///
/// It never changes, and threads may share it: other threads of Python run while it works. It pickles, so that workers in
/// other processes can have it.
///
/// The profile decides the bytes: `max_edge`, the longest side in pixels (1-16383); or `cover`, width and height that the
/// centre is cropped and reduced to, in its place; `encoding`, 'jpeg' ('webp' in builds with the feature webp-encode);
/// `quality`, 1-100, by default 85 for JPEG and 80 for WebP; `matte`, the sRGB colour that transparent pixels are laid
/// over. Nothing is ever enlarged.
///
/// `renditions` are further sizes from the same decode, by name: `{'card': 'fit:640', 'thumb': 'cover:256x256@0.5,0.3'}`, with
/// `:jpeg82` or `:webp80` behind them if need be. With `facts`, a background has ThumbHash, PDQ hash, colours and luminance.
///
/// Limits refuse: `max_bytes` of the upload (10485760), `max_pixels` (220000000), `max_memory_bytes` that one job may need
/// (536870912), and `deadline`, seconds of CPU time (30). `None` is the default.
///
/// >>> from image_ingest import Ingest
/// >>> background = Ingest().ingest(picture)
/// >>> background.id
/// 'obj_ad0f4ba36c8b967d4b4a5f83f08900ea9bf6b53203b73db1a71a977b3ccc9a25'
/// >>> Ingest(cover=(100, 200), quality=75)
/// Ingest(cover=(100, 200), quality=75)
#[pyclass(frozen, eq, module = "image_ingest")]
pub(crate) struct Ingest {
    arguments: Arguments,
    ingest: image_ingest::Ingest,
    fingerprint: String,
}

impl PartialEq for Ingest {
    fn eq(&self, other: &Self) -> bool {
        self.arguments == other.arguments
    }
}

impl Ingest {
    /// The ingest whose jobs `token` cancels.
    fn under(&self, token: Option<&Bound<'_, CancellationToken>>) -> image_ingest::Ingest {
        match token {
            Some(token) => self.ingest.clone().with_cancellation(token.get().0.clone()),
            None => self.ingest.clone(),
        }
    }

    fn take(&self, data: &Bound<'_, PyAny>) -> PyResult<Input> {
        Ok(Input::take(data, self.ingest.limits().max_bytes)?)
    }
}

#[pymethods]
impl Ingest {
    #[new]
    #[pyo3(signature = (
        max_edge = DEFAULT_MAX_EDGE, *, cover = None, encoding = "jpeg", quality = None, matte = DEFAULT_MATTE,
        renditions = None, facts = false, max_bytes = None, max_pixels = None, max_memory_bytes = None, deadline = None,
    ))]
    #[pyo3(text_signature = "(max_edge=2048, *, cover=None, encoding='jpeg', quality=None, matte=(255, 255, 255), \
                             renditions=None, facts=False, max_bytes=None, max_pixels=None, max_memory_bytes=None, deadline=None)")]
    #[expect(clippy::too_many_arguments, reason = "each is a keyword with a default")]
    fn new(
        max_edge: u32,
        cover: Option<(u32, u32)>,
        encoding: &str,
        quality: Option<u8>,
        matte: (u8, u8, u8),
        renditions: Option<&Bound<'_, PyMapping>>,
        facts: bool,
        max_bytes: Option<u64>,
        max_pixels: Option<u64>,
        max_memory_bytes: Option<u64>,
        deadline: Option<f64>,
    ) -> PyResult<Self> {
        let encoding = encoding.to_owned();
        let renditions = renditions.map_or(Ok(Vec::new()), |given| given.items()?.extract())?;
        #[rustfmt::skip]
        let arguments = Arguments {
            max_edge, cover, encoding, quality, matte, max_bytes, max_pixels, max_memory_bytes, deadline, renditions, facts,
        };
        let builder =
            image_ingest::Ingest::builder().profile(arguments.profile()?).limits(arguments.limits()?).facts(facts);
        let renditions = arguments.renditions()?.into_iter();
        let builder = renditions.fold(builder, |builder, (name, spec)| builder.rendition(name, spec));
        let ingest = builder.build().map_err(|error| PyValueError::new_err(error.to_string()))?;
        let fingerprint = ingest.profile().fingerprint();
        Ok(Self { arguments, ingest, fingerprint })
    }

    /// A stable name for everything that decides canonical bytes: the profile and the canonical version.
    ///
    /// Store it beside a source id: the same source under the same fingerprint gives the same bytes.
    ///
    /// >>> Ingest(max_edge=512).fingerprint
    /// 'v1-fit512-jpeg85-ffffff'
    #[getter]
    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Ingests one upload: `bytes`, any other buffer of bytes, or the `Source` of an `Upload`.
    ///
    /// `bytes` and views of them are not copied; other buffers, which can change meanwhile, are. Raises `UploadError` where
    /// the same bytes fail again, and `ServiceError` where they may succeed later or elsewhere.
    ///
    /// >>> background = Ingest(max_edge=32).ingest(picture)
    /// >>> background.width, background.height, background.media_type
    /// (32, 24, 'image/jpeg')
    /// >>> background.receipt.source.orientation
    /// 6
    /// >>> background = Ingest(renditions={"card": "fit:100"}, facts=True).ingest(picture)
    /// >>> background.renditions["card"].width, background.facts.high_key
    /// (100, True)
    /// >>> Ingest().ingest(b"")
    /// Traceback (most recent call last):
    /// image_ingest.UploadError: the upload is empty
    #[pyo3(signature = (data, *, cancellation = None))]
    fn ingest<'py>(
        &self,
        data: &Bound<'py, PyAny>,
        cancellation: Option<&Bound<'py, CancellationToken>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, input, ingest) = (data.py(), self.take(data)?, self.under(cancellation));
        let made = py.detach(|| ingest.ingest(input.source(&ingest)?)).map_err(|error| raise(py, &error))?;
        values::background(py, &made, &self.fingerprint)
    }

    /// Ingests one upload unless it is what `known` says is in place.
    ///
    /// Returns a `Background`, or `Unchanged` with the id of the upload. The upload that the known image came from, and the
    /// known canonical bytes themselves, are unchanged without being decoded. Raises as `ingest`.
    ///
    /// >>> from image_ingest import Known, Unchanged
    /// >>> ingest = Ingest()
    /// >>> first = ingest.ingest(picture)
    /// >>> known = Known(first.id, first.fingerprint, first.source_id)
    /// >>> ingest.ingest_if_changed(picture, known) == Unchanged(first.source_id)
    /// True
    /// >>> type(ingest.ingest_if_changed(first.bytes, known)).__name__
    /// 'Unchanged'
    #[pyo3(signature = (data, known, *, cancellation = None))]
    fn ingest_if_changed<'py>(
        &self,
        data: &Bound<'py, PyAny>,
        known: &Bound<'py, PyAny>,
        cancellation: Option<&Bound<'py, CancellationToken>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let known = known_image(known)?;
        let (py, input, ingest) = (data.py(), self.take(data)?, self.under(cancellation));
        let outcome = py.detach(|| ingest.ingest_if_changed(input.source(&ingest)?, &known));
        match outcome.map_err(|error| raise(py, &error))? {
            Outcome::Unchanged { source_id } => values::unchanged(py, source_id),
            Outcome::Changed(made) => values::background(py, &made, &self.fingerprint),
        }
    }

    /// Reads the header alone, and says what ingesting would give and cost.
    ///
    /// Every limit that a header can break is checked. Raises as `ingest`.
    ///
    /// >>> inspection = Ingest(max_edge=32).inspect(picture)
    /// >>> inspection.format, inspection.width, inspection.height, inspection.canonical_size
    /// ('jpeg', 480, 360, Size(width=32, height=24))
    fn inspect<'py>(&self, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (py, input, ingest) = (data.py(), self.take(data)?, &self.ingest);
        let read = py.detach(|| ingest.inspect(&input.source(ingest)?)).map_err(|error| raise(py, &error))?;
        values::inspection(py, &read)
    }

    /// An empty upload under this ingest's limits, for bytes that arrive in chunks.
    ///
    /// >>> upload = Ingest(max_bytes=5).upload()
    /// >>> upload.push(picture)
    /// Traceback (most recent call last):
    /// image_ingest.UploadError: upload of 38937 bytes is over the limit of 5
    fn upload(&self) -> Upload {
        Upload::under(self.ingest.limits())
    }

    /// Ingests many uploads on `jobs` threads, by default one for each CPU. Results come in the order of the uploads.
    ///
    /// `uploads` is any iterable of what `ingest` takes, or of pairs of a tag and that; a result then comes as a pair with
    /// the tag. An upload is asked for when a thread is free for it, so a generator may read files. A refusal is a result
    /// like any other: the `UploadError` or `ServiceError` comes as a value, and stops nothing. What the iterable itself
    /// raises is raised in its place, and ends the batch.
    ///
    /// `memory_budget`, in bytes (1073741824), bounds the estimates of the jobs that run together, and the results that
    /// wait for their turn.
    ///
    /// >>> uploads = [("first", picture), ("second", b"no picture")]
    /// >>> for name, result in Ingest().batch(uploads, jobs=2):
    /// ...     print(name, getattr(result, "code", "ok"))
    /// first ok
    /// second unknown_format
    #[pyo3(signature = (uploads, jobs = None, memory_budget = 1 << 30, *, cancellation = None))]
    #[pyo3(text_signature = "($self, uploads, jobs=None, memory_budget=1073741824, *, cancellation=None)")]
    fn batch(
        &self,
        uploads: &Bound<'_, PyAny>,
        jobs: Option<usize>,
        memory_budget: u64,
        cancellation: Option<&Bound<'_, CancellationToken>>,
    ) -> PyResult<Batch> {
        Batch::start(&self.under(cancellation), &self.fingerprint, uploads, jobs, memory_budget)
    }

    fn __getnewargs_ex__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyDict>)> {
        Ok((PyTuple::empty(py), self.arguments.given(py)?))
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyString::new(py, &format!("{:?}", self.arguments)).hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let given = self.arguments.given(py)?;
        let shown: PyResult<Vec<String>> =
            given.iter().map(|(name, value)| Ok(format!("{name}={}", value.repr()?))).collect();
        Ok(format!("Ingest({})", shown?.join(", ")))
    }
}

/// The library's value of a Python `Known`.
fn known_image(known: &Bound<'_, PyAny>) -> PyResult<Known> {
    let wrong_id = |error: image_ingest::ParseIdError| PyValueError::new_err(format!("known: {error}"));
    let content = known.getattr("id")?.extract::<String>()?.parse().map_err(wrong_id)?;
    let fingerprint: String = known.getattr("fingerprint")?.extract()?;
    let source: Option<String> = known.getattr("source_id")?.extract()?;
    Ok(match source {
        Some(source) => Known::with_source(content, source.parse().map_err(wrong_id)?, fingerprint),
        None => Known::content(content, fingerprint),
    })
}
