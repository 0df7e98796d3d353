//! Runs the cases: first all files unchanged, then the accepted ones cut and changed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{fs, io, thread};

use super::answer::CaseAnswer;
use super::args::Args;
use super::case::{Mutation, mutations};
use super::child::{ChildReply, Worker};
use super::inputs::{Group, Input, Inputs};
use super::judge::{Base, Finding, Record, is_slow, judge};

/// All results of a run.
pub(super) struct RunResults {
    pub(super) records: Vec<Record>,
    pub(super) findings: Vec<Finding>,
}

/// Cases that one child runs one after another.
struct Unit {
    cases: Vec<(usize, Mutation)>,
    /// Whether a new child runs them.
    alone: bool,
    base: Option<Base>,
}

pub(super) fn all(inputs: &Inputs, args: &Args) -> io::Result<RunResults> {
    let mut records = run(&whole(inputs), inputs, args)?;
    let accepted = |record: &Record| {
        let answer = record.result.as_ref().ok().filter(|answer| answer.accepted())?;
        let input = inputs.all.get(record.input).filter(|input| input.group.is_mutated())?;
        Some((record.input, input, answer.clone()))
    };
    let mut mutated = Vec::new();
    for (index, input, answer) in records.iter().filter(|_| !args.whole).filter_map(accepted) {
        mutated.extend(mutants(index, input, &answer, args)?);
    }
    // The slowest units come first, so that no thread has to run one alone at the end.
    mutated.sort_by_key(|unit| std::cmp::Reverse(unit.base.as_ref().map(|base| base.cpu)));
    records.extend(run(&mutated, inputs, args)?);
    let findings = records.iter().flat_map(|r| judge(r, &inputs.all[r.input], args.timed)).collect();
    Ok(RunResults { records, findings })
}

/// Every file unchanged. Files of the archive share children. Each other file has a child of its own, because the rules
/// limit its estimate from above and from below.
fn whole(inputs: &Inputs) -> Vec<Unit> {
    let case = |&(index, _): &(usize, &Input)| (index, Mutation::Whole);
    let (shared, own): (Vec<_>, Vec<_>) = inputs.all.iter().enumerate().partition(|(_, i)| i.group == Group::Archive);
    let own = own.iter().map(|pair| Unit { cases: vec![case(pair)], alone: true, base: None });
    let shared =
        shared.chunks(64).map(|files| Unit { cases: files.iter().map(case).collect(), alone: false, base: None });
    own.chain(shared).collect()
}

fn mutants(index: usize, input: &Input, answer: &CaseAnswer, args: &Args) -> io::Result<Vec<Unit>> {
    let steps: Vec<u32> = if args.short { vec![7, 14, 19] } else { (0..20).collect() };
    let flips = if args.short { 7 } else { 200 };
    if args.short && answer.ingest_cpu > SHORT_CPU {
        return Ok(Vec::new());
    }
    let len = usize::try_from(fs::metadata(&input.path)?.len()).unwrap_or(usize::MAX);
    let cases = mutations(&input.name, len, &steps, flips);
    let base = Some(Base { cpu: answer.ingest_cpu, id: answer.id.clone() });
    let unit = |cases: &[Mutation]| {
        let cases = cases.iter().map(|&mutation| (index, mutation)).collect();
        Unit { cases, alone: false, base: base.clone() }
    };
    Ok(cases.chunks(55).map(unit).collect())
}

/// A short run does not change files that take longer.
const SHORT_CPU: Duration = Duration::from_millis(60);

fn run(units: &[Unit], inputs: &Inputs, args: &Args) -> io::Result<Vec<Record>> {
    let (next, records) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let thread = || -> io::Result<()> {
        let mut worker = Worker::default();
        while let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
            let done = run_unit(unit, inputs, args, &mut worker)?;
            let mut records = records.lock().unwrap_or_else(PoisonError::into_inner);
            let before = records.len() / 1000;
            records.extend(done);
            if records.len() / 1000 > before {
                eprintln!("robustness: {} cases", records.len());
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..args.jobs).map(|_| scope.spawn(thread)).collect();
        let panicked = |_| Err(io::Error::other("a thread of the suite panicked"));
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(panicked))
    })?;
    let mut records: Vec<(usize, Record)> =
        records.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().enumerate().collect();
    records.sort_by_key(|(order, record)| (record.input, *order));
    Ok(records.into_iter().map(|(_, record)| record).collect())
}

fn run_unit(unit: &Unit, inputs: &Inputs, args: &Args, worker: &mut Worker) -> io::Result<Vec<Record>> {
    let mut records = Vec::new();
    if unit.alone {
        worker.end();
    }
    for &(index, mutation) in &unit.cases {
        let input = &inputs.all[index];
        let result = match worker.ask(&input.path, mutation)? {
            ChildReply::Answered(answer) => Ok(answer),
            ChildReply::Died(how) => Err(how),
        };
        let mut record = Record { input: index, mutation, result, base: unit.base.clone() };
        if args.timed && is_slow(&record, input) {
            measure_again(&mut record, input, worker)?;
        }
        records.push(record);
    }
    Ok(records)
}

/// Measures a case seven times more, alternating with the whole file, and keeps the least times. A busy machine may
/// make a single run slow.
fn measure_again(record: &mut Record, input: &Input, worker: &mut Worker) -> io::Result<()> {
    let Some([whole, inspect, ingest]) = worker.least(&input.path, record.mutation, 7)? else { return Ok(()) };
    if let Ok(answer) = &mut record.result {
        (answer.inspect_cpu, answer.ingest_cpu) = (inspect, ingest);
    }
    if let Some(base) = &mut record.base {
        base.cpu = whole;
    }
    Ok(())
}
