//! Probes and decodes one source with the library, and says what became of it.

use bytes::Bytes;
use image_ingest::rendition::Rendition;
use image_ingest::{Background, Blame, ContentId, Encoding, Error, Ingest, Size, Source};
use serde::{Deserialize, Serialize};

use crate::crash;

/// What became of a source, as values that pass between processes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// `ok`, a code of the library, or one of this program, such as `not_found`.
    pub(crate) code: String,
    /// Whether the same bytes may succeed later or elsewhere.
    pub(crate) retryable: bool,
    pub(crate) message: Option<String>,
    pub(crate) limit: Option<u64>,
    pub(crate) actual: Option<u64>,
    pub(crate) source_id: Option<String>,
    /// The canonical image, where the source is accepted.
    pub(crate) image: Option<ImageObject>,
    /// The job's renditions of it, each with its name.
    pub(crate) renditions: Vec<(String, ImageObject)>,
    /// What was done, as JSON.
    pub(crate) receipt: Option<String>,
    pub(crate) cpu_ms: f64,
}

/// An object below the target: a canonical image or a rendition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImageObject {
    pub(crate) id: String,
    /// Its key below the target.
    pub(crate) key: String,
    /// Its length in bytes.
    pub(crate) size: u64,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// The code of an accepted row.
pub(crate) const OK: &str = "ok";

/// A verdict, and the bytes of its objects where it is [`OK`]: the canonical image, then its renditions.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) verdict: Verdict,
    pub(crate) files: Vec<Bytes>,
}

impl Verdict {
    pub(crate) fn is_accepted(&self) -> bool {
        self.code == OK
    }

    /// The objects that it names, in the order of their bytes in [`Made`].
    pub(crate) fn objects(&self) -> impl Iterator<Item = &ImageObject> {
        self.image.iter().chain(self.renditions.iter().map(|(_, object)| object))
    }

    /// A refusal of the library.
    pub(crate) fn refused(error: &Error, source_id: Option<String>) -> Self {
        let (limit, actual) = error.limit_and_actual().unzip();
        Self {
            code: error.code().to_owned(),
            retryable: error.blame() == Blame::Service,
            message: Some(error.to_string()),
            limit,
            actual,
            source_id,
            ..Self::default()
        }
    }
}

impl From<Verdict> for Made {
    /// A refusal, which has no bytes.
    fn from(verdict: Verdict) -> Self {
        Self { verdict, files: Vec::new() }
    }
}

impl ImageObject {
    /// The object of these bytes, whose id and size the library gave.
    fn new(id: ContentId, encoding: Encoding, size: Size, bytes: &[u8]) -> Self {
        // The key begins with digits of the hash, so that keys are spread over a store's partitions.
        let id = id.to_string();
        let hex = id.trim_start_matches("obj_");
        let key = format!("{}/{}/{id}.{}", &hex[..2], &hex[2..4], encoding.extension());
        Self { key, id, size: bytes.len() as u64, width: size.width, height: size.height }
    }
}

/// Hashes and recognises a source, and reads its header. Returns the memory that decoding needs, in bytes.
///
/// # Errors
///
/// The verdict, where that is clear already.
pub(crate) fn probe(ingest: &Ingest, bytes: Bytes) -> Result<(Source, u64), Box<Verdict>> {
    let started = cpu_ms();
    let source = ingest.source(bytes).map_err(|error| Box::new(Verdict::refused(&error, None)));
    let probed = source.and_then(|source| {
        crash::poison(source.id());
        match ingest.inspect(&source) {
            Ok(inspection) => Ok((source, inspection.memory_bytes)),
            Err(error) => Err(Box::new(Verdict::refused(&error, Some(source.id().to_string())))),
        }
    });
    probed.map_err(|verdict| Box::new(Verdict { cpu_ms: cpu_ms() - started, ..*verdict }))
}

/// Decodes and encodes.
pub(crate) fn finish(ingest: &Ingest, source: Source) -> Made {
    let (started, source_id) = (cpu_ms(), source.id().to_string());
    let made = match ingest.ingest(source) {
        Ok(background) => accepted(source_id, background),
        Err(error) => Verdict::refused(&error, Some(source_id)).into(),
    };
    Made { verdict: Verdict { cpu_ms: cpu_ms() - started, ..made.verdict }, ..made }
}

fn accepted(source_id: String, made: Background) -> Made {
    let object = |rendition: &Rendition| {
        let Rendition { name, id, encoding, size, bytes, .. } = rendition;
        (name.clone(), ImageObject::new(*id, *encoding, *size, bytes))
    };
    let verdict = Verdict {
        code: OK.to_owned(),
        source_id: Some(source_id),
        image: Some(ImageObject::new(made.id, made.encoding, made.size, &made.bytes)),
        renditions: made.renditions.iter().map(object).collect(),
        receipt: serde_json::to_string(&made.receipt).ok(),
        ..Verdict::default()
    };
    let renditions = made.renditions.into_iter().map(|rendition| rendition.bytes);
    Made { verdict, files: std::iter::once(made.bytes).chain(renditions).collect() }
}

/// CPU time of this thread, in milliseconds.
#[cfg(unix)]
fn cpu_ms() -> f64 {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ThreadCPUTime);
    std::time::Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
        .as_secs_f64()
        * 1e3
}

/// Systems without such a clock give none.
#[cfg(not(unix))]
fn cpu_ms() -> f64 {
    0.0
}
