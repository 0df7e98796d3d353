//! Tests of operation: health, documents, administration, shutdown, and data that must never be printed or logged.

use std::io::Write as _;
use std::time::Duration;

use serde_json::Value;

use crate::client::{Request, connect, read_reply};
use crate::server::{CHAT, Home, Server, eventually, pictures, testdata};

#[test]
fn every_answer_has_an_id_of_its_own() {
    let server = Server::start();
    let paths = ["/healthz", "/readyz", "/metrics", "/limits", "/openapi.json", "/try", "/nothing", "/objects/x"];
    let mut ids: Vec<String> = Vec::new();
    for base in ["", "/v2/api"] {
        for path in paths {
            let reply = server.send(&Request::new("GET", format!("{base}{path}")));
            let expected = if path == "/nothing" || path == "/objects/x" { 404 } else { 200 };
            assert_eq!(reply.status, expected, "{path}");
            ids.push(reply.header("x-request-id").unwrap().to_owned());
        }
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 16);
}

#[test]
fn the_limits_in_force_are_told() {
    let server = Server::with(&[("IMAGE_INGEST__WORK__MAX_UPLOAD_BYTES", "5000")]);
    let limits = server.send(&Request::new("GET", "/v2/api/limits")).json();
    assert_eq!((&limits["upload"]["max_bytes"], &limits["upload"]["max_pixels"]), (&5000.into(), &220_000_000.into()));
    let refused = server.put(CHAT, &pictures()[0]);
    assert_eq!(refused.json()["details"]["limit"], 5000);
}

#[test]
fn the_document_names_every_call_and_status() {
    let server = Server::start();
    let document = server.send(&Request::new("GET", "/v2/api/openapi.json")).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let put = &document["paths"]["/chats/{chatId}/background"]["put"];
    let statuses: Vec<&String> = put["responses"].as_object().unwrap().keys().collect();
    assert_eq!(statuses, ["200", "400", "401", "408", "409", "412", "414", "429", "431", "502", "503"]);
    let schema = &put["requestBody"]["content"]["multipart/form-data"]["schema"];
    let name = schema["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
    assert!(document["components"]["schemas"][name]["properties"]["background"].is_object());
    for (path, method) in [
        ("/objects/{token}", "get"),
        ("/limits", "get"),
        ("/chats/{chatId}/background", "delete"),
        ("/agent/v1/changes", "get"),
        ("/agent/v1/applied", "post"),
    ] {
        assert!(document["paths"][path][method].is_object(), "{path}");
        assert!(document["paths"][path][method]["responses"]["431"]["content"].is_object(), "{path}");
    }
    assert_eq!(document["paths"]["/agent/v1/changes"]["servers"][0]["url"], "/");
    let body = &document["components"]["schemas"]["BackgroundBody"]["properties"];
    assert!(body["background_state"].is_object() && body["device_code"].is_object());
    assert!(body["background_renditions"].is_object());
    assert!(document["components"]["schemas"]["RenditionBody"]["properties"]["url"].is_object());
}

#[test]
fn an_upload_under_way_is_finished_when_the_server_is_told_to_stop() {
    let server = Server::start();
    let request = server.background("PUT", CHAT).parts(&[("background", &pictures()[0])]);
    let mut stream = connect(server.address).unwrap();
    stream.write_all(&request.head()).unwrap();
    let (first, rest) = request.body.split_at(20_000);
    stream.write_all(first).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    server.signal("-TERM");
    eventually("connections are accepted", || connect(server.address).is_err());
    stream.write_all(rest).unwrap();
    let reply = read_reply(&mut stream, false).unwrap();
    assert_eq!(reply.status, 200);
    drop(stream);
    let (status, home) = server.ended();
    assert!(status.success());
    let server = home.start();
    assert_eq!(server.get(CHAT)["background_id"], reply.json()["background_id"]);
}

#[test]
pub(crate) fn keys_and_numbers_are_administered() {
    let home = Home::new(&[]);
    let (ok, key) = home.admin(&["keys", "add", "acme", "--label", "for tests"]);
    assert!(ok && key.starts_with("bl_live_"), "{key}");
    let (_, listed) = home.admin(&["keys", "list"]);
    let id = key.split('_').nth(2).unwrap();
    assert!(listed.contains(id) && listed.contains("for tests"));
    assert!(!listed.contains(key.trim().rsplit('_').next().unwrap()), "the key is shown once");
    assert!(home.admin(&["keys", "revoke", id]).0);
    assert!(!home.admin(&["keys", "revoke", id]).0);

    assert!(home.admin(&["numbers", "add", "acme", "+15550000009"]).0);
    assert!(!home.admin(&["numbers", "add", "other", "+15550000009"]).0);
    assert!(!home.admin(&["numbers", "add", "acme", "+15550000009", "--agent", "phone-9"]).0, "there is no such agent");
    let (ok, credential) = home.admin(&["agents", "add", "phone-9"]);
    assert!(ok && credential.starts_with("bl_agent_phone-9_"), "{credential}");
    assert!(!home.admin(&["agents", "add", "phone-9"]).0);
    assert!(home.admin(&["numbers", "add", "acme", "+15550000009", "--agent", "phone-9"]).0);
    assert!(home.admin(&["numbers", "list"]).1.contains("acme\t+15550000009\tagent:phone-9"));
    let (_, rotated) = home.admin(&["agents", "rotate", "phone-9"]);
    assert!(rotated.starts_with("bl_agent_phone-9_") && rotated != credential);
    assert!(home.admin(&["agents", "revoke", "phone-9"]).0 && !home.admin(&["agents", "revoke", "phone-9"]).0);
    assert!(home.admin(&["agents", "list"]).1.contains("phone-9"));
    assert!(!home.admin(&["numbers", "add", "acme", "5550000009"]).0);
    assert!(home.admin(&["numbers", "remove", "+15550000009"]).0);
    assert!(home.admin(&["check"]).0);
}

#[test]
fn a_configuration_that_cannot_work_is_named_and_secrets_are_not() {
    let home =
        Home::new(&[("IMAGE_INGEST__OBJECTS__KIND", "s3"), ("IMAGE_INGEST__OBJECTS__SECRET_ACCESS_KEY", "canary")]);
    let (ok, text) = home.admin(&["serve"]);
    assert!(!ok && text.contains("objects.bucket") && !text.contains("canary"), "{text}");
    let home = Home::new(&[("IMAGE_INGEST__DATABASE__URL", "postgres://user:canary@127.0.0.1:1/none")]);
    let (ok, text) = home.admin(&["check"]);
    assert!(!ok && text.contains("state database") && !text.contains("canary"), "{text}");
}

#[test]
fn completions_and_manual_pages_need_no_configuration_that_works() {
    let home = Home::new(&[("IMAGE_INGEST__OBJECTS__KIND", "s3")]);
    let (ok, script) = home.admin(&["completions", "bash"]);
    assert!(ok && script.contains("image-ingest-server") && script.contains("migrate"), "{script}");
    let folder = tempfile::tempdir().unwrap();
    assert!(home.admin(&["man", folder.path().to_str().unwrap()]).0);
    let page = std::fs::read_to_string(folder.path().join("image-ingest-server-check.1")).unwrap();
    assert!(page.contains("deep"), "{page}");
}

#[test]
fn check_finds_what_is_wrong() {
    let server = Server::start();
    server.put(CHAT, &pictures()[0]);
    let home = server.kill();
    assert!(home.admin(&["check", "--devices"]).0);
    let objects = home.data().join("objects");
    let object = std::fs::read_dir(&objects).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&object, b"other bytes").unwrap();
    let (ok, text) = home.admin(&["check", "--deep"]);
    assert!(!ok && text.contains("has other bytes than its id says"), "{text}");
    std::fs::remove_file(&object).unwrap();
    let (ok, text) = home.admin(&["check"]);
    assert!(!ok && text.contains("is missing"), "{text}");
    std::fs::remove_dir_all(home.data().join("device")).unwrap();
    let (ok, text) = home.admin(&["check", "--devices"]);
    assert!(!ok && text.contains("the device has another background"), "{text}");
}

#[test]
fn nothing_secret_reaches_a_log_a_metric_an_error_or_an_object() {
    let server = Server::start();
    let picture = with_canary(&pictures()[0]);
    let named = |upload: &[u8]| {
        let mut request = server.background("PUT", CHAT).parts(&[("background", upload)]);
        let body = std::mem::take(&mut request.body);
        let at = body.windows(5).position(|w| w == b"a.jpg").unwrap();
        request.body = [&body[..at], b"CANARY-NAME.jpg", &body[at + 5..]].concat();
        server.send(&request)
    };
    let set = named(&picture);
    assert_eq!(set.status, 200);
    let refused = named(b"CANARY-GPS is no image");
    let half = named(&picture[..picture.len() / 2]);
    let object = server.object(&set.json()["background_url"]).body;
    let metrics = server.send(&Request::new("GET", "/metrics")).body;
    let secret = server.key.rsplit('_').next().unwrap().to_owned();
    let log = server.home().log().into_bytes();
    assert!(!log.is_empty());
    for (what, bytes) in [
        ("log", log),
        ("metrics", metrics),
        ("object", object),
        ("answer", set.body),
        ("error", refused.body),
        ("error", half.body),
    ] {
        for canary in ["CANARY", &secret] {
            assert!(!bytes.windows(canary.len()).any(|w| w == canary.as_bytes()), "{canary} in the {what}");
        }
    }
    let database = std::fs::read(server.home().data().join("state.db-wal")).unwrap();
    assert!(!database.windows(secret.len()).any(|w| w == secret.as_bytes()), "the key is in the database");
}

/// The JPEG with a comment and an XMP segment that say where it was taken.
fn with_canary(jpeg: &[u8]) -> Vec<u8> {
    let segment = |marker: u8, text: &[u8]| {
        let len = u16::try_from(text.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker][..], &len, text].concat()
    };
    let comment = segment(0xfe, b"CANARY-GPS 52.5 N 13.4 E");
    let xmp = segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x CANARY-GPS/>");
    [&jpeg[..2], &comment, &xmp, &jpeg[2..]].concat()
}

#[test]
pub(crate) fn sixty_four_changes_of_one_chat_at_once_are_sixty_four_versions_at_most() {
    let server = Server::with(&[("IMAGE_INGEST__WORK__QUEUE", "64")]);
    let uploads = [pictures().to_vec(), vec![testdata("webp/lossy_333x251.webp")]].concat();
    let replies: Vec<Value> = std::thread::scope(|scope| {
        let change = |i: usize| {
            let (server, upload) = (&server, &uploads[i % 3]);
            scope.spawn(move || {
                let reply = if i % 4 == 3 { server.delete(CHAT) } else { server.put(CHAT, upload) };
                assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
                reply.json()
            })
        };
        let threads: Vec<_> = (0..64).map(change).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut changed: Vec<i64> =
        replies.iter().filter(|r| r["changed"] == true).map(|r| r["background_version"].as_i64().unwrap()).collect();
    changed.sort_unstable();
    let last = i64::try_from(changed.len()).unwrap();
    assert_eq!(changed, (1..=last).collect::<Vec<_>>(), "each version once, without gaps");
    assert_eq!(server.get(CHAT)["background_version"], last);
    let home = server.kill();
    let (ok, text) = home.admin(&["check", "--devices"]);
    assert!(ok, "{text}");
}
