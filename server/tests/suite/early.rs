//! Tests of answers before the end of the body: every client receives them, and their cost to the server is bounded.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::client::{BOUNDARY, Reply, Request, connect, read_reply};
use crate::server::{CHAT, Server, eventually, pictures};

/// A request that is refused, with its status and code.
fn refused(server: &Server, what: &str, bytes: usize) -> (Request, u16, &'static str) {
    let file = |head: &[u8]| [head, &vec![b'x'; bytes - head.len()][..]].concat();
    let put = |chat: &str, head: &[u8]| server.background("PUT", chat).parts(&[("background", &file(head))]);
    match what {
        "key" => {
            let path = format!("/v2/api/chats/{CHAT}/background");
            (Request::new("PUT", path).parts(&[("background", &file(b"GIF89a"))]), 401, "unauthenticated")
        }
        "format" => (put(CHAT, b"BM"), 400, "unknown_format"),
        "id" => (put("15551234567", b"GIF89a"), 400, "invalid_chat_id"),
        "path" => (server.request("PUT", "/nothing").parts(&[("background", &file(b"GIF89a"))]), 404, "not_found"),
        _ => (put(CHAT, b"GIF89a"), 400, "too_large"),
    }
}

/// The request with a chunked body, and the encoded body.
fn chunked(request: &Request) -> (Request, Vec<u8>) {
    let mut body = Vec::new();
    for chunk in request.body.chunks(60_000) {
        body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        body.extend_from_slice(chunk);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"0\r\n\r\n");
    (request.clone().header("Transfer-Encoding", "chunked"), body)
}

/// Writes the whole request before it reads, as the strictest clients do.
fn write_then_read(stream: &mut TcpStream, request: &Request, body: &[u8]) -> Reply {
    stream.write_all(&request.head()).unwrap();
    stream.write_all(body).unwrap_or_else(|e| panic!("the body was not taken: {e}"));
    // The answer waits meanwhile, and a reset would destroy it.
    std::thread::sleep(Duration::from_millis(20));
    read_reply(stream, false).unwrap_or_else(|e| panic!("the answer was lost: {e}"))
}

#[test]
fn a_refusal_reaches_a_client_that_writes_its_whole_body_first() {
    let server = Server::start();
    for what in ["key", "format", "id", "path"] {
        for bytes in [900_000, 1_500_000, 3_000_000, 10_000_000] {
            let (request, status, code) = refused(&server, what, bytes);
            let (as_chunks, chunks) = chunked(&request);
            for (request, body) in [(&request, &request.body), (&as_chunks, &chunks)] {
                let reply = write_then_read(&mut connect(server.address).unwrap(), request, body);
                assert_eq!(reply.refusal(), (status, code.into()), "{what} {bytes}");
                assert_eq!(reply.header("connection"), Some("close"), "{what} {bytes}");
            }
        }
    }
    eventually("bodies are read", || server.metric("ingest_drains") == 0.0);
    assert_eq!(server.metric("ingest_drains_total{end=\"cut\"}"), 0.0);
}

#[test]
fn a_connection_serves_on_after_answers_that_needed_the_whole_body() {
    let server = Server::start();
    let [picture, _] = pictures();
    let good = server.background("PUT", CHAT).parts(&[("background", &picture)]);
    let half = server.background("PUT", CHAT).parts(&[("background", &picture[..picture.len() / 2])]);
    let (as_chunks, chunks) = chunked(&good);
    let mut stream = connect(server.address).unwrap();
    for _ in 0..5 {
        assert_eq!(write_then_read(&mut stream, &good, &good.body).status, 200);
        assert_eq!(write_then_read(&mut stream, &half, &half.body).status, 400);
        assert_eq!(write_then_read(&mut stream, &as_chunks, &chunks).status, 200);
    }
}

#[test]
fn an_answer_does_not_wait_for_the_body() {
    let server = Server::start();
    let (request, ..) = refused(&server, "key", 5_000_000);
    let (mut stream, started) = (connect(server.address).unwrap(), Instant::now());
    stream.write_all(&request.head()).unwrap();
    assert_eq!(read_reply(&mut stream, false).unwrap().status, 401);
    assert!(started.elapsed() < Duration::from_millis(900), "{:?}", started.elapsed());
}

#[test]
fn an_upload_over_the_limit_is_answered_and_its_connection_closed() {
    let server = Server::start();
    for bytes in [11_000_000, 30_000_000] {
        let (request, ..) = refused(&server, "size", bytes);
        let mut stream = connect(server.address).unwrap();
        let reply = write_then_read(&mut stream, &request, &request.body);
        assert_eq!(reply.refusal(), (400, "too_large".into()));
        assert_eq!(reply.header("connection"), Some("close"));
        let (request, body) = chunked(&request);
        let mut stream = connect(server.address).unwrap();
        assert_eq!(write_then_read(&mut stream, &request, &body).refusal(), (400, "too_large".into()));
    }
    eventually("bodies are read", || server.metric("ingest_drains") == 0.0);
}

#[test]
fn a_client_that_sends_without_being_told_to_still_sees_the_refusal() {
    let server = Server::start();
    let (request, ..) = refused(&server, "key", 3_000_000);
    let request = request.header("Expect", "100-continue");
    let reply = write_then_read(&mut connect(server.address).unwrap(), &request, &request.body);
    assert_eq!((reply.status, reply.header("connection")), (401, Some("close")));
}

/// Sends a chunk of `bytes` every tenth of a second, until the connection ends or 20 s have passed.
fn go_on(stream: &mut TcpStream, bytes: usize) -> Duration {
    let chunk = [format!("{bytes:x}\r\n").as_bytes(), &vec![b'x'; bytes], b"\r\n"].concat();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(20) && stream.write_all(&chunk).is_ok() {
        std::thread::sleep(Duration::from_millis(100));
    }
    started.elapsed()
}

/// A refused request whose chunked body is not complete.
fn refused_and_going_on(server: &Server) -> TcpStream {
    let request = Request::new("PUT", format!("/v2/api/chats/{CHAT}/background"))
        .header("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .header("Transfer-Encoding", "chunked");
    let mut stream = connect(server.address).unwrap();
    stream.write_all(&request.head()).unwrap();
    assert_eq!(read_reply(&mut stream, false).unwrap().status, 401);
    stream
}

#[test]
fn a_refused_body_that_is_slow_or_silent_is_read_for_some_seconds() {
    let server = Server::start();
    let mut silent = refused_and_going_on(&server);
    let started = Instant::now();
    assert_eq!(silent.read(&mut [0; 16]).unwrap_or(0), 0);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let lasted = go_on(&mut refused_and_going_on(&server), 100);
    assert!(lasted < Duration::from_secs(5), "{lasted:?}");
    eventually("bodies are read", || server.metric("ingest_drains") == 0.0);
    assert_eq!(server.metric("ingest_drains_total{end=\"cut\"}"), 2.0);
}

#[test]
fn a_refused_body_that_comes_in_time_is_read_no_longer_than_that() {
    let server = Server::with(&[("IMAGE_INGEST__TIMES__DRAIN_MS", "2500")]);
    let lasted = go_on(&mut refused_and_going_on(&server), 10_000);
    assert!((2..6).contains(&lasted.as_secs()), "{lasted:?}");
}

#[test]
fn a_refused_body_without_end_is_cut() {
    let server = Server::start();
    let mut stream = refused_and_going_on(&server);
    let chunk = [&b"100000\r\n"[..], &vec![b'x'; 1 << 20], b"\r\n"].concat();
    let taken = (0..400).take_while(|_| stream.write_all(&chunk).is_ok()).count();
    assert!((10..300).contains(&taken), "{taken} MiB were read");
}

#[test]
fn refused_bodies_are_read_by_a_bounded_number_at_once_and_hold_no_upload_place() {
    let settings = [
        ("IMAGE_INGEST__WORK__DRAINS", "2"),
        ("IMAGE_INGEST__WORK__PIXEL_THREADS", "1"),
        ("IMAGE_INGEST__WORK__QUEUE", "1"),
    ];
    let server = Server::with(&settings);
    let kept: Vec<TcpStream> = (0..2)
        .map(|_| {
            let stream = refused_and_going_on(&server);
            let mut sender = stream.try_clone().unwrap();
            std::thread::spawn(move || go_on(&mut sender, 20_000));
            stream
        })
        .collect();
    assert_eq!(server.metric("ingest_drains"), 2.0);
    assert_eq!(server.metric("ingest_upload_bytes"), 0.0);

    let (request, ..) = refused(&server, "key", 3_000_000);
    let mut third = connect(server.address).unwrap();
    third.write_all(&request.head()).unwrap();
    let reply = read_reply(&mut third, false).unwrap();
    assert_eq!((reply.status, reply.header("connection")), (401, Some("close")));
    assert_eq!(server.metric("ingest_drains_refused_total"), 1.0);

    // Good uploads go on, and small refused bodies are read.
    let mut stream = connect(server.address).unwrap();
    let good = server.background("PUT", CHAT).parts(&[("background", &pictures()[0])]);
    let (as_chunks, chunks) = chunked(&good);
    let (small, ..) = refused(&server, "key", 10_000);
    for _ in 0..5 {
        assert_eq!(write_then_read(&mut stream, &good, &good.body).status, 200);
        assert_eq!(write_then_read(&mut stream, &as_chunks, &chunks).status, 200);
        assert_eq!(write_then_read(&mut connect(server.address).unwrap(), &small, &small.body).status, 401);
    }
    for stream in kept {
        stream.shutdown(std::net::Shutdown::Both).unwrap();
    }
    eventually("bodies are read", || server.metric("ingest_drains") == 0.0);
    assert_eq!(write_then_read(&mut connect(server.address).unwrap(), &request, &request.body).status, 401);
}
