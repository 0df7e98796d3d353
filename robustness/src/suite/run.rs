//! Runs the cases: first all files unchanged, then the accepted ones cut and changed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{fs, io, thread};

use super::answer::CaseAnswer;
use super::args::Args;
use super::case::{Asked, Mutation, mutations};
use super::child::{ChildReply, Worker};
use super::inputs::{Group, Input, Inputs};
use super::judge::{Base, Finding, Record, is_slow, judge, judge_ids};

/// All results of a run.
pub(super) struct RunResults {
    pub(super) records: Vec<Record>,
    pub(super) findings: Vec<Finding>,
}

/// Cases that one child runs one after another.
struct Unit {
    cases: Vec<(usize, Mutation)>,
    asked: Asked,
    /// Whether a new child runs them.
    alone: bool,
    base: Option<Base>,
}

pub(super) fn all(inputs: &Inputs, args: &Args) -> io::Result<RunResults> {
    let mut records = run(&whole(inputs, args), inputs, args)?;
    let accepted = |record: &Record| {
        let answer = record.result.as_ref().ok().filter(|answer| answer.accepted())?;
        let input = inputs.all.get(record.input).filter(|input| input.group.is_mutated())?;
        let everything = everything_of(record, &records).and_then(|of_all| of_all.result.as_ref().ok());
        Some((record.input, input, [Some(answer.clone()), everything.cloned()]))
    };
    let mut mutated = Vec::new();
    let alone = records.iter().filter(|record| record.asked == Asked::Canonical && !args.whole);
    for (index, input, answers) in alone.filter_map(accepted) {
        mutated.extend(mutants(index, input, answers, args)?);
    }
    // The slowest units come first, so that no thread has to run one alone at the end.
    mutated.sort_by_key(|unit| std::cmp::Reverse(unit.base.as_ref().map(|base| base.cpu)));
    let of_ids = records.iter().filter_map(|record| {
        let everything = everything_of(record, &records)?;
        judge_ids(record, everything, &inputs.all[record.input])
    });
    let mut findings: Vec<Finding> = of_ids.collect();
    records.extend(run(&mutated, inputs, args)?);
    findings.extend(records.iter().flat_map(|r| judge(r, &inputs.all[r.input], args.timed)));
    Ok(RunResults { records, findings })
}

/// The record of the same whole file that everything was asked of, where `record` is of the canonical image alone. `records`
/// are those of whole files, by file.
fn everything_of<'r>(record: &Record, records: &'r [Record]) -> Option<&'r Record> {
    let first = records.partition_point(|other| other.input < record.input);
    let mut same = records.get(first..)?.iter().take_while(|other| other.input == record.input);
    same.find(|other| other.asked == Asked::Everything).filter(|_| record.asked == Asked::Canonical)
}

/// Every file unchanged. Files of the archive share children. Each other file has a child of its own, because the rules
/// limit its estimate from above and from below. Of some all outputs are asked for, too.
fn whole(inputs: &Inputs, args: &Args) -> Vec<Unit> {
    let case = |&(index, _): &(usize, &Input)| (index, Mutation::Whole);
    let units = |asked: Asked| {
        let is_asked = move |index: usize, input: &Input| {
            let is_sampled = args.short || input.group == Group::Archive;
            asked == Asked::Canonical || !is_sampled || index.is_multiple_of(4)
        };
        let files = inputs.all.iter().enumerate().filter(|&(index, input)| is_asked(index, input));
        let (shared, own): (Vec<_>, Vec<_>) = files.partition(|(_, input)| input.group == Group::Archive);
        let unit = move |cases, alone| Unit { cases, asked, alone, base: None };
        let own: Vec<Unit> = own.iter().map(|pair| unit(vec![case(pair)], true)).collect();
        let shared: Vec<Unit> = shared.chunks(64).map(|files| unit(files.iter().map(case).collect(), false)).collect();
        own.into_iter().chain(shared)
    };
    units(Asked::Canonical).chain(units(Asked::Everything)).collect()
}

/// The mutants of a file, with what came of the whole one: alone, and with everything where that was asked for. Every third
/// is asked for everything then.
fn mutants(index: usize, input: &Input, answers: [Option<CaseAnswer>; 2], args: &Args) -> io::Result<Vec<Unit>> {
    let steps: Vec<u32> = if args.short { vec![7, 14, 19] } else { (0..20).collect() };
    let flips = if args.short { 7 } else { 200 };
    let is_slow = |answer: &CaseAnswer| args.short && answer.ingest_cpu > SHORT_CPU;
    if answers.iter().flatten().any(is_slow) {
        return Ok(Vec::new());
    }
    let len = usize::try_from(fs::metadata(&input.path)?.len()).unwrap_or(usize::MAX);
    let cases = mutations(&input.name, len, &steps, flips);
    let cases = cases.into_iter().enumerate();
    let is_of_everything = |number: usize| answers[1].is_some() && number % 3 == 2;
    let (of_everything, alone): (Vec<_>, Vec<_>) = cases.partition(|(number, _)| is_of_everything(*number));
    let mut units = Vec::new();
    for (asked, cases, answer) in
        [(Asked::Canonical, alone, &answers[0]), (Asked::Everything, of_everything, &answers[1])]
    {
        let base = answer.as_ref().map(|answer| Base { cpu: answer.ingest_cpu, id: answer.id.clone() });
        units.extend(cases.chunks(55).map(|cases| {
            let cases = cases.iter().map(|&(_, mutation)| (index, mutation)).collect();
            Unit { cases, asked, alone: false, base: base.clone() }
        }));
    }
    Ok(units)
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
        let result = match worker.ask(&input.path, (mutation, unit.asked))? {
            ChildReply::Answered(answer) => Ok(answer),
            ChildReply::Died(how) => Err(how),
        };
        let mut record = Record { input: index, mutation, asked: unit.asked, result, base: unit.base.clone() };
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
    let case = (record.mutation, record.asked);
    let Some([whole, inspect, ingest]) = worker.least(&input.path, case, 7)? else { return Ok(()) };
    if let Ok(answer) = &mut record.result {
        (answer.inspect_cpu, answer.ingest_cpu) = (inspect, ingest);
    }
    if let Some(base) = &mut record.base {
        base.cpu = whole;
    }
    Ok(())
}
