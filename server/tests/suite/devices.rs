//! Tests of devices with agents: the real agent, and ones that refuse, hang, drop replies or do not exist.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use image_ingest_agent::{AgentConfig, ChatRef, Device};

use crate::client::Request;
use crate::server::{CHAT, Home, Server, eventually, pictures};

const SECRET: &str = "a secret of tests with more than 32 bytes";

const HTTP: [(&str, &str); 4] = [
    ("IMAGE_INGEST__DEVICE__GATEWAY", "http"),
    ("IMAGE_INGEST__DEVICE__SECRET", SECRET),
    ("IMAGE_INGEST__TIMES__REPAIR_MS", "50"),
    ("IMAGE_INGEST__TIMES__DEVICE_MS", "700"),
];

/// A server whose demo number has the route `agent`.
fn server(agent: SocketAddr) -> Server {
    let home = Home::new(&HTTP);
    let server = home.start();
    route(&server, agent);
    server
}

fn route(server: &Server, agent: SocketAddr) {
    let (ok, text) =
        server.home().admin(&["numbers", "add", "demo", "+15550000001", "--route", &format!("http://{agent}")]);
    assert!(ok, "{text}");
}

/// The real agent, served in this process.
fn agent(folder: &Path, secret: &str) -> SocketAddr {
    let router = image_ingest_agent::router(AgentConfig::new(folder, secret)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), router).await })
    });
    address
}

fn held(folder: &Path) -> Option<(u64, Option<String>)> {
    let device = Device::open(folder, 1170, 2532).unwrap();
    let chat = ChatRef { number: "+15550000001", account: "demo", chat: "+15551234567" };
    device.read(chat).unwrap().map(|held| (held.version, held.id))
}

#[test]
fn an_agent_fetches_verifies_and_applies() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(agent(folder.path(), SECRET));
    let set = server.put(CHAT, &pictures()[0]);
    assert_eq!(set.status, 200, "{}", server.home().log());
    let id = set.json()["background_id"].as_str().unwrap().to_owned();
    assert_eq!(held(folder.path()), Some((1, Some(id))));
    assert_eq!(server.delete(CHAT).status, 200);
    assert_eq!(held(folder.path()), Some((2, None)));
    let (ok, text) = server.home().admin(&["check", "--devices"]);
    assert!(ok, "{text}");
}

#[test]
fn an_agent_with_another_secret_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(agent(folder.path(), "another secret, of 32 bytes and more"));
    let reply = server.put(CHAT, &pictures()[0]);
    assert_eq!(reply.refusal(), (502, "device_refused".into()));
    assert_eq!(held(folder.path()), None);
}

#[test]
fn without_a_store_the_device_still_gets_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(agent(folder.path(), SECRET));
    // A file where the store's folder would be: nothing can be stored.
    let objects = server.home().data().join("objects");
    std::fs::write(&objects, b"").unwrap();
    let set = server.put(CHAT, &pictures()[0]).json();
    assert_eq!((&set["background_url"], &set["changed"]), (&serde_json::Value::Null, &true.into()));
    assert_eq!(held(folder.path()).unwrap().1.as_deref(), set["background_id"].as_str());

    std::fs::remove_file(&objects).unwrap();
    eventually("it has no url", || !server.get(CHAT)["background_url"].is_null());
    let state = server.get(CHAT);
    assert_eq!(state["background_version"], 1);
    assert_eq!(server.object(&state["background_url"]).status, 200);
}

#[test]
fn the_same_upload_repairs_a_missing_object() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(agent(folder.path(), SECRET));
    let data = server.home().data();
    std::fs::write(data.join("objects"), b"").unwrap();
    // Nor can it be spooled, so that no repair can store it.
    std::fs::remove_dir(data.join("spool")).unwrap();
    std::fs::write(data.join("spool"), b"").unwrap();
    assert!(server.put(CHAT, &pictures()[0]).json()["background_url"].is_null());
    std::fs::remove_file(data.join("objects")).unwrap();
    let again = server.put(CHAT, &pictures()[0]).json();
    assert_eq!((&again["background_version"], &again["changed"]), (&1.into(), &false.into()));
    assert_eq!(server.object(&again["background_url"]).status, 200);
}

/// A device that answers each connection as the test decides.
#[derive(Clone, Copy)]
enum Fault {
    Refuses,
    Hangs,
    DropsReply,
    RepliesNonsense,
}

struct Faulty {
    address: SocketAddr,
    calls: Arc<AtomicUsize>,
    fault: Arc<Mutex<Fault>>,
}

/// A proxy to a real agent, so that a change whose reply is dropped is applied.
fn faulty(fault: Fault, behind: SocketAddr) -> Faulty {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (calls, fault) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(fault)));
    let (counted, told) = (Arc::clone(&calls), Arc::clone(&fault));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let fault = *told.lock().unwrap();
            std::thread::spawn(move || misbehave(fault, stream, behind));
        }
    });
    Faulty { address, calls, fault }
}

fn misbehave(fault: Fault, mut stream: TcpStream, behind: SocketAddr) {
    let mut request = vec![0; 64 * 1024];
    let len = stream.read(&mut request).unwrap_or(0);
    match fault {
        Fault::Refuses => {
            let _ = stream.write_all(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
        }
        Fault::RepliesNonsense => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        }
        Fault::Hangs => std::thread::sleep(Duration::from_secs(20)),
        Fault::DropsReply => {
            let mut agent = TcpStream::connect(behind).unwrap();
            agent.write_all(&request[..len]).unwrap();
            let _ = agent.read(&mut request);
        }
    }
}

fn fails_and_is_pending(fault: Fault, code: &str) {
    let folder = tempfile::tempdir().unwrap();
    let real = agent(folder.path(), SECRET);
    let device = faulty(fault, real);
    let server = server(device.address);
    let reply = server.put(CHAT, &pictures()[0]);
    assert_eq!(reply.refusal(), (502, code.into()));
    assert_eq!(reply.json()["details"], serde_json::json!({ "background_version": 1, "pending": true }));
    let state = server.get(CHAT);
    assert_eq!((&state["background_version"], &state["has_background"]), (&1.into(), &true.into()));
    assert_eq!(server.object(&state["background_url"]).status, 200, "the object is stored");

    let calls = device.calls.load(Ordering::SeqCst);
    eventually("it is not tried again", || device.calls.load(Ordering::SeqCst) > calls);
    let again = server.put(CHAT, &pictures()[0]);
    assert_eq!(again.refusal(), (502, code.into()), "the same upload tries the device at once");
    route(&server, real);
    let again = server.put(CHAT, &pictures()[0]).json();
    assert_eq!((&again["background_version"], &again["changed"]), (&1.into(), &true.into()));
    assert_eq!(server.put(CHAT, &pictures()[0]).json()["changed"], false);
    server.settle();
    assert_eq!(held(folder.path()).unwrap().0, 1);
}

#[test]
fn a_device_that_refuses_gets_the_change_later() {
    fails_and_is_pending(Fault::Refuses, "device_refused");
}

#[test]
fn a_device_that_hangs_gets_the_change_later() {
    fails_and_is_pending(Fault::Hangs, "device_timeout");
}

#[test]
fn a_device_that_drops_its_reply_has_the_change_once() {
    fails_and_is_pending(Fault::DropsReply, "device_unreachable");
}

#[test]
fn a_device_that_replies_nonsense_gets_the_change_later() {
    fails_and_is_pending(Fault::RepliesNonsense, "device_refused");
}

#[test]
fn a_device_that_comes_back_gets_the_last_change_alone() {
    let folder = tempfile::tempdir().unwrap();
    let device = faulty(Fault::Refuses, agent(folder.path(), SECRET));
    let server = server(device.address);
    let [picture, other] = pictures();
    for (upload, version) in [(&picture, 1), (&other, 2)] {
        assert_eq!(server.put(CHAT, upload).json()["details"]["background_version"], version);
    }
    assert_eq!(server.delete(CHAT).refusal(), (502, "device_refused".into()));
    *device.fault.lock().unwrap() = Fault::DropsReply;
    eventually("the device has not the last change", || held(folder.path()) == Some((3, None)));
    route(&server, agent(folder.path(), SECRET));
    server.settle();
    assert_eq!(server.delete(CHAT).json()["changed"], false);
}

#[test]
fn a_device_that_is_not_there_is_unreachable() {
    let server = server(SocketAddr::from(([127, 0, 0, 1], 1)));
    assert_eq!(server.put(CHAT, &pictures()[0]).refusal(), (502, "device_unreachable".into()));
}

#[test]
fn an_idempotent_retry_after_a_device_failure_gets_the_first_answer() {
    let folder = tempfile::tempdir().unwrap();
    let real = agent(folder.path(), SECRET);
    let server = server(SocketAddr::from(([127, 0, 0, 1], 1)));
    let put = || {
        let request = server.background("PUT", CHAT).header("Idempotency-Key", "k");
        server.send(&request.parts(&[("background", &pictures()[0])]))
    };
    assert_eq!(put().status, 502);
    assert_eq!(put().status, 502);
    route(&server, real);
    let done = put();
    assert_eq!((&done.json()["changed"], &done.json()["background_version"]), (&true.into(), &1.into()));
    assert_eq!(put().body, done.body);
}

#[test]
fn an_agent_takes_a_signed_request_once_in_its_window() {
    use image_ingest_agent::signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER, now, sign};
    let folder = tempfile::tempdir().unwrap();
    let agent = agent(folder.path(), SECRET);
    let body = br#"{"number":"+1555","account":"a","chat":"grp_1","version":3,"object":null}"#;
    let send = |timestamp: u64, signature: String| {
        let mut request = Request::new("PUT", "/v1/background")
            .header(TIMESTAMP_HEADER, timestamp.to_string())
            .header(SIGNATURE_HEADER, signature);
        request.body = body.to_vec();
        request.send(agent).unwrap()
    };
    let at = now();
    let signed = |at| sign(SECRET.as_bytes(), "/v1/background", at, body);
    assert_eq!(send(at, signed(at)).json()["version"], 3);
    assert_eq!(send(at, signed(at)).json()["version"], 3, "a repetition changes nothing");
    let old = at - 61_000;
    for (timestamp, signature) in [(old, signed(old)), (at, signed(at - 1)), (at, String::new())] {
        assert_eq!(send(timestamp, signature).status, 401);
    }
}
