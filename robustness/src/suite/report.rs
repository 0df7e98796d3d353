//! The report: counts by code, worst times, worst memory, and every broken rule.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::answer::{ACCEPTED, CaseAnswer};
use super::args::Args;
use super::case::{Asked, Mutation};
use super::inputs::{Group, Inputs};
use super::judge::{Finding, Record, estimate_slack, mib, ms};
use super::run::RunResults;

/// The findings and the counts, for standard output.
pub(super) fn summary(outcome: &RunResults) -> String {
    let mut out = String::new();
    for finding in &outcome.findings {
        let Finding { rule, file, mutation, asked, detail } = finding;
        let _ = writeln!(out, "{rule}: {file} ({mutation}, {asked}): {detail}");
    }
    let (cases, broken) = (outcome.records.len(), outcome.findings.len());
    let _ = writeln!(out, "robustness: {cases} cases, {broken} broken rules");
    out
}

/// The whole report as Markdown, for `docs/robustness.md`.
pub(super) fn text(inputs: &Inputs, outcome: &RunResults, args: &Args, took: Duration) -> String {
    let mut out = String::from(INTRODUCTION);
    let scope = if args.short { "a short run" } else { "the whole suite" };
    let files = inputs.all.len();
    let (cases, minutes) = (outcome.records.len(), took.as_secs().div_ceil(60));
    let _ = writeln!(
        out,
        "{cases} cases of {files} files, {scope}: {minutes} minutes in {} processes at a time.\n",
        args.jobs
    );
    out += &counts(inputs, outcome);
    out += &worst(inputs, outcome);
    out += &bombs(inputs, outcome);
    out += &estimates(inputs, outcome);
    out += &cuts(inputs, outcome);
    out += &findings(outcome);
    out
}

/// The first table: a row for each code, and a column for each origin of whole files, for cuts and for flips.
fn counts(inputs: &Inputs, outcome: &RunResults) -> String {
    let mut table: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
    for record in &outcome.records {
        let column = match record.mutation {
            Mutation::Whole if record.asked == Asked::Everything => EVERYTHING,
            Mutation::Whole => inputs.all[record.input].group.name(),
            Mutation::Cut(_) => "cut",
            Mutation::Flip { .. } => "one byte changed",
        };
        let code = record.result.as_ref().map_or("(died)", |answer| &answer.ingest);
        *table.entry(code).or_default().entry(column.into()).or_default() += 1;
    }
    let columns: Vec<&str> =
        Group::ALL.iter().map(|g| g.name()).chain([EVERYTHING, "cut", "one byte changed"]).collect();
    let mut out = String::from("## Outcomes\n\n| | ");
    out += &columns.join(" | ");
    let _ = writeln!(out, " |\n|---|{}", "--:|".repeat(columns.len()));
    for (code, row) in &table {
        let cell = |column: &&str| row.get(*column).map_or_else(|| "–".into(), ToString::to_string);
        let _ = writeln!(out, "| {code} | {} |", columns.iter().map(cell).collect::<Vec<String>>().join(" | "));
    }
    out.push('\n');
    out
}

/// The column of whole files of which everything is made.
const EVERYTHING: &str = "with renditions and facts";

/// A record with its answer and its file's name.
type Answered<'a> = (&'a Record, &'a CaseAnswer, String);

fn answered<'a>(inputs: &'a Inputs, outcome: &'a RunResults) -> impl Iterator<Item = Answered<'a>> {
    outcome.records.iter().filter_map(|record| {
        let name = &inputs.all[record.input].name;
        let mutation = match record.mutation {
            Mutation::Whole => String::new(),
            mutation => format!(", {mutation}"),
        };
        let asked = if record.asked == Asked::Everything { ", with renditions and facts" } else { "" };
        let name = format!("{name}{mutation}{asked}");
        record.result.as_ref().ok().map(|answer| (record, answer, name))
    })
}

fn worst(inputs: &Inputs, outcome: &RunResults) -> String {
    let mut out = String::from("## The worst\n\n| | | file |\n|---|--:|---|\n");
    let mut line = |what: &str, by: &dyn Fn(&Answered<'_>) -> Option<f64>, unit: &str| {
        let scored = answered(inputs, outcome).filter_map(|a| by(&a).map(|score| (score, a.2)));
        if let Some((score, name)) = scored.max_by(|a, b| a.0.total_cmp(&b.0)) {
            let _ = writeln!(out, "| {what} | {score:.1} {unit} | {name} |");
        }
    };
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let late = |a: &Answered<'_>| !a.1.accepted() && !a.1.by_header();
    line("CPU time of a refusal by the header", &|a| a.1.by_header().then(|| millis(a.1.inspect_cpu)), "ms");
    line("CPU time of a late refusal", &|a| late(a).then(|| millis(a.1.ingest_cpu)), "ms");
    line(
        "late refusal against accepting, where that takes 10 ms or more",
        &|a| {
            let base = a.0.base.as_ref().filter(|base| late(a) && base.cpu >= Duration::from_millis(10))?;
            Some(a.1.ingest_cpu.as_secs_f64() / base.cpu.as_secs_f64())
        },
        "times",
    );
    line("CPU time of an accepted file", &|a| a.1.accepted().then(|| millis(a.1.ingest_cpu)), "ms");
    line("memory of a refusal by the header", &|a| a.1.by_header().then(|| mebibytes(a.1.memory())), "MiB");
    line("memory of a late refusal", &|a| late(a).then(|| mebibytes(a.1.memory())), "MiB");
    line("memory of an accepted file", &|a| a.1.accepted().then(|| mebibytes(a.1.memory())), "MiB");
    line(
        "peak against estimate",
        &|a| (a.1.estimate > 0).then(|| 100.0 * a.1.memory() as f64 / a.1.estimate as f64),
        "%",
    );
    out.push('\n');
    out
}

fn bombs(inputs: &Inputs, outcome: &RunResults) -> String {
    let mut out = String::from("## Bombs\n\n| bomb | bytes | outcome | CPU | memory |\n|---|--:|---|--:|--:|\n");
    for (record, answer, name) in answered(inputs, outcome) {
        let input = &inputs.all[record.input];
        if input.group == Group::Bombs && record.asked == Asked::Canonical {
            let bytes = std::fs::metadata(&input.path).map_or(0, |m| m.len());
            let (name, bold) = (name.trim_start_matches("bombs/"), if input.is_cheap { "**" } else { "" });
            let (cpu, memory) = (ms(answer.ingest_cpu), mib(answer.memory()));
            let _ = writeln!(out, "| {bold}{name}{bold} | {bytes} | {} | {cpu} | {memory} |", answer.ingest);
        }
    }
    out + "\nThose in bold must take less than 50 ms and 32 MiB.\n\n"
}

/// Estimates compared with peaks, of accepted files that are not changed.
fn estimates(inputs: &Inputs, outcome: &RunResults) -> String {
    let whole = |a: &Answered<'_>| a.0.mutation == Mutation::Whole && a.1.accepted();
    let accepted: Vec<Answered<'_>> = answered(inputs, outcome).filter(whole).collect();
    let ratio = |a: &Answered<'_>| a.1.estimate as f64 / a.1.memory().max(1) as f64;
    let room = |a: &Answered<'_>| (2 * a.1.memory() + estimate_slack(a.0.asked)).saturating_sub(a.1.estimate);
    let tightest = accepted.iter().min_by(|a, b| ratio(a).total_cmp(&ratio(b)));
    let loosest = accepted.iter().min_by_key(|a| room(a));
    let mut out = format!("## Memory estimates\n\n{} accepted files. ", accepted.len());
    if let (Some(low), Some(high)) = (tightest, loosest) {
        let figures =
            |a: &Answered<'_>| format!("{} (estimate {}, peak {})", a.2, mib(a.1.estimate), mib(a.1.memory()));
        let _ = writeln!(out, "Nearest to its estimate: {}.", figures(low));
        let _ = writeln!(out, "Nearest to twice its peak and what is allowed beside it: {}.\n", figures(high));
    }
    out
}

/// The cuts that are accepted.
fn cuts(inputs: &Inputs, outcome: &RunResults) -> String {
    let mut accepted: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for record in &outcome.records {
        if let (Mutation::Cut(n), Ok(answer)) = (record.mutation, &record.result)
            && answer.ingest == ACCEPTED
        {
            accepted.entry(&inputs.all[record.input].name).or_default().push(n * 5);
        }
    }
    let mut out = String::from(
        "## Cuts that are accepted\n\nEach gives the same content id as the whole file: what is gone was no part of the picture.\n\n\
         | file | accepted from |\n|---|--:|\n",
    );
    for (name, percents) in accepted {
        let _ = writeln!(out, "| {name} | {} % |", percents.iter().min().unwrap_or(&0));
    }
    out.push('\n');
    out
}

fn findings(outcome: &RunResults) -> String {
    if outcome.findings.is_empty() {
        return "## Broken rules\n\nNone.\n".into();
    }
    let mut out = String::from("## Broken rules\n\n| rule | file | |\n|---|---|---|\n");
    for finding in &outcome.findings {
        let Finding { rule, file, mutation, asked, detail } = finding;
        let _ = writeln!(out, "| {rule} | {file}, {mutation}, {asked} | {detail} |");
    }
    out
}

const INTRODUCTION: &str = "\
# Robustness

Written by `make robustness`. Hostile, damaged and good files, each under a ceiling of memory (1.5 GiB of address space) and
of time, in child processes, so that a panic, an abort, a signal or a hang is known with its file and its change.

- **Inputs**: every file of `testdata/`; bombs made by `testdata/generator` (small files that announce much); and, where
  `IMAGE_INGEST_CORPUS` names them, real files and an archive of hostile ones. Every accepted file of `testdata/` and of the
  real ones is also cut at every 5 %, and changed in one byte 200 times: half anywhere, half in the first 1024, seeded by
  its name, so that `flip:at:by` and `cut:twentieths` below are the same in each run.
- **Outputs**: of every file the canonical image alone; of every one that is not of the archive, and of every fourth that is,
  also three renditions (`cover:1170x2532`, `fit:640`, a square of 256 pixels) and all facts; and of every third mutant.
- **Rules**: no panic, abort, signal or hang; no code that blames the service; what inspecting refuses, ingesting refuses with
  the same code; a refusal that the header decides takes less than 20 ms; a later one at most 1.2 times what the whole file
  takes, and 3 ms for the timer; no job needs more memory than its estimate, accepted or not; the estimate of an accepted
  file is at most twice its peak and 12 MiB, or 18 with renditions; a cut file is refused or gives the same content ids; renditions and facts change no
  outcome and no canonical image.
- **Time** is CPU time of the process. One that breaks a rule is measured seven times more, in turn with the whole file, and the
  least of each counts.
- **Memory** is the higher of two peaks above what was there before, plus the upload: the process's (`VmHWM`, reset before each
  case after the C heap gave back what it kept) and the Rust heap's (a counting allocator). A file that is not
  changed and not of the archive has a child to itself.

The worst case of each format and feature, found by search, is in [costs.md](costs.md).

";
