//! The parent's side of a child process: sends cases, waits for answers, kills a child that hangs, and reports how a
//! child ended.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use super::answer::CaseAnswer;
use super::case::{Asked, Mutation};

/// CPU time after which a case counts as hanging. The slowest accepted file takes a few seconds.
const CPU_CEILING: Duration = Duration::from_secs(40);
/// The same for wall time. It is longer, because the machine may be busy.
const WALL_CEILING: Duration = Duration::from_secs(400);

/// A child process. It is started for the first case, and again after it has ended.
#[derive(Default)]
pub(super) struct Worker(Option<Running>);

struct Running {
    child: Child,
    lines: Receiver<String>,
}

/// The result of sending a case.
pub(super) enum ChildReply {
    Answered(CaseAnswer),
    /// How the child ended: by a signal, by an exit, or killed because it hung.
    Died(String),
}

impl Worker {
    pub(super) fn ask(&mut self, path: &Path, case: (Mutation, Asked)) -> io::Result<ChildReply> {
        Ok(match self.line(path, case, 1)? {
            Ok(line) => match CaseAnswer::parse(&line) {
                Some(answer) => ChildReply::Answered(answer),
                None => ChildReply::Died(format!("said {line:?}")),
            },
            Err(death) => ChildReply::Died(death),
        })
    }

    /// The least CPU times of `times` runs: of ingesting the whole file, and of inspecting and ingesting the mutant.
    pub(super) fn least(
        &mut self,
        path: &Path,
        case: (Mutation, Asked),
        times: u32,
    ) -> io::Result<Option<[Duration; 3]>> {
        let Ok(line) = self.line(path, case, times)? else { return Ok(None) };
        let times: Vec<Duration> = line.split('\t').filter_map(|t| t.parse().ok()).map(Duration::from_nanos).collect();
        Ok(times.try_into().ok())
    }

    /// Ends the child, so that the next case has one of its own.
    pub(super) fn end(&mut self) {
        if let Some(mut running) = self.0.take() {
            drop(running.child.stdin.take());
            // A child that does not end by itself is stuck between cases, and is killed.
            let ended = (0..200).any(|_| {
                thread::sleep(Duration::from_millis(5));
                matches!(running.child.try_wait(), Ok(Some(_)))
            });
            if !ended {
                running.stop();
            }
        }
    }

    fn line(
        &mut self,
        path: &Path,
        (mutation, asked): (Mutation, Asked),
        times: u32,
    ) -> io::Result<Result<String, String>> {
        if self.0.is_none() {
            self.0 = Some(Running::start()?);
        }
        let Some(running) = self.0.as_mut() else { return Ok(Err("was not started".into())) };
        let case = format!("{}\t{mutation}\t{asked}\t{times}\n", path.display());
        let asked = running.child.stdin.as_mut().is_some_and(|stdin| stdin.write_all(case.as_bytes()).is_ok());
        let reply = if asked { running.wait(times) } else { Err(running.how_it_ended()) };
        if reply.is_err() {
            self.0 = None;
        }
        Ok(reply)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}

impl Running {
    fn start() -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        let mut child = command.arg("worker").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("a child without output"))?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Ok(Self { child, lines })
    }

    fn wait(&mut self, times: u32) -> Result<String, String> {
        let (started, cpu) = (Instant::now(), self.cpu());
        loop {
            match self.lines.recv_timeout(Duration::from_millis(500)) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Disconnected) => return Err(self.how_it_ended()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let spent = self.cpu().saturating_sub(cpu);
            if spent > CPU_CEILING * 2 * times || started.elapsed() > WALL_CEILING * times {
                self.stop();
                return Err(format!("hung: killed after {} s of CPU time", spent.as_secs()));
            }
        }
    }

    /// CPU time of the child so far, on all its threads (proc_pid_stat(5), fields 14 and 15, in hundredths of a
    /// second).
    fn cpu(&self) -> Duration {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }

    fn stop(&mut self) {
        // It may have ended by itself in the meantime; then there is nothing to kill and the wait returns at once.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn how_it_ended(&mut self) -> String {
        match self.child.wait() {
            Ok(status) => status.signal().map_or_else(|| status.to_string(), |signal| format!("signal {signal}")),
            Err(error) => error.to_string(),
        }
    }
}
