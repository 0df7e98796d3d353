//! The answer of a child process about one case, as a line of text.

use std::fmt;
use std::time::Duration;

/// The library's results for a case, and their cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CaseAnswer {
    /// `accepted`, or the code of the refusal, from inspecting.
    pub(super) inspect: String,
    /// The same from ingesting.
    pub(super) ingest: String,
    /// CPU time of each.
    pub(super) inspect_cpu: Duration,
    pub(super) ingest_cpu: Duration,
    /// Peak bytes, the upload included: `resident` of the process, and `heap` of the Rust heap.
    pub(super) resident: u64,
    pub(super) heap: u64,
    /// The memory estimate from the header; 0 if inspecting refused.
    pub(super) estimate: u64,
    /// The format and the stored pixels; `-` and 0 if inspecting refused.
    pub(super) format: String,
    pub(super) pixels: u64,
    /// The content id of an accepted picture, and behind it those of its renditions; or `-`.
    pub(super) id: String,
    /// The place of a panic in the source, or `-`.
    pub(super) panic: String,
}

pub(super) const ACCEPTED: &str = "accepted";
pub(super) const NOTHING: &str = "-";

impl CaseAnswer {
    pub(super) fn accepted(&self) -> bool {
        self.ingest == ACCEPTED
    }

    /// The content id of the canonical image alone.
    pub(super) fn canonical_id(&self) -> &str {
        self.id.split(' ').next().unwrap_or_default()
    }

    /// Whether the header decided the refusal: inspecting, which decodes nothing, refused.
    pub(super) fn by_header(&self) -> bool {
        self.inspect != ACCEPTED
    }

    /// The higher of both peaks. Memory that was allocated and not touched counts in the heap only, and memory of C
    /// libraries in the process only.
    pub(super) fn memory(&self) -> u64 {
        self.resident.max(self.heap)
    }

    pub(super) fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.trim_end().split('\t').collect();
        let &[inspect, ingest, inspect_cpu, ingest_cpu, resident, heap, estimate, format, pixels, id, panic] =
            &fields[..]
        else {
            return None;
        };
        let time = |text: &str| text.parse().ok().map(Duration::from_nanos);
        Some(Self {
            inspect: inspect.into(),
            ingest: ingest.into(),
            inspect_cpu: time(inspect_cpu)?,
            ingest_cpu: time(ingest_cpu)?,
            resident: resident.parse().ok()?,
            heap: heap.parse().ok()?,
            estimate: estimate.parse().ok()?,
            format: format.into(),
            pixels: pixels.parse().ok()?,
            id: id.into(),
            panic: panic.into(),
        })
    }
}

impl fmt::Display for CaseAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inspect, ingest, resident, heap, estimate, format, pixels, id, panic, .. } = self;
        let (a, b) = (self.inspect_cpu.as_nanos(), self.ingest_cpu.as_nanos());
        write!(f, "{inspect}\t{ingest}\t{a}\t{b}\t{resident}\t{heap}\t{estimate}\t{format}\t{pixels}\t{id}\t{panic}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_it_is_written() {
        let answer = CaseAnswer {
            inspect: ACCEPTED.into(),
            ingest: "malformed".into(),
            inspect_cpu: Duration::from_nanos(12_345),
            ingest_cpu: Duration::from_millis(3),
            resident: 1,
            heap: 2,
            estimate: 3,
            format: "JPEG".into(),
            pixels: 4,
            id: NOTHING.into(),
            panic: NOTHING.into(),
        };
        assert_eq!(CaseAnswer::parse(&answer.to_string()), Some(answer));
        assert_eq!(CaseAnswer::parse("accepted\t1"), None);
    }
}
