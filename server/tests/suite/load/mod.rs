//! Measures the server under load. `make server-load` runs it in a release build; nothing else should run on the
//! machine.
//!
//! `IMAGE_INGEST_BENCH` names the folder of generated inputs that the benches use; `LOAD_SECONDS` is the length of each
//! phase, 10 by default, and `SOAK_SECONDS` that of the soak, 60 by default.

pub(crate) mod agent;
mod sender;

use std::io::Write as _;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use image_ingest::Ingest;

use crate::agents::add_agent;
use crate::client::connect;
use crate::server::{Home, Server};
use agent::agent;
use sender::{Manner, Picture, Sender};

fn server() -> Server {
    let server = Home::new(&[]).start();
    agent(server.address, add_agent(&server, "phone", "+15550000001"));
    server
}

/// The JPEGs among the inputs, since their pictures can be varied cheaply.
fn pictures() -> Option<Vec<Picture>> {
    let Some(folder) = std::env::var_os("IMAGE_INGEST_BENCH").map(PathBuf::from) else {
        eprintln!("skipped: IMAGE_INGEST_BENCH names no folder");
        return None;
    };
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = files.filter(|p| p.extension().is_some_and(|e| e == "jpg")).collect();
    paths.sort();
    let pictures = paths.iter().filter(|p| p.metadata().unwrap().len() < 10_000_000);
    Some(pictures.map(|path| Picture::new(std::fs::read(path).unwrap())).collect())
}

fn seconds(name: &str, default: u64) -> Duration {
    Duration::from_secs(std::env::var(name).ok().and_then(|s| s.parse().ok()).unwrap_or(default))
}

fn phase() -> Duration {
    seconds("LOAD_SECONDS", 10)
}

/// The result of a phase: answers by status with their times, and the CPU time of the server.
struct Outcome {
    answers: Vec<(u16, Duration)>,
    time: Duration,
    cpu: f64,
}

impl Outcome {
    fn count(&self, status: u16) -> usize {
        self.answers.iter().filter(|(s, _)| *s == status).count()
    }

    /// Good answers per second.
    fn rate(&self) -> f64 {
        float(self.count(200)) / self.time.as_secs_f64()
    }

    /// Milliseconds of the server's CPU for a good answer, refusals included.
    fn cpu_ms(&self) -> f64 {
        1e3 * self.cpu / float(self.count(200))
    }

    fn quantile(&self, status: u16, percent: usize) -> Duration {
        let mut of: Vec<_> = self.answers.iter().filter(|(s, _)| *s == status).map(|(_, time)| *time).collect();
        of.sort_unstable();
        of.get(of.len() * percent / 100).copied().unwrap_or_default()
    }

    fn only(&self, statuses: &[u16]) {
        assert!(self.answers.iter().all(|(status, _)| statuses.contains(status)));
    }
}

/// The figures that are compared, measured one after the other.
struct Turn {
    /// The library's files per second.
    batch: f64,
    changed: Outcome,
    unchanged: Outcome,
    /// Four times as many calls as `changed` had good answers, in both manners.
    over: [Outcome; 2],
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn float(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap())
}

/// The times of the clients' calls.
#[derive(Clone, Copy)]
enum Pace {
    /// Each client calls again when it has its answer.
    Closed,
    /// All clients together make so many calls a second, whether answered or not.
    Open(f64),
}

type Call<'a> = dyn Fn(&mut Sender, usize, usize) -> std::io::Result<(u16, Duration)> + Sync + 'a;

/// Lets `clients` make calls, which get the number of the client and of the call.
fn load(server: &Server, clients: usize, pace: Pace, time: Duration, manner: Manner, call: &Call<'_>) -> Outcome {
    // Calls go on being numbered, so that no phase finds what another stored.
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let (answers, first) = (Mutex::new(Vec::new()), CALLS.load(Ordering::Relaxed));
    let (cpu, started) = (cpu_seconds(server), Instant::now());
    std::thread::scope(|scope| {
        for client in 0..clients {
            let answers = &answers;
            scope.spawn(move || {
                let mut sender = Sender::new(server, manner);
                loop {
                    let n = CALLS.fetch_add(1, Ordering::Relaxed);
                    if let Pace::Open(rate) = pace {
                        let due = Duration::from_secs_f64(float(n - first) / rate);
                        std::thread::sleep(due.min(time).saturating_sub(started.elapsed()));
                    }
                    if started.elapsed() >= time {
                        return;
                    }
                    let answer = call(&mut sender, client, n).unwrap();
                    answers.lock().unwrap().push(answer);
                }
            });
        }
    });
    let (time, cpu) = (started.elapsed(), cpu_seconds(server) - cpu);
    Outcome { answers: answers.into_inner().unwrap(), time, cpu }
}

/// CPU time of the server so far, from `/proc/PID/stat` in hundredths of a second.
fn cpu_seconds(server: &Server) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    let ticks = after_name.split_whitespace().skip(11).take(2).map(|n| n.parse::<u32>().unwrap());
    f64::from(ticks.sum::<u32>()) / 100.0
}

/// A field of the server's `/proc/PID/status`, in MiB.
fn memory(server: &Server, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1024
}

/// Files per second of the library's batch on all CPUs, with the facts that the server takes.
fn batch_rate(pictures: &[Picture], time: Duration) -> f64 {
    let (ingest, started) = (Ingest::builder().facts(true).build().unwrap(), Instant::now());
    let threads = std::thread::available_parallelism().unwrap().get();
    let sources = (0..).map_while(|n| {
        let more = started.elapsed() < time;
        more.then(|| ((), ingest.source(pictures[n % pictures.len()].varied(n))))
    });
    let done = ingest.batch(sources, threads, 1 << 30).unwrap().filter(|((), result)| result.is_ok()).count();
    float(done) / started.elapsed().as_secs_f64()
}

#[test]
#[ignore = "takes minutes and wants the machine; run by make server-load"]
fn throughput_and_overload() {
    let Some(pictures) = pictures() else { return };
    let (time, server) = (phase(), server());
    let of = |n: usize| n % pictures.len();
    let change = |sender: &mut Sender, client: usize, n: usize| {
        sender.put(&server, &format!("grp_{client}"), &pictures[of(n)], Some(n))
    };
    // Each picture has a chat of its own, set once before.
    let same = |sender: &mut Sender, client: usize, n: usize| {
        sender.put(&server, &format!("grp_{client}_{}", of(n)), &pictures[of(n)], None)
    };
    for client in 0..4 {
        let mut sender = Sender::new(&server, Manner::SendsAtOnce);
        (0..pictures.len()).for_each(|n| assert_eq!(same(&mut sender, client, n).unwrap().0, 200));
    }

    // By turns, since a machine's speed changes from minute to minute.
    let turn = |_| {
        let batch = batch_rate(&pictures, time);
        // As many clients as have a place or wait for one.
        let changed = load(&server, 16, Pace::Closed, time, Manner::SendsAtOnce, &change);
        let unchanged = load(&server, 4, Pace::Closed, time, Manner::SendsAtOnce, &same);
        let offered = Pace::Open(4.0 * changed.rate());
        let over = [Manner::Asks, Manner::SendsAtOnce].map(|manner| load(&server, 128, offered, time, manner, &change));
        [&changed, &unchanged].iter().for_each(|outcome| outcome.only(&[200]));
        over.iter().for_each(|outcome| outcome.only(&[200, 503]));
        Turn { batch, changed, unchanged, over }
    };
    let turns: Vec<Turn> = (0..5).map(turn).collect();
    let median = |figure: &dyn Fn(&Turn) -> f64| median(turns.iter().map(figure).collect());
    println!(
        "batch {:.1}/s; changes {:.1}/s: {:.0} % of it; {:.1} ms of the server's CPU each",
        median(&|turn| turn.batch),
        median(&|turn| turn.changed.rate()),
        median(&|turn| 100.0 * turn.changed.rate() / turn.batch),
        median(&|turn| turn.changed.cpu_ms()),
    );
    println!(
        "unchanged {:.0}/s: {:.1} times the changes; {:.2} ms of the server's CPU each: {:.1} times less",
        median(&|turn| turn.unchanged.rate()),
        median(&|turn| turn.unchanged.rate() / turn.changed.rate()),
        median(&|turn| turn.unchanged.cpu_ms()),
        median(&|turn| turn.changed.cpu_ms() / turn.unchanged.cpu_ms()),
    );
    for (i, what) in ["asks first", "sends at once"].into_iter().enumerate() {
        println!(
            "4 times the peak offered, client {what}: {:.1}/s good, {:.0} % of the peak; {:.0} refused a second, \
             p50 {:.2} ms, p99 {:.2} ms",
            median(&|turn| turn.over[i].rate()),
            median(&|turn| 100.0 * turn.over[i].rate() / turn.changed.rate()),
            median(&|turn| float(turn.over[i].count(503)) / turn.over[i].time.as_secs_f64()),
            median(&|turn| 1e3 * turn.over[i].quantile(503, 50).as_secs_f64()),
            median(&|turn| 1e3 * turn.over[i].quantile(503, 99).as_secs_f64()),
        );
    }
    println!("peak memory {} MiB", memory(&server, "VmHWM"));
}

#[test]
#[ignore = "takes minutes and wants the machine; run by make server-load"]
fn a_thousand_slow_clients() {
    let Some(pictures) = pictures() else { return };
    let (time, server) = (phase(), server());
    let change = |sender: &mut Sender, client: usize, n: usize| {
        sender.put(&server, &format!("grp_{client}"), &pictures[n % pictures.len()], Some(n))
    };
    let one = || load(&server, 1, Pace::Closed, 3 * time, Manner::SendsAtOnce, &change);
    let before = one();
    let stop = AtomicBool::new(false);
    let during = std::thread::scope(|scope| {
        scope.spawn(|| slow_clients(&server, &stop));
        std::thread::sleep(Duration::from_secs(2));
        let during = one();
        stop.store(true, Ordering::Relaxed);
        during
    });
    std::thread::sleep(Duration::from_secs(2));
    let after = one();
    during.only(&[200]);
    for (what, outcome) in [("alone", before), ("beside 1000 slow clients", during), ("alone again", after)] {
        println!("{what}: p50 {:?}, p99 {:?}", outcome.quantile(200, 50), outcome.quantile(200, 99));
    }
}

/// A thousand uploads of a byte a second; those that are ended begin anew.
fn slow_clients(server: &Server, stop: &AtomicBool) {
    let head = server.background("PUT", "grp_slow").parts(&[("file", b"GIF89a")]).header("Content-Length", "5000000");
    let bytes = [head.head(), head.body[..head.body.len() - 30].to_vec()].concat();
    let begin = || {
        let mut stream = connect(server.address).ok()?;
        stream.write_all(&bytes).ok().map(|()| stream)
    };
    let mut streams: Vec<Option<TcpStream>> = (0..1000).map(|_| begin()).collect();
    while !stop.load(Ordering::Relaxed) {
        for (n, stream) in streams.iter_mut().enumerate() {
            if stream.as_mut().is_none_or(|s| s.write_all(b"x").is_err()) {
                *stream = begin();
            }
            // A thousand clients do not write at the same moment.
            if n.is_multiple_of(5) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

#[test]
#[ignore = "takes minutes and wants the machine; run by make server-load"]
fn a_soak_with_hostile_files_does_not_grow() {
    let Some(mut pictures) = pictures() else { return };
    let server = server();
    let whole = pictures.len();
    // One upload in ten is cut in half.
    let halves: Vec<_> = pictures.iter().map(Picture::half).collect();
    pictures.extend(halves);
    let mixed = |sender: &mut Sender, client: usize, n: usize| {
        let half = if n.is_multiple_of(10) { whole } else { 0 };
        sender.put(&server, &format!("grp_{client}"), &pictures[half + n / 10 % whole], Some(n))
    };
    let part = seconds("SOAK_SECONDS", 60) / 10;
    for tenth in 1..=10 {
        let outcome = load(&server, 4, Pace::Closed, part, Manner::SendsAtOnce, &mixed);
        outcome.only(&[200, 400]);
        println!(
            "soak {tenth}/10: {} good, {} refused, memory {} MiB, peak {} MiB",
            outcome.count(200),
            outcome.count(400),
            memory(&server, "VmRSS"),
            memory(&server, "VmHWM")
        );
    }
}
