//! Probes and decodes one source with the library, and says what became of it.

use bytes::Bytes;
use image_ingest::{Blame, Error, Ingest, Source};
use serde::{Deserialize, Serialize};

use crate::crash;
use crate::outcome::OK;

/// What became of a source, as values that pass between processes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) code: String,
    pub(crate) retryable: bool,
    pub(crate) message: Option<String>,
    pub(crate) limit: Option<u64>,
    pub(crate) actual: Option<u64>,
    pub(crate) source_id: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) extension: Option<String>,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) receipt: Option<String>,
    pub(crate) cpu_ms: f64,
}

/// A verdict, and the canonical bytes where it is [`OK`].
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) verdict: Verdict,
    pub(crate) bytes: Bytes,
}

impl Verdict {
    pub(crate) fn is_accepted(&self) -> bool {
        self.code == OK
    }

    fn refused(error: &Error, source_id: Option<String>) -> Self {
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

/// Hashes and recognises a source, and reads its header. Returns the memory that decoding needs, in bytes.
///
/// # Errors
///
/// The verdict, where that is clear already.
pub(crate) fn probe(ingest: &Ingest, bytes: Bytes) -> Result<(Source, u64), Verdict> {
    let started = cpu_ms();
    let source = ingest.source(bytes).map_err(|error| Verdict::refused(&error, None));
    let probed = source.and_then(|source| {
        crash::poison(source.id());
        match ingest.inspect(&source) {
            Ok(inspection) => Ok((source, inspection.memory_bytes)),
            Err(error) => Err(Verdict::refused(&error, Some(source.id().to_string()))),
        }
    });
    probed.map_err(|verdict| Verdict { cpu_ms: cpu_ms() - started, ..verdict })
}

/// Decodes and encodes.
pub(crate) fn finish(ingest: &Ingest, source: Source) -> Made {
    let (started, source_id) = (cpu_ms(), source.id().to_string());
    let (verdict, bytes) = match ingest.ingest(source) {
        Ok(made) => {
            let verdict = Verdict {
                code: OK.to_owned(),
                source_id: Some(source_id),
                id: Some(made.id.to_string()),
                extension: Some(made.encoding.extension().to_owned()),
                width: Some(made.size.width),
                height: Some(made.size.height),
                receipt: serde_json::to_string(&made.receipt).ok(),
                ..Verdict::default()
            };
            (verdict, made.bytes)
        }
        Err(error) => (Verdict::refused(&error, Some(source_id)), Bytes::new()),
    };
    Made { verdict: Verdict { cpu_ms: cpu_ms() - started, ..verdict }, bytes }
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
