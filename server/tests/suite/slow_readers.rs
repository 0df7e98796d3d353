//! Tests of clients that take their answers slowly, and of the bound on memory.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_recv_buffer_size;
use serde_json::Value;

use crate::agents::{add_agent, poll};
use crate::client::{BOUNDARY, Request, connect, read_reply};
use crate::noise::noise_png;
use crate::server::{CHAT, Server, eventually};

const MIB: u64 = 1 << 20;

/// A picture whose canonical image has about 740 KiB.
fn large() -> Vec<u8> {
    noise_png(1000, 1000)
}

/// The path of a background's object.
fn object_path(set: &Value) -> String {
    format!("/{}", set["background_url"].as_str().unwrap().splitn(4, '/').nth(3).unwrap())
}

/// A reader of an object that has read the first bytes of the answer, and whose kernel keeps little more.
fn reader(server: &Server, path: &str) -> TcpStream {
    let mut stream = connect(server.address).unwrap();
    set_socket_recv_buffer_size(&stream, 4096).unwrap();
    stream.write_all(&Request::new("GET", path).head()).unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    stream
}

/// A PUT whose file part is not complete.
fn writer(server: &Server, chat: &str, bytes: usize) -> TcpStream {
    let request = server
        .background("PUT", chat)
        .header("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .header("Content-Length", "9000000");
    let mut stream = connect(server.address).unwrap();
    let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"background\"\r\n\r\nGIF89a");
    stream.write_all(&[request.head(), part.into_bytes(), vec![0; bytes]].concat()).unwrap();
    stream
}

/// The most memory that the server had since [`forget_peak`], in bytes.
fn peak(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Lets the peak begin at what the server has now.
fn forget_peak(server: &Server) -> u64 {
    std::fs::write(format!("/proc/{}/clear_refs", server.pid()), "5").unwrap();
    peak(server)
}

#[test]
fn four_hundred_slow_readers_of_an_object_cost_little_memory() {
    let server = Server::start();
    let set = server.put(CHAT, &large()).json();
    let size = server.object(&set["background_url"]).body.len() as u64;
    assert!(size > 700_000, "{size}");
    let before = forget_peak(&server);
    let path = object_path(&set);
    let readers: Vec<TcpStream> = (0..400).map(|_| reader(&server, &path)).collect();
    assert_eq!(server.metric("ingest_objects_sent"), 400.0);
    std::thread::sleep(Duration::from_secs(2));
    let cost = peak(&server) - before;
    println!("400 slow readers of {} KiB: {} MiB", size / 1024, cost / MIB);
    assert!(cost < 400 * 128 * 1024, "{} MiB", cost / MIB);
    assert_eq!(server.object(&set["background_url"]).body.len() as u64, size, "others are served");
    drop(readers);
    eventually("objects are sent", || server.metric("ingest_objects_sent") == 0.0);
}

#[test]
fn a_reader_beyond_the_limit_is_an_overload() {
    let server = Server::with(&[("IMAGE_INGEST__WORK__READERS", "2")]);
    let set = server.put(CHAT, &large()).json();
    let path = object_path(&set);
    let readers = [reader(&server, &path), reader(&server, &path)];
    let third = server.object(&set["background_url"]);
    assert_eq!(third.refusal(), (503, "overloaded".into()));
    assert_eq!(third.header("retry-after"), Some("1"));
    drop(readers);
    eventually("objects are sent", || server.object(&set["background_url"]).status == 200);
}

#[test]
fn a_reader_that_takes_nothing_is_cut_and_one_that_is_only_slow_gets_all() {
    let settings = [("IMAGE_INGEST__TIMES__WRITE_MS", "1500"), ("IMAGE_INGEST__TIMES__WRITE_BYTES_PER_SECOND", "1024")];
    let server = Server::with(&settings);
    let set = server.put(CHAT, &large()).json();
    let (path, object) = (object_path(&set), server.object(&set["background_url"]).body);
    let silent = reader(&server, &path);
    let mut slow = connect(server.address).unwrap();
    slow.write_all(&Request::new("GET", path).header("Connection", "close").head()).unwrap();
    let (mut taken, mut buffer, started) = (Vec::new(), vec![0; 24 * 1024], Instant::now());
    while let Ok(n @ 1..) = slow.read(&mut buffer) {
        taken.extend_from_slice(&buffer[..n]);
        std::thread::sleep(Duration::from_millis(150));
    }
    assert!(taken.ends_with(&object), "{} of {}", taken.len(), object.len());
    assert!(started.elapsed() > Duration::from_millis(3_000), "{:?}", started.elapsed());
    eventually("the silent one is served", || server.metric("ingest_objects_sent") == 0.0);
    assert_eq!(server.metric("ingest_answers_cut_total"), 1.0);
    drop(silent);
}

#[test]
fn changes_that_wait_for_a_device_hold_no_upload() {
    let server = Server::with(&[("IMAGE_INGEST__TIMES__DEVICE_MS", "20000")]);
    let credential = add_agent(&server, "phone", "+15550000001");
    poll(&server, &credential, 0);
    let picture = large();
    let waiting: Vec<TcpStream> = (0..4)
        .map(|i| {
            let request = server.background("PUT", &format!("grp_{i}")).parts(&[("background", &picture)]);
            let mut stream = connect(server.address).unwrap();
            stream.write_all(&[request.head(), request.body].concat()).unwrap();
            stream
        })
        .collect();
    eventually("changes are made", || (0..4).all(|i| server.get(&format!("grp_{i}"))["background_version"] == 1));
    eventually("uploads are held", || server.metric("ingest_upload_bytes") == 0.0);
    // The same upload again waits for the device, too.
    let request = server.background("PUT", "grp_0").parts(&[("background", &picture)]);
    let mut again = connect(server.address).unwrap();
    again.write_all(&[request.head(), request.body].concat()).unwrap();
    eventually("the upload has not come", || {
        server.metric("ingest_upload_bytes") > 0.0 || pending(&server, &credential)
    });
    eventually("uploads are held", || server.metric("ingest_upload_bytes") == 0.0);
    again.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(read_reply(&mut again, false).is_err(), "it waits");
    drop(waiting);
}

/// Whether the agent gets a change, which a repeated request makes due again.
fn pending(server: &Server, credential: &str) -> bool {
    !poll(server, credential, 0).is_empty()
}

#[test]
fn readers_writers_and_changes_that_wait_stay_within_the_stated_memory() {
    let (uploads, pixels) = (32 * MIB, 48 * MIB);
    let settings = [
        ("IMAGE_INGEST__WORK__UPLOAD_BYTES", uploads.to_string()),
        ("IMAGE_INGEST__WORK__JOB_BYTES", pixels.to_string()),
        ("IMAGE_INGEST__WORK__PIXEL_THREADS", "1".to_owned()),
        ("IMAGE_INGEST__TIMES__DEVICE_MS", "30000".to_owned()),
    ];
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let server = Server::with(&settings);
    let picture = large();
    let set = server.put(CHAT, &picture).json();
    let credential = add_agent(&server, "phone", "+15550000001");
    poll(&server, &credential, 0);
    let before = forget_peak(&server);

    let path = object_path(&set);
    let readers: Vec<TcpStream> = (0..200).map(|_| reader(&server, &path)).collect();
    let waiting: Vec<TcpStream> = (0..12)
        .map(|i| {
            let request = server.background("PUT", &format!("grp_{i}")).parts(&[("background", &picture)]);
            let mut stream = connect(server.address).unwrap();
            stream.write_all(&[request.head(), request.body].concat()).unwrap();
            eventually("a change is not made", || server.get(&format!("grp_{i}"))["background_version"] == 1);
            stream
        })
        .collect();
    // More than the uploads may have: the last ones are refused.
    let writers: Vec<TcpStream> = (0..9).map(|i| writer(&server, &format!("grp_w{i}"), 4_000_000)).collect();
    eventually("uploads do not come", || server.metric("ingest_upload_bytes") > 30_000_000.0);
    std::thread::sleep(Duration::from_secs(1));
    let held = server.metric("ingest_upload_bytes");
    assert!(held < (uploads + MIB) as f64, "{held}");
    let cost = peak(&server) - before;
    let connections = 128 * 1024 * (readers.len() + waiting.len() + writers.len() + 8) as u64;
    println!("{} MiB of {} MiB", cost / MIB, (uploads + pixels + connections) / MIB);
    assert!(cost < uploads + pixels + connections, "{} MiB", cost / MIB);
    assert_eq!(server.get(CHAT)["background_id"], set["background_id"]);
}
