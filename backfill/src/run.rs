//! `run`: works on the shards that it is asked for and that have no results.

use std::io::Read as _;
use std::time::Instant;

use image_ingest::CancellationToken;
use tokio::sync::oneshot;

use crate::args::{ResourceArgs, RunArgs};
use crate::attempt::Attempt;
use crate::crash;
use crate::decoder::Decoder;
use crate::exit::{Ended, Fatal};
use crate::job::Planned;
use crate::lines::line;
use crate::memory::Memory;
use crate::progress::{EndLine, Progress, ShardLine, codes};
use crate::storage::Place;
use crate::work::{Worked, Worker};

/// Works on the shards of `args`.
///
/// # Errors
///
/// Usage: no such job or shard. Storage fails. A signal stops it.
pub(crate) async fn run(args: &RunArgs) -> Result<Ended, Fatal> {
    let planned = Planned::load(&args.job).await?;
    let shards = asked_for(args, planned.job.shards)?;
    let missing = match args.shard {
        // The work on one shard begins with the same question.
        Some(shard) => vec![shard],
        None => {
            let missing = planned.missing().await?;
            shards.iter().copied().filter(|shard| missing.binary_search(shard).is_ok()).collect()
        }
    };
    run_shards(planned, &shards, missing, &args.resources).await
}

/// The shards that the arguments mean.
fn asked_for(args: &RunArgs, shards: u32) -> Result<Vec<u32>, Fatal> {
    if let Some(shard) = args.shard {
        let refused = || Fatal::usage(format!("--shard {shard}: the job has {shards}, counted from 0"));
        return if shard < shards { Ok(vec![shard]) } else { Err(refused()) };
    }
    let (index, of) = (args.index.unwrap_or(0), args.of.unwrap_or(1));
    if index >= of {
        return Err(Fatal::usage(format!("--index {index}: is below --of {of}, counted from 0")));
    }
    Ok((0..shards).filter(|shard| shard % of == index).collect())
}

/// Works on the shards of `missing`, and says which of `shards` have no results in the end.
///
/// # Errors
///
/// As [`run`].
pub(crate) async fn run_shards(
    planned: Planned,
    shards: &[u32],
    missing: Vec<u32>,
    resources: &ResourceArgs,
) -> Result<Ended, Fatal> {
    let token = CancellationToken::new();
    let worker = worker(planned, &missing, resources, token.clone())?;
    let mut stop = Stop::watch(resources.stop_with_stdin)?;
    for shard in &missing {
        let began = Instant::now();
        let result = on_shard(&worker, *shard, &mut stop).await;
        worker.decoder.end_children();
        if result.is_err() {
            // Jobs on other threads end soon; nobody waits for them.
            token.cancel();
            worker.progress.finish();
        }
        let (attempt, worked) = result?;
        let shown = shown(*shard, attempt, &worked, began);
        if matches!(worked, Worked::Already) {
            worker.progress.skip(worker.planned.job.rows_of(*shard));
        }
        worker.progress.while_writing(|| line(&shown))?;
    }
    worker.progress.finish();
    let missing = if missing.is_empty() { Vec::new() } else { still_missing(&worker.planned, shards).await? };
    let ended = if missing.is_empty() { Ended::Done } else { Ended::Missing };
    line(&EndLine { shards: shards.len(), missing, seconds: worker.progress.seconds() })?;
    Ok(ended)
}

async fn still_missing(planned: &Planned, shards: &[u32]) -> Result<Vec<u32>, Fatal> {
    if let [shard] = shards {
        let exists = planned.state.exists(&planned.layout.result(*shard)).await;
        let exists = exists.map_err(|error| Fatal::failed("cannot look for results", error))?;
        return Ok(if exists { Vec::new() } else { vec![*shard] });
    }
    let missing = planned.missing().await?;
    Ok(shards.iter().copied().filter(|shard| missing.binary_search(shard).is_ok()).collect())
}

fn worker(
    planned: Planned,
    missing: &[u32],
    resources: &ResourceArgs,
    token: CancellationToken,
) -> Result<Worker, Fatal> {
    let ingest = planned.ingest()?.with_cancellation(token);
    let memory = Memory::of(resources.memory);
    Ok(Worker {
        source: Place::open(&planned.job.source)?,
        target: Place::open(&planned.job.target)?,
        decoder: Decoder::new(ingest.clone(), planned.job.canonical.clone(), resources.jobs, memory.clone()),
        ingest,
        memory,
        io: resources.io(),
        name: format!("{}:{}", host(), std::process::id()),
        progress: Progress::start(missing.iter().map(|shard| planned.job.rows_of(*shard)).sum()),
        planned,
    })
}

/// Marks an attempt and works on it, until a signal comes.
async fn on_shard(worker: &Worker, shard: u32, stop: &mut Stop) -> Result<(Option<u32>, Worked), Fatal> {
    let failed = |error: object_store::Error| Fatal::failed(format!("shard {shard}: cannot mark an attempt"), error);
    let planned = &worker.planned;
    if planned.state.exists(&planned.layout.result(shard)).await.map_err(failed)? {
        return Ok((None, Worked::Already));
    }
    let attempt = Attempt::claim(planned, shard, &worker.name).await.map_err(failed)?;
    crash::point("after_attempt");
    let worked = tokio::select! {
        worked = worker.work(&attempt) => worked,
        () = stop.wait() => Err(Fatal::interrupted()),
    };
    if worked.is_err() {
        attempt.release(planned).await;
    }
    Ok((Some(attempt.number), worked?))
}

fn shown(shard: u32, attempt: Option<u32>, worked: &Worked, began: Instant) -> ShardLine {
    let rows: &[_] = if let Worked::Committed(rows) = worked { rows } else { &[] };
    let outcome = match worked {
        Worked::Already => "already",
        Worked::Committed(_) => "committed",
        Worked::Lost => "lost",
    };
    let round = |value: f64| (value * 1e3).round() / 1e3;
    let cpu_ms = round(rows.iter().map(|row| row.verdict.cpu_ms).sum());
    ShardLine {
        shard,
        outcome,
        attempt,
        rows: rows.len(),
        codes: codes(rows),
        cpu_ms,
        seconds: round(began.elapsed().as_secs_f64()),
    }
}

/// What asks a run to stop: Ctrl-C, SIGTERM, or the end of standard input. Signals are watched from the start on, so one that
/// comes between two shards is not lost.
struct Stop {
    stdin: Option<oneshot::Receiver<()>>,
    signals: Signals,
}

impl Stop {
    fn watch(stdin: bool) -> Result<Self, Fatal> {
        let signals = Signals::watch().map_err(|error| Fatal::failed("cannot watch for signals", error))?;
        Ok(Self { stdin: stdin.then(end_of_stdin), signals })
    }

    async fn wait(&mut self) {
        let stdin = async {
            match &mut self.stdin {
                Some(stdin) => drop(stdin.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.signals.next() => {}
            () = stdin => {}
        }
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn watch() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn watch() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        let _ = self.0.recv().await;
    }
}

/// Tells when standard input ends. A thread of its own waits for that, which ends with the process.
fn end_of_stdin() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        let mut buffer = [0; 256];
        while matches!(stdin.read(&mut buffer), Ok(1..)) {}
        let _ = sender.send(());
    });
    receiver
}

#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "unknown".to_owned())
}
