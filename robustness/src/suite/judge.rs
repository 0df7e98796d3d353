//! Applies the rules to one case and its answer.

use std::time::Duration;

use super::answer::{ACCEPTED, CaseAnswer, NOTHING};
use super::case::{Asked, Mutation};
use super::inputs::Input;

/// One case and its result.
pub(super) struct Record {
    /// Index of the file.
    pub(super) input: usize,
    pub(super) mutation: Mutation,
    pub(super) asked: Asked,
    /// `Err` says how the child died.
    pub(super) result: Result<CaseAnswer, String>,
    /// The result of the whole file when the same is asked for, if it is accepted.
    pub(super) base: Option<Base>,
}

/// The unchanged file, accepted.
#[derive(Clone)]
pub(super) struct Base {
    pub(super) cpu: Duration,
    pub(super) id: String,
}

/// A broken rule.
pub(super) struct Finding {
    pub(super) rule: &'static str,
    pub(super) file: String,
    pub(super) mutation: Mutation,
    pub(super) asked: Asked,
    pub(super) detail: String,
}

/// A refusal that the header decides takes less CPU time than this.
pub(super) const HEADER_TIME: Duration = Duration::from_millis(20);
/// A late refusal takes at most this much more than accepting the whole file, and the timer may be wrong by the floor.
pub(super) const LATE_FACTOR: f64 = 1.2;
pub(super) const TIMER_FLOOR: Duration = Duration::from_millis(3);
/// The most CPU time and memory of a bomb with a fixed bound.
const CHEAP_TIME: Duration = Duration::from_millis(50);
const CHEAP_BYTES: u64 = 32 << 20;
/// How far an estimate may exceed twice the peak: for the result, which noise would make as large as its pixels twice over, and
/// for tables of 16-bit curves; with renditions for theirs, too, of which the largest has three megapixels.
pub(super) fn estimate_slack(asked: Asked) -> u64 {
    match asked {
        Asked::Canonical => 12 << 20,
        Asked::Everything => 18 << 20,
    }
}

/// [`Limits::max_memory_bytes`](image_ingest::Limits::max_memory_bytes) by default.
const MEMORY_LIMIT: u64 = 512 << 20;

/// Whether a time breaks a rule and must be measured again, because it may be slow by chance.
pub(super) fn is_slow(record: &Record, input: &Input) -> bool {
    let Ok(answer) = &record.result else { return false };
    answer.by_header() && answer.inspect_cpu >= HEADER_TIME
        || late_limit(record).is_some_and(|limit| answer.ingest_cpu > limit)
        || is_cheap(record, input) && answer.ingest_cpu >= CHEAP_TIME
}

/// Whether the cost of a case has a fixed bound: of a bomb's canonical image alone.
fn is_cheap(record: &Record, input: &Input) -> bool {
    input.is_cheap && record.asked == Asked::Canonical
}

/// The most that a late refusal may take.
fn late_limit(record: &Record) -> Option<Duration> {
    let answer = record.result.as_ref().ok()?;
    let late = !answer.accepted() && !answer.by_header();
    record.base.as_ref().filter(|_| late).map(|base| base.cpu.mul_f64(LATE_FACTOR) + TIMER_FLOOR)
}

/// The rules that a record breaks.
pub(super) fn judge(record: &Record, input: &Input, timed: bool) -> Vec<Finding> {
    let mut broken: Vec<(&'static str, String)> = Vec::new();
    match &record.result {
        Err(death) => broken.push(("no panic, abort, signal or hang", death.clone())),
        Ok(answer) => {
            broken.extend(verdict(answer, record, input));
            broken.extend(memory(answer, record, input));
            if timed {
                broken.extend(times(answer, record, input));
            }
        }
    }
    let finding = |(rule, detail)| Finding {
        rule,
        file: input.name.clone(),
        mutation: record.mutation,
        asked: record.asked,
        detail,
    };
    broken.into_iter().map(finding).collect()
}

/// The rule that two cases of one whole file break, the first of which asks for the canonical image alone.
pub(super) fn judge_ids(canonical: &Record, everything: &Record, input: &Input) -> Option<Finding> {
    let (Ok(alone), Ok(together)) = (&canonical.result, &everything.result) else { return None };
    let same = (&alone.inspect, &alone.ingest, alone.canonical_id())
        == (&together.inspect, &together.ingest, together.canonical_id());
    (!same).then(|| Finding {
        rule: "renditions and facts change no outcome and no canonical image",
        file: input.name.clone(),
        mutation: everything.mutation,
        asked: everything.asked,
        detail: format!("{} {} / {} {}", alone.ingest, alone.canonical_id(), together.ingest, together.canonical_id()),
    })
}

fn verdict(answer: &CaseAnswer, record: &Record, input: &Input) -> Vec<(&'static str, String)> {
    let mut broken = Vec::new();
    if answer.panic != NOTHING {
        broken.push(("no panic, abort, signal or hang", format!("panicked at {}", answer.panic)));
    }
    if ["internal", "out_of_memory", "deadline", "cancelled"].contains(&&*answer.ingest) {
        broken.push(("no code that blames the service", answer.ingest.clone()));
    }
    if answer.by_header() && answer.ingest != answer.inspect {
        broken.push((
            "what inspecting refuses, ingesting refuses alike",
            format!("{} / {}", answer.inspect, answer.ingest),
        ));
    }
    match (record.mutation, &record.base) {
        (Mutation::Whole, _) if input.expected.as_ref().is_some_and(|expected| *expected != answer.ingest) => {
            let expected = input.expected.as_deref().unwrap_or_default();
            broken
                .push(("files come to what is expected of them", format!("{} in place of {expected}", answer.ingest)));
        }
        (Mutation::Cut(_), Some(base)) if answer.accepted() && answer.id != base.id => {
            broken.push(("a cut file is refused or the same picture", answer.id.clone()));
        }
        _ => {}
    }
    broken
}

fn memory(answer: &CaseAnswer, record: &Record, input: &Input) -> Vec<(&'static str, String)> {
    let mut broken = Vec::new();
    let (peak, estimate) = (answer.memory(), answer.estimate);
    let figures =
        || format!("estimate {}, process {}, Rust heap {}", mib(estimate), mib(answer.resident), mib(answer.heap));
    if estimate > 0 && answer.inspect == ACCEPTED && peak > estimate {
        broken.push(("no job needs more memory than its estimate", figures()));
    }
    // Bombs are left out: their pictures have one colour and few encoded bytes, so they need less memory than an
    // estimate from the header can know.
    let is_picture = input.group.is_mutated() && record.mutation == Mutation::Whole;
    if answer.accepted() && is_picture && estimate > 2 * peak + estimate_slack(record.asked) {
        broken.push(("an estimate is at most twice the peak and 12 MiB, or 18 with renditions", figures()));
    }
    if peak > MEMORY_LIMIT {
        broken.push(("no job needs more memory than the limit", figures()));
    }
    if is_cheap(record, input) && peak >= CHEAP_BYTES {
        broken.push(("a bomb with a fixed bound needs less than 32 MiB", figures()));
    }
    broken
}

fn times(answer: &CaseAnswer, record: &Record, input: &Input) -> Vec<(&'static str, String)> {
    let mut broken = Vec::new();
    let cpu = answer.ingest_cpu;
    if answer.by_header() && answer.inspect_cpu >= HEADER_TIME {
        broken.push(("a refusal by the header takes less than 20 ms", ms(answer.inspect_cpu)));
    }
    if let (Some(limit), Some(base)) = (late_limit(record), &record.base)
        && cpu > limit
    {
        broken.push(("a late refusal takes at most 1.2 times accepting", format!("{} / {}", ms(cpu), ms(base.cpu))));
    }
    if is_cheap(record, input) && cpu >= CHEAP_TIME {
        broken.push(("a bomb with a fixed bound takes less than 50 ms", ms(cpu)));
    }
    broken
}

pub(super) fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

pub(super) fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
