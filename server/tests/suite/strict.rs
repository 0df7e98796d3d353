//! Tests of requests that break HTTP or the contract by a little, and of what is taken all the same.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::client::{BOUNDARY, Reply, Request, connect, read_reply};
use crate::server::{CHAT, Server, eventually, pictures};

/// The answer to bytes that are sent as they are, and what comes after it until the connection ends.
fn answer(server: &Server, bytes: &[u8]) -> (Reply, Vec<u8>) {
    let mut stream = connect(server.address).unwrap();
    stream.write_all(bytes).unwrap();
    let reply = read_reply(&mut stream, false).unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    (reply, rest)
}

#[test]
fn every_head_that_breaks_http_is_answered_in_the_form_of_the_contract_and_closes() {
    let server = Server::start();
    let many = "X: y\r\n".repeat(101);
    let long_field = format!("GET /healthz HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(70_000));
    for (head, status, code) in [
        ("GET /healthz HTTP/1.1\r\n\r\n", 400, "bad_request"),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "bad_request"),
        ("GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "bad_request"),
        ("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "bad_request"),
        ("PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400, "bad_request"),
        ("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400, "bad_request"),
        ("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400, "bad_request"),
        ("PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400, "bad_request"),
        ("GET /healthz HTTP/3.0\r\nHost: a\r\n\r\n", 400, "bad_request"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "bad_request"),
        ("GET /he alth HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request"),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n", 400, "bad_request"),
        ("\u{16}\u{3}\u{1} a TLS hello\r\n\r\n", 400, "bad_request"),
        (&format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{many}\r\n"), 431, "head_too_large"),
        (&long_field, 431, "head_too_large"),
        (&format!("GET /{} HTTP/1.1\r\n", "x".repeat(70_000)), 414, "target_too_long"),
    ] {
        let (reply, rest) = answer(&server, head.as_bytes());
        assert_eq!(reply.refusal(), (status, code.into()), "{head:.80}");
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.header("connection"), Some("close"));
        assert!(reply.header("x-request-id").is_some() && reply.header("date").is_some());
        assert_eq!(rest, b"", "{head:.80}");
    }
    assert!(server.home().log().contains("code=\"bad_request\"") || server.home().log().contains("code=bad_request"));
    assert!(
        server.metric("ingest_requests_total{method=\"none\",route=\"none\",status=\"431\",code=\"head_too_large\"}")
            > 0.0
    );
}

#[test]
fn a_client_that_speaks_tls_is_not_kept_waiting() {
    let server = Server::start();
    let started = Instant::now();
    let (reply, _) = answer(&server, &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);
    assert_eq!(reply.refusal(), (400, "bad_request".into()));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn a_refused_head_with_a_body_behind_it_is_seen_by_a_client_that_writes_first() {
    let server = Server::start();
    let body = vec![b'x'; 3_000_000];
    let head = b"PUT /x HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n";
    let mut stream = connect(server.address).unwrap();
    stream.write_all(&[&head[..], &body].concat()).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(read_reply(&mut stream, false).unwrap().refusal(), (400, "bad_request".into()));
}

#[test]
fn odd_and_right_heads_are_taken() {
    let server = Server::start();
    for head in [
        "GET /healthz HTTP/1.0\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost:\r\n\r\n",
        "\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /healthz HTTP/1.1\nHost: a\n\n",
        "GET http://a/healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: [::1]:8080\r\nContent-Length: 0\r\n\r\n",
    ] {
        let mut stream = connect(server.address).unwrap();
        // Byte by byte, as the slowest client would.
        for byte in head.as_bytes() {
            stream.write_all(&[*byte]).unwrap();
        }
        assert_eq!(read_reply(&mut stream, false).unwrap().status, 200, "{head:?}");
    }
}

#[test]
fn pipelined_requests_are_answered_in_order_and_a_bad_one_ends_them() {
    let server = Server::start();
    let put = server.background("PUT", CHAT).parts(&[("background", &pictures()[0])]);
    let get = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".as_bytes();
    let bad = "GET /healthz HTTP/1.1\r\n\r\n".as_bytes();
    let as_chunks = put.clone().header("Transfer-Encoding", "chunked").head();
    let size = format!("{:x}\r\n", put.body.len());
    let chunks = [as_chunks, size.into_bytes(), put.body.clone(), b"\r\n0\r\n\r\n".to_vec()].concat();
    let all = [get, &put.head(), &put.body, get, &chunks, get, &chunks, bad, get].concat();
    let mut stream = connect(server.address).unwrap();
    stream.write_all(&all).unwrap();
    let mut text = Vec::new();
    stream.read_to_end(&mut text).unwrap();
    let text = String::from_utf8_lossy(&text);
    let statuses: Vec<&str> = text.match_indices("HTTP/1.1 ").map(|(at, _)| &text[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["200", "200", "200", "200", "200", "200", "400"]);
    assert!(text.trim_end().ends_with("\"code\":\"bad_request\"}"), "{text}");
}

/// Reads until the connection ends, and returns how long that took.
fn lasts(stream: &mut TcpStream) -> Duration {
    let started = Instant::now();
    let _ = stream.read_to_end(&mut Vec::new());
    started.elapsed()
}

#[test]
fn an_idle_connection_is_kept_longer_than_a_head_may_take() {
    let server =
        Server::with(&[("IMAGE_INGEST__TIMES__HEADER_MS", "300"), ("IMAGE_INGEST__TIMES__KEEP_ALIVE_MS", "2500")]);
    let get = server.background("GET", CHAT);
    let put = server.background("PUT", CHAT).parts(&[("background", &pictures()[0])]);
    let mut stream = connect(server.address).unwrap();
    for request in [&get, &put, &get] {
        stream.write_all(&request.head()).unwrap();
        stream.write_all(&request.body).unwrap();
        assert_eq!(read_reply(&mut stream, false).unwrap().status, 200);
        std::thread::sleep(Duration::from_millis(1200));
    }
    let idle = lasts(&mut stream);
    assert!((500..2000).contains(&idle.as_millis()), "{idle:?} after 1.2 s");

    // The rest of a head is waited for as long as a head may take, also on a connection that was used.
    let mut stream = connect(server.address).unwrap();
    stream.write_all(&get.head()).unwrap();
    assert_eq!(read_reply(&mut stream, false).unwrap().status, 200);
    stream.write_all(b"GET /healthz HT").unwrap();
    let started = Instant::now();
    assert_eq!(read_reply(&mut stream, false).unwrap().refusal(), (408, "head_timeout".into()));
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    // So it is after two requests at once.
    let mut stream = connect(server.address).unwrap();
    stream.write_all(&[get.head(), get.head()].concat()).unwrap();
    let started = Instant::now();
    let mut text = Vec::new();
    stream.read_to_end(&mut text).unwrap();
    assert_eq!(String::from_utf8_lossy(&text).matches("HTTP/1.1 200").count(), 2);
    assert!((2..5).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    // A connection on which nothing comes ends after that time, without an answer.
    let mut silent = connect(server.address).unwrap();
    let silent = lasts(&mut silent);
    assert!(silent < Duration::from_secs(2), "{silent:?}");
}

#[test]
fn a_misspelled_query_parameter_is_refused_with_a_hint() {
    let server = Server::start();
    for name in ["dryrun", "dry-run", "Dry_Run", "dry_rum", "dry%2Drun"] {
        for method in ["PUT", "DELETE"] {
            let request = server.request(method, &format!("/chats/{CHAT}/background?{name}=true"));
            let request = if method == "PUT" { request.parts(&[("background", &pictures()[0])]) } else { request };
            let reply = server.send(&request);
            assert_eq!(reply.refusal(), (400, "invalid_parameter".into()), "{method} {name}");
            assert!(reply.json()["message"].as_str().unwrap().contains("dry_run"));
        }
    }
    assert_eq!(server.get(CHAT)["has_background"], false);
    let traced = server.request("PUT", &format!("/chats/{CHAT}/background?utm_source=x&dry%5Frun=true"));
    assert_eq!(server.send(&traced.parts(&[("background", &pictures()[0])])).json()["dry_run"], true);
}

/// A multipart body of whole parts.
fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let part = |(head, content): &(&str, &[u8])| {
        [format!("--{BOUNDARY}\r\nContent-Disposition: {head}\r\n\r\n").as_bytes(), content, b"\r\n"].concat()
    };
    let mut body = parts.iter().map(part).collect::<Vec<_>>().concat();
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

fn put(server: &Server, body: Vec<u8>, content_type: &str) -> Reply {
    let mut request = server.background("PUT", CHAT).header("Content-Type", content_type);
    request.body = body;
    server.send(&request)
}

#[test]
fn what_browsers_and_clients_send_beside_the_file_passes() {
    let server = Server::start();
    let (picture, other) = (&pictures()[0][..], &pictures()[1][..]);
    let sent =
        |parts: &[(&str, &[u8])]| put(&server, form(parts), &format!("multipart/form-data; boundary={BOUNDARY}"));
    let file = "form-data; name=\"background\"; filename=\"a.jpg\"";
    let empty = "form-data; name=\"file\"; filename=\"\"";
    let text = "form-data; name=\"note\"";
    let texts = vec![(text, &b"some words"[..]); 16];
    for parts in [
        vec![("form-data; filename=\"my name.jpg\"; name=\"background\"", picture)],
        vec![("form-data; filename=\"a; name=b\"; name=\"file\"", picture)],
        vec![(file, picture), (empty, b"")],
        vec![(empty, b""), (file, picture)],
        [texts.clone(), vec![(file, picture)]].concat(),
        [vec![(file, picture)], texts.clone()].concat(),
    ] {
        let reply = sent(&parts);
        assert_eq!(reply.status, 200, "{} {:?}", String::from_utf8_lossy(&reply.body), parts[0].0);
    }
    for (parts, code) in [
        (vec![(empty, &b""[..])], "empty"),
        (vec![(file, picture), ("form-data; name=file", other)], "duplicate_file"),
        ([texts.clone(), vec![(text, b"x"), (file, picture)]].concat(), "not_multipart"),
        (vec![("form-data; filename=\"name\"", picture)], "missing_file"),
    ] {
        assert_eq!(sent(&parts).refusal(), (400, code.into()));
    }
}

#[test]
fn what_the_bytes_look_like_is_told() {
    let server = Server::start();
    let avif = b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf".as_slice();
    let long = [avif, &[0; 2000]].concat();
    let multipart = format!("multipart/form-data; boundary={BOUNDARY}");
    let said = |reply: &Reply| reply.json()["message"].as_str().unwrap().to_owned();
    let part = put(&server, form(&[("form-data; name=background", &long)]), &multipart);
    assert_eq!(part.refusal(), (400, "unsupported".into()));
    assert!(said(&part).contains("AVIF"), "{}", said(&part));
    let url = put(&server, form(&[("form-data; name=background", b"https://example.org/a.jpg")]), &multipart);
    assert!(said(&url).contains("a URL"), "{}", said(&url));

    for (body, content_type, expected) in [
        (&long[..], "image/avif", "it looks like AVIF, which is not supported"),
        (&pictures()[0], "image/jpeg", "it is a JPEG image"),
        (&pictures()[1], "application/octet-stream", "it is a GIF image"),
        (&pictures()[0], &multipart, "it is a JPEG image"),
        (b"{\"url\": \"https://example.org/a.jpg\"}", "application/json", "it looks like JSON"),
        (b"https://example.org/a.jpg", "text/plain", "it looks like a URL"),
    ] {
        let reply = put(&server, body.to_vec(), content_type);
        assert_eq!(reply.refusal(), (400, "not_multipart".into()), "{content_type}");
        assert!(said(&reply).contains(expected) && said(&reply).contains("background"), "{}", said(&reply));
    }
    // Nothing is said of bytes that tell nothing, and nothing of a body that does not come.
    let reply = put(&server, vec![7; 1000], "application/octet-stream");
    assert_eq!(said(&reply), "the body is no multipart/form-data with a boundary");
    let started = Instant::now();
    let request = server.background("PUT", CHAT).header("Content-Type", "image/png").header("Content-Length", "50000");
    let mut stream = connect(server.address).unwrap();
    stream.write_all(&request.head()).unwrap();
    assert_eq!(read_reply(&mut stream, false).unwrap().refusal(), (400, "not_multipart".into()));
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    eventually("bytes are held", || server.metric("ingest_upload_bytes") == 0.0);
}

#[test]
fn an_object_is_known_by_a_weak_tag_too() {
    let server = Server::start();
    let url = server.put(CHAT, &pictures()[0]).json()["background_url"].clone();
    let path = format!("/{}", url.as_str().unwrap().splitn(4, '/').nth(3).unwrap());
    let object = server.object(&url);
    let tag = object.header("etag").unwrap().to_owned();
    let with = |value: String| server.send(&Request::new("GET", path.clone()).header("If-None-Match", value));
    for value in [tag.clone(), format!("W/{tag}"), format!("\"x\", W/{tag}"), "*".to_owned()] {
        assert_eq!(with(value.clone()).status, 304, "{value}");
    }
    let whole = with("\"other\"".to_owned());
    assert_eq!((whole.status, &whole.body), (200, &object.body));
    let head = server.send(&Request::new("HEAD", path.clone()));
    assert_eq!(head.header("content-length"), Some(object.body.len().to_string().as_str()));
}
