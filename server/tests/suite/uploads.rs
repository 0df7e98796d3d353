//! Tests of the forms of an upload, and of refusals.

use std::io::Write as _;
use std::process::Command;

use crate::client::{BOUNDARY, Request, connect, read_reply};
use crate::server::{CHAT, Server, pictures, testdata, testdata_folder};

#[test]
fn the_part_is_named_background_or_file_and_comes_once() {
    let server = Server::start();
    let [picture, other] = pictures();
    let put = |parts: &[(&str, &[u8])]| server.send(&server.background("PUT", CHAT).parts(parts));
    assert_eq!(put(&[("background", &picture)]).status, 200);
    assert_eq!(put(&[("note", b"text"), ("file", &other), ("more", b"")]).json()["background_version"], 2);
    for (parts, code) in [
        (&[("background", &picture[..]), ("file", &other)][..], "duplicate_file"),
        (&[("background", &picture), ("background", &picture)], "duplicate_file"),
        (&[("picture", &picture)], "missing_file"),
        (&[], "missing_file"),
        (&[("note", &[b'x'; 70_000]), ("file", &picture)], "not_multipart"),
        (&[("background", b"")], "empty"),
    ] {
        assert_eq!(put(parts).refusal(), (400, code.into()));
    }
    assert_eq!(server.get(CHAT)["background_version"], 2);
}

#[test]
fn only_multipart_is_taken() {
    let server = Server::start();
    let [picture, _] = pictures();
    let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
    for content_type in ["image/jpeg", "multipart/form-data", "application/json", "multipart/mixed; boundary=x", &long]
    {
        let mut request = server.background("PUT", CHAT).header("Content-Type", content_type);
        request.body.clone_from(&picture);
        assert_eq!(server.send(&request).refusal(), (400, "not_multipart".into()), "{content_type}");
    }
    assert_eq!(server.send(&server.background("PUT", CHAT)).refusal(), (400, "not_multipart".into()));
}

#[test]
fn broken_framing_is_refused() {
    let server = Server::start();
    let whole = server.background("PUT", CHAT).parts(&[("background", &pictures()[0])]);
    let send = |body: Vec<u8>| server.send(&Request { body, ..whole.clone() }).refusal();
    for len in [0, 10, 60, 200, whole.body.len() - 30, whole.body.len() - 4] {
        assert_eq!(send(whole.body[..len].to_vec()), (400, "not_multipart".into()), "{len}");
    }
    let preamble = [&[b' '; 20_000], &whole.body[..]].concat();
    assert_eq!(send(preamble), (400, "not_multipart".into()));
    let head = format!("--{BOUNDARY}\r\nX: {}", "y".repeat(20_000)).into_bytes();
    assert_eq!(send(head), (400, "not_multipart".into()));
}

#[test]
fn every_format_is_set_whatever_its_part_is_called() {
    let server = Server::start();
    for name in [
        "jpeg/orientation_6.jpg",
        "png/display_p3.png",
        "gif/offset_frame.gif",
        "webp/lossy_333x251.webp",
        "heic/ten_bit.heic",
    ] {
        let set = server.put(CHAT, &testdata(name));
        assert_eq!((set.status, &set.json()["changed"]), (200, &true.into()), "{name}");
    }
    assert_eq!(server.get(CHAT)["background_version"], 5);
}

#[test]
fn a_bad_upload_is_400_with_the_librarys_code() {
    let server = Server::start();
    for folder in std::fs::read_dir(testdata_folder().join("bad")).unwrap().flatten() {
        let code = folder.file_name().into_string().unwrap();
        let files = std::fs::read_dir(folder.path()).unwrap().flatten();
        for file in files.take(3) {
            let upload = std::fs::read(file.path()).unwrap();
            assert_eq!(server.put(CHAT, &upload).refusal(), (400, code.clone()), "{}", file.path().display());
        }
    }
    assert_eq!(server.get(CHAT)["has_background"], false);
}

/// The head of a PUT and of its file part. The test writes the rest of the body.
fn begun(server: &Server, announced: Option<usize>) -> (std::net::TcpStream, String) {
    let request =
        server.background("PUT", CHAT).header("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}"));
    let request = match announced {
        Some(bytes) => request.header("Content-Length", bytes.to_string()),
        None => request.header("Transfer-Encoding", "chunked"),
    };
    let mut stream = connect(server.address).unwrap();
    stream.write_all(&request.head()).unwrap();
    let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"background\"\r\n\r\n");
    (stream, part)
}

#[test]
fn a_wrong_format_is_refused_on_its_first_bytes() {
    let server = Server::start();
    let (mut stream, part) = begun(&server, Some(5_000_000));
    stream.write_all(part.as_bytes()).unwrap();
    stream.write_all(b"%PDF-1.7").unwrap();
    let reply = read_reply(&mut stream, false).unwrap();
    assert_eq!(reply.refusal(), (400, "unknown_format".into()));
}

#[test]
fn an_announced_excess_is_refused_before_the_body() {
    let server = Server::start();
    let (mut stream, _) = begun(&server, Some(12_000_000));
    let reply = read_reply(&mut stream, false).unwrap();
    assert_eq!(reply.refusal(), (400, "too_large".into()));
    assert_eq!(reply.json()["details"], serde_json::json!({ "limit": 10_485_760, "actual": 12_000_000 }));
}

#[test]
fn an_eleventh_mebibyte_is_never_kept() {
    let server = Server::start();
    let (mut stream, part) = begun(&server, None);
    let mut chunk = |bytes: &[u8]| {
        let framed = [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
        stream.write_all(&framed).map(|()| stream.try_clone().unwrap())
    };
    chunk(part.as_bytes()).unwrap();
    chunk(b"GIF89a").unwrap();
    let mebibyte = vec![0; 1 << 20];
    let mut taken = 0;
    // Bytes after it are drained up to a limit, and then the connection is closed.
    while taken < 300 && chunk(&mebibyte).is_ok() {
        taken += 1;
    }
    let reply = read_reply(&mut stream, false).unwrap();
    assert_eq!(reply.refusal(), (400, "too_large".into()));
    let details = &reply.json()["details"];
    assert_eq!(details["limit"], 10_485_760);
    assert!((10_485_761..11_600_000).contains(&details["actual"].as_u64().unwrap()), "{details}");
    assert!(taken < 300, "everything was read");
    assert_eq!(server.metric("ingest_upload_bytes"), 0.0);
}

#[test]
fn a_file_of_exactly_the_limit_is_not_too_large() {
    let server = Server::start();
    let mut upload = pictures()[1].clone();
    upload.resize(10_485_760, 0);
    assert_eq!(server.put(CHAT, &upload).status, 200, "trailing bytes are no damage");
    upload.push(0);
    assert_eq!(server.put(CHAT, &upload).refusal(), (400, "too_large".into()));
}

#[test]
fn an_answer_before_the_body_reaches_a_client_that_writes_first() {
    let server = Server::start();
    let picture = vec![0; 900_000];
    for _ in 0..10 {
        let request = Request::new("PUT", format!("/v2/api/chats/{CHAT}/background")).parts(&[("file", &picture)]);
        assert_eq!(server.send(&request).refusal(), (401, "unauthenticated".into()));
    }
}

#[test]
fn a_client_that_waits_to_be_told_is_not_told_to_send_what_is_refused() {
    let server = Server::start();
    let whole = server.background("PUT", CHAT).header("Expect", "100-continue").parts(&[("file", &pictures()[0])]);
    let mut stream = connect(server.address).unwrap();
    stream.write_all(&whole.head()).unwrap();
    assert_eq!(read_reply(&mut stream, false).unwrap().status, 100);
    stream.write_all(&whole.body).unwrap();
    assert_eq!(read_reply(&mut stream, false).unwrap().status, 200);

    let mut refused = whole.clone();
    refused.headers[0].1 = "Bearer none".into();
    let mut stream = connect(server.address).unwrap();
    stream.write_all(&refused.head()).unwrap();
    assert_eq!(read_reply(&mut stream, false).unwrap().status, 401);
}

/// The two curl commands of the page that this endpoint was made from, except for host and key.
#[test]
fn the_pages_curl_lines_work_as_printed() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: curl is not installed");
        return;
    }
    let server = Server::start();
    let base = format!("http://{}", server.address);
    let key = format!("Authorization: Bearer {}", server.key);
    let testdata = testdata_folder().canonicalize().unwrap();
    let jpeg = format!("background=@{}/jpeg/orientation_6.jpg;type=image/jpeg", testdata.display());
    let heic = format!("file=@{}/heic/ten_bit.heic;type=application/octet-stream", testdata.display());
    let curl = |chat: &str, form: &str| {
        let url = format!("{base}/v2/api/chats/{chat}/background");
        let output = Command::new("curl").args(["-sS", "-X", "PUT", &url, "-H", &key, "-F", form]).output().unwrap();
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    assert_eq!(curl("%2B15551234567", &jpeg)["changed"], true);
    assert_eq!(curl("chat_a1b2c3d4", &heic)["chat_id"], "chat_a1b2c3d4");
}
