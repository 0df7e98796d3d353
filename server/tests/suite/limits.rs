//! Tests of capacity and time limits.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::client::{BOUNDARY, connect, read_reply};
use crate::server::{CHAT, Server, eventually, pictures, testdata};

/// A PUT whose file part is not complete.
fn unfinished(server: &Server, file: &[u8]) -> TcpStream {
    let request = server
        .background("PUT", CHAT)
        .header("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .header("Content-Length", "150000");
    let mut stream = connect(server.address).unwrap();
    stream.write_all(&request.head()).unwrap();
    let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"background\"\r\n\r\n");
    stream.write_all(&[part.as_bytes(), file].concat()).unwrap();
    stream
}

#[test]
fn a_full_server_refuses_before_the_body_and_recovers() {
    let settings = [("IMAGE_INGEST__WORK__MAX_UPLOAD_BYTES", "100000"), ("IMAGE_INGEST__WORK__UPLOAD_BYTES", "100000")];
    let server = Server::with(&settings);
    let picture = testdata("jpeg/orientation_6.jpg");
    let mut padded = picture.clone();
    padded.resize(100_000, 0);
    let holding = unfinished(&server, &padded);
    eventually("the bytes are not held", || server.metric("ingest_upload_bytes") >= 99_000.0);
    // The last bytes of the hundred thousand may wait in the parser for a boundary.
    let mut more = unfinished(&server, &picture[..5_000]);
    eventually("there is room", || server.metric("ingest_upload_bytes") >= 100_000.0);

    let (mut stream, started) = (connect(server.address).unwrap(), Instant::now());
    let mut request = server.background("PUT", CHAT).parts(&[("background", &picture)]);
    request.body.truncate(0);
    request = request.header("Content-Length", "50000");
    stream.write_all(&request.head()).unwrap();
    let reply = read_reply(&mut stream, false).unwrap();
    assert_eq!(reply.refusal(), (503, "overloaded".into()));
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
    assert_eq!(server.send(&server.background("GET", CHAT)).status, 200, "reading goes on");

    let _ = more.flush();
    drop((holding, more));
    eventually("it is full", || server.put(CHAT, &picture).status == 200);
}

#[test]
fn pixels_of_a_client_that_left_are_stopped() {
    let server = Server::start();
    let picture = testdata("heic/grid_phone_12mp.heic");
    let request = server.background("PUT", CHAT).parts(&[("background", &picture)]);
    let mut stream = connect(server.address).unwrap();
    stream.write_all(&request.head()).unwrap();
    stream.write_all(&request.body).unwrap();
    eventually("the upload has not come", || server.metric("ingest_upload_bytes") >= picture.len() as f64);
    // It goes to a thread for pixels meanwhile, and takes several times as long there.
    std::thread::sleep(Duration::from_millis(50));
    drop(stream);
    eventually("the upload is in work", || server.metric("ingest_uploads_left_total") == 1.0);
    assert_eq!(server.metric("ingest_upload_bytes"), 0.0);
    assert_eq!(server.get(CHAT)["has_background"], false);
}

#[test]
fn uploads_beyond_the_queue_are_overloads_and_the_others_are_done() {
    let server = Server::with(&[("IMAGE_INGEST__WORK__PIXEL_THREADS", "1"), ("IMAGE_INGEST__WORK__QUEUE", "1")]);
    let picture = testdata("png/display_p3.png");
    let refusals = std::thread::scope(|scope| {
        let put = |i: usize| {
            let (server, picture) = (&server, &picture);
            scope.spawn(move || server.put(&format!("grp_{i}"), picture))
        };
        let replies: Vec<_> = (0..40).map(put).collect();
        let replies = replies.into_iter().map(|thread| thread.join().unwrap());
        replies.filter(|reply| reply.status != 200).map(|reply| reply.refusal()).collect::<Vec<_>>()
    });
    assert!(refusals.iter().all(|refusal| *refusal == (503, "overloaded".into())), "{refusals:?}");
    assert!(refusals.len() < 40);
}

#[test]
fn a_slow_upload_is_ended() {
    let settings = [("IMAGE_INGEST__TIMES__SLOW_MS", "1000"), ("IMAGE_INGEST__TIMES__IDLE_MS", "5000")];
    let server = Server::with(&settings);
    let mut stream = unfinished(&server, b"GIF89a");
    let writer = stream.try_clone().unwrap();
    std::thread::spawn(move || {
        let mut writer = writer;
        while writer.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    assert_eq!(read_reply(&mut stream, false).unwrap().refusal(), (400, "upload_timeout".into()));
}

#[test]
fn a_silent_upload_is_ended() {
    let server = Server::with(&[("IMAGE_INGEST__TIMES__IDLE_MS", "300")]);
    let mut stream = unfinished(&server, b"GIF89a");
    assert_eq!(read_reply(&mut stream, false).unwrap().refusal(), (400, "upload_timeout".into()));
}

#[test]
fn a_head_that_does_not_end_closes_the_connection() {
    let server = Server::with(&[("IMAGE_INGEST__TIMES__HEADER_MS", "300")]);
    let mut stream = connect(server.address).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n").unwrap();
    let started = Instant::now();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn senders_of_a_byte_a_second_hold_no_place() {
    let settings = [("IMAGE_INGEST__WORK__PIXEL_THREADS", "1"), ("IMAGE_INGEST__WORK__QUEUE", "1")];
    let server = Server::with(&settings);
    let slow: Vec<_> = (0..100).map(|_| unfinished(&server, b"GIF8")).collect();
    let [picture, other] = pictures();
    for i in 0..10 {
        let upload = if i % 2 == 0 { &picture } else { &other };
        assert_eq!(server.put(CHAT, upload).json()["background_version"], i + 1);
    }
    drop(slow);
}
