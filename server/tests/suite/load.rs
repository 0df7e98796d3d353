//! Figures under load: run by `make server-load`, in a release build and with nothing else running.
//!
//! `IMAGE_INGEST_BENCH` names the folder of generated inputs that the benches use; `LOAD_SECONDS` is the length of each
//! phase, 5 by default.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use image_ingest::{Ingest, Source};

use crate::client::connect;
use crate::server::{Home, Server};

/// An agent that takes everything at once: what is measured is the server.
fn agent() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        listener.incoming().flatten().for_each(|stream| drop(std::thread::spawn(move || take(stream))));
    });
    address
}

fn take(stream: TcpStream) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
            let line = line.trim().to_ascii_lowercase();
            length = line.strip_prefix("content-length: ").and_then(|v| v.parse().ok()).unwrap_or(length);
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let change: serde_json::Value = serde_json::from_slice(&body).ok()?;
        let reply = format!("{{\"version\":{}}}", change["version"]);
        write!(writer, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{reply}", reply.len()).ok()?;
    }
}

fn server() -> Server {
    let settings = [
        ("IMAGE_INGEST__DEVICE__GATEWAY", "http"),
        ("IMAGE_INGEST__DEVICE__SECRET", "a secret of tests with more than 32 bytes"),
    ];
    let server = Home::new(&settings).start();
    let route = format!("http://{}", agent());
    assert!(server.home().admin(&["numbers", "add", "demo", "+15550000001", "--route", &route]).0);
    server
}

/// The JPEGs among the inputs, since their pictures can be varied cheaply.
fn inputs() -> Option<Vec<Vec<u8>>> {
    let Some(folder) = std::env::var_os("IMAGE_INGEST_BENCH").map(PathBuf::from) else {
        eprintln!("skipped: IMAGE_INGEST_BENCH names no folder");
        return None;
    };
    let mut paths: Vec<_> = walk(&folder).into_iter().filter(|p| p.extension().is_some_and(|e| e == "jpg")).collect();
    paths.sort();
    let files = paths.iter().map(|p| std::fs::read(p).unwrap()).filter(|f| f.len() < 10_000_000);
    Some(files.collect())
}

fn walk(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

/// The same picture by a hair: one high coefficient's quantiser differs (ITU-T T.81 B.2.4.1), and so the content id.
fn varied(jpeg: &[u8], n: usize) -> Vec<u8> {
    let mut jpeg = jpeg.to_vec();
    let table = jpeg.windows(2).position(|w| w == [0xff, 0xdb]).unwrap() + 5;
    jpeg[table + 63 - n % 24] = u8::try_from(60 + n / 24 % 190).unwrap();
    jpeg
}

fn phase() -> Duration {
    Duration::from_secs(std::env::var("LOAD_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(5))
}

/// Answers by status, with their times.
type Times = Vec<(u16, Duration)>;

/// Lets `clients` call as fast as they are answered, each with a chat of its own.
fn closed(server: &Server, clients: usize, time: Duration, call: impl Fn(&str, usize) -> Vec<u8> + Sync) -> Times {
    let (times, count, started) = (Mutex::new(Vec::new()), AtomicUsize::new(0), Instant::now());
    std::thread::scope(|scope| {
        for client in 0..clients {
            let (times, count, call) = (&times, &count, &call);
            scope.spawn(move || {
                let chat = format!("grp_{client}");
                while started.elapsed() < time {
                    let upload = call(&chat, count.fetch_add(1, Ordering::Relaxed));
                    let request = server.background("PUT", &chat).parts(&[("background", &upload)]);
                    let begun = Instant::now();
                    if let Ok(reply) = request.send_and_listen(server.address) {
                        times.lock().unwrap().push((reply.status, begun.elapsed()));
                    }
                    if clients > 16 {
                        // Many clients that are refused come back after a moment, as they are told to.
                        std::thread::sleep(Duration::from_millis(20));
                    }
                }
            });
        }
    });
    times.into_inner().unwrap()
}

fn rate(times: &Times, time: Duration) -> f64 {
    f64::from(u32::try_from(times.iter().filter(|(status, _)| *status == 200).count()).unwrap()) / time.as_secs_f64()
}

fn p99(times: &Times, status: u16) -> Option<Duration> {
    let mut of: Vec<_> = times.iter().filter(|(s, _)| *s == status).map(|(_, time)| *time).collect();
    of.sort_unstable();
    of.get(of.len() * 99 / 100).copied()
}

/// The most memory that the server ever had, in MiB.
fn peak(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1024
}

fn batch_rate(files: &[Vec<u8>], time: Duration) -> f64 {
    let (ingest, started) = (Ingest::default(), Instant::now());
    let threads = std::thread::available_parallelism().unwrap().get();
    let sources = (0..).map_while(|n| {
        let more = started.elapsed() < time;
        more.then(|| Source::new(varied(&files[n % files.len()], n), ingest.limits()))
    });
    let done = ingest.batch(sources, threads, 1 << 30).unwrap().filter(Result::is_ok).count();
    f64::from(u32::try_from(done).unwrap()) / started.elapsed().as_secs_f64()
}

#[test]
#[ignore = "takes minutes and wants the machine; run by make server-load"]
fn throughput_and_overload() {
    let Some(files) = inputs() else { return };
    let time = phase();
    let server = server();
    let varying = |_: &str, n: usize| varied(&files[n % files.len()], n);
    let batch = batch_rate(&files, time);
    let peak_rate = rate(&closed(&server, 4, time, varying), time);
    println!("batch {batch:.1}/s, server {peak_rate:.1}/s: {:.0} %", 100.0 * peak_rate / batch);

    let first = &files[0];
    closed(&server, 4, Duration::from_millis(500), |_, _| first.clone());
    let unchanged = rate(&closed(&server, 4, time, |_, _| first.clone()), time);
    println!("unchanged {unchanged:.0}/s: {:.1} times a change of the same files", unchanged / peak_rate);

    let over = closed(&server, 4 * 18, time, varying);
    println!(
        "overload: {:.1}/s good ({:.0} % of peak), {} refused, p99 of refusals {:?}, peak memory {} MiB",
        rate(&over, time),
        100.0 * rate(&over, time) / peak_rate,
        over.iter().filter(|(status, _)| *status == 503).count(),
        p99(&over, 503),
        peak(&server)
    );
    assert!(over.iter().all(|(status, _)| [200, 503].contains(status)));
}

#[test]
#[ignore = "takes minutes and wants the machine; run by make server-load"]
fn a_thousand_slow_clients() {
    let Some(files) = inputs() else { return };
    let (time, server) = (phase(), server());
    let varying = |_: &str, n: usize| varied(&files[n % files.len()], n);
    let before = closed(&server, 1, time, varying);
    let stop = AtomicBool::new(false);
    let during = std::thread::scope(|scope| {
        scope.spawn(|| slow_clients(&server, &stop));
        std::thread::sleep(Duration::from_secs(1));
        let during = closed(&server, 1, time, varying);
        stop.store(true, Ordering::Relaxed);
        during
    });
    println!("p99 alone {:?}, beside 1000 slow clients {:?}", p99(&before, 200), p99(&during, 200));
    assert!(during.iter().all(|(status, _)| *status == 200));
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
        for stream in &mut streams {
            if stream.as_mut().is_none_or(|s| s.write_all(b"x").is_err()) {
                *stream = begin();
            }
        }
        std::thread::sleep(Duration::from_millis(900));
    }
}

#[test]
#[ignore = "takes minutes and wants the machine; run by make server-load"]
fn a_soak_with_hostile_files_does_not_grow() {
    let Some(files) = inputs() else { return };
    let server = server();
    let mixed = |_: &str, n: usize| {
        let mut file = varied(&files[n % files.len()], n);
        if n.is_multiple_of(10) {
            file.truncate(file.len() / 2);
        }
        file
    };
    let mut peaks = Vec::new();
    for _ in 0..6 {
        let times = closed(&server, 4, phase(), mixed);
        assert!(times.iter().all(|(status, _)| [200, 400].contains(status)));
        peaks.push(peak(&server));
    }
    println!("peak memory after each sixth of the soak, MiB: {peaks:?}");
}
