//! Tests of devices with agents: the real agent, and ones that refuse, hang, are ahead or do not exist.

use std::path::Path;
use std::time::{Duration, Instant};

use image_ingest_agent::{ChatRef, Device};
use serde_json::{Value, json};

use crate::agents::{RunningAgent, add_agent, answer, outcome, poll, poll_request, run_agent, try_poll};
use crate::client::Reply;
use crate::server::{CHAT, Home, Server, eventually, pictures};

const NUMBER: &str = "+15550000001";

const QUICK: [(&str, &str); 2] = [("IMAGE_INGEST__TIMES__REPAIR_MS", "50"), ("IMAGE_INGEST__TIMES__DEVICE_MS", "1500")];

/// A server whose demo number has an agent that does not run yet, and that agent's credential.
fn server() -> (Server, String) {
    let server = Home::new(&QUICK).start();
    let credential = add_agent(&server, "phone", NUMBER);
    (server, credential)
}

/// A server with a running agent, and its folder.
fn with_agent() -> (Server, RunningAgent, tempfile::TempDir) {
    let (server, credential) = server();
    let folder = tempfile::tempdir().unwrap();
    let agent = run_agent(server.address, &credential, folder.path());
    eventually("the agent has not asked", || {
        server.home().admin(&["agents", "list"]).1.lines().all(|l| !l.ends_with('-'))
    });
    (server, agent, folder)
}

fn held(folder: &Path) -> Option<(u64, Option<String>)> {
    let device = Device::open(folder, 1170, 2532).unwrap();
    let chat = ChatRef { number: NUMBER, account: "demo", chat: "+15551234567" };
    device.read(chat).unwrap().map(|held| (held.version, held.id))
}

/// Puts in a thread, while `device` plays the agent.
fn put_while(server: &Server, upload: &[u8], device: impl FnOnce()) -> Reply {
    std::thread::scope(|scope| {
        let put = scope.spawn(|| server.put(CHAT, upload));
        device();
        put.join().unwrap()
    })
}

/// The next change, which must come.
fn next(server: &Server, credential: &str) -> Value {
    let changes = poll(server, credential, 10);
    assert_eq!(changes.len(), 1, "{changes:?}");
    changes[0].clone()
}

#[test]
pub(crate) fn an_agent_fetches_verifies_and_applies() {
    let (server, _agent, folder) = with_agent();
    let set = server.put(CHAT, &pictures()[0]);
    assert_eq!(set.status, 200, "{}", server.home().log());
    assert_eq!(set.json()["background_state"], "applied");
    let id = set.json()["background_id"].as_str().unwrap().to_owned();
    assert_eq!(held(folder.path()), Some((1, Some(id))));
    assert_eq!(server.put(CHAT, &pictures()[0]).json()["changed"], false);
    assert_eq!(server.delete(CHAT).status, 200);
    assert_eq!(held(folder.path()), Some((2, None)));
    server.settle();
    let (ok, text) = server.home().admin(&["check", "--repair"]);
    assert!(ok, "{text}");
}

#[test]
fn without_a_store_the_device_still_gets_the_picture() {
    let (server, _agent, folder) = with_agent();
    // A file where the store's folder would be: nothing can be stored.
    let objects = server.home().data().join("objects");
    std::fs::write(&objects, b"").unwrap();
    let set = server.put(CHAT, &pictures()[0]).json();
    assert_eq!((&set["background_url"], &set["changed"]), (&Value::Null, &true.into()));
    assert_eq!(held(folder.path()).unwrap().1.as_deref(), set["background_id"].as_str());

    std::fs::remove_file(&objects).unwrap();
    eventually("it has no url", || !server.get(CHAT)["background_url"].is_null());
    let state = server.get(CHAT);
    assert_eq!(state["background_version"], 1);
    assert_eq!(server.object(&state["background_url"]).status, 200);
}

#[test]
fn a_spool_that_is_full_refuses_the_change() {
    let server = Home::new(&[("IMAGE_INGEST__OBJECTS__SPOOL_BYTES", "1000")]).start();
    std::fs::write(server.home().data().join("objects"), b"").unwrap();
    assert_eq!(server.put(CHAT, &pictures()[0]).refusal(), (503, "storage_unavailable".into()));
    assert_eq!(server.get(CHAT)["background_version"], Value::Null);
}

#[test]
fn the_same_upload_repairs_a_missing_object() {
    let server = Home::new(&[("IMAGE_INGEST__TIMES__REPAIR_MS", "600000")]).start();
    let objects = server.home().data().join("objects");
    std::fs::write(&objects, b"").unwrap();
    assert!(server.put(CHAT, &pictures()[0]).json()["background_url"].is_null());
    std::fs::remove_file(&objects).unwrap();
    // The store is left alone for a second after a failure.
    std::thread::sleep(Duration::from_millis(1100));
    let again = server.put(CHAT, &pictures()[0]).json();
    assert_eq!((&again["background_version"], &again["changed"]), (&1.into(), &false.into()));
    assert_eq!(server.object(&again["background_url"]).status, 200);
}

#[test]
fn a_device_without_an_agent_is_unreachable_at_once_and_gets_the_last_change_later() {
    let (server, credential) = server();
    let [picture, other] = pictures();
    for (upload, version) in [(&picture, 1), (&other, 2)] {
        let started = Instant::now();
        let reply = server.put(CHAT, upload);
        assert_eq!(reply.refusal(), (502, "device_unreachable".into()));
        assert!(started.elapsed() < Duration::from_millis(1200), "{:?}", started.elapsed());
        assert_eq!(reply.json()["details"], json!({ "background_version": version, "pending": true }));
    }
    assert_eq!(server.delete(CHAT).refusal(), (502, "device_unreachable".into()));
    let state = server.get(CHAT);
    assert_eq!((&state["background_version"], &state["background_state"]), (&3.into(), &"pending".into()));
    let folder = tempfile::tempdir().unwrap();
    let _agent = run_agent(server.address, &credential, folder.path());
    eventually("the device has not the last change", || held(folder.path()) == Some((3, None)));
    server.settle();
    assert_eq!(server.get(CHAT)["background_state"], "applied");
    assert_eq!(server.delete(CHAT).json()["changed"], false);
}

#[test]
fn a_device_that_refuses_gets_the_change_later() {
    let (server, credential) = server();
    poll(&server, &credential, 0);
    let reply = put_while(&server, &pictures()[0], || {
        let change = next(&server, &credential);
        let mut refusal = outcome(&change, "refused");
        refusal["code"] = "screen_locked".into();
        assert_eq!(answer(&server, &credential, &refusal).status, 200);
    });
    assert_eq!(reply.refusal(), (502, "device_refused".into()));
    let state = server.get(CHAT);
    assert_eq!((&state["background_state"], &state["device_code"]), (&"failed".into(), &"screen_locked".into()));
    assert_eq!(server.object(&state["background_url"]).status, 200, "the object is stored");
    let folder = tempfile::tempdir().unwrap();
    let _agent = run_agent(server.address, &credential, folder.path());
    eventually("it is not tried again", || held(folder.path()).is_some());
    server.settle();
    assert_eq!(server.get(CHAT)["background_state"], "applied");
}

#[test]
fn a_device_that_hangs_gets_the_change_by_the_same_upload() {
    let (server, credential) = server();
    poll(&server, &credential, 0);
    let reply = put_while(&server, &pictures()[0], || {
        next(&server, &credential);
    });
    assert_eq!(reply.refusal(), (502, "device_timeout".into()));
    let again = put_while(&server, &pictures()[0], || {
        let change = next(&server, &credential);
        answer(&server, &credential, &outcome(&change, "applied"));
        // An answer that is given twice changes nothing.
        assert_eq!(answer(&server, &credential, &outcome(&change, "applied")).status, 200);
    });
    assert_eq!((&again.json()["background_version"], &again.json()["changed"]), (&1.into(), &true.into()));
    assert_eq!(server.put(CHAT, &pictures()[0]).json()["changed"], false);
}

#[test]
fn an_idempotent_retry_after_a_device_failure_gets_the_first_answer() {
    let (server, credential) = server();
    let put = || {
        let request = server.background("PUT", CHAT).header("Idempotency-Key", "k");
        server.send(&request.parts(&[("background", &pictures()[0])]))
    };
    assert_eq!(put().status, 502);
    assert_eq!(put().status, 502);
    let folder = tempfile::tempdir().unwrap();
    let _agent = run_agent(server.address, &credential, folder.path());
    eventually("it is pending", || server.get(CHAT)["background_state"] == "applied");
    let done = put();
    assert_eq!((&done.json()["changed"], &done.json()["background_version"]), (&true.into(), &1.into()));
    assert_eq!(put().body, done.body);
}

#[test]
pub(crate) fn a_device_that_is_ahead_gets_the_background_under_a_version_past_its_own() {
    let (server, credential) = server();
    poll(&server, &credential, 0);
    let reply = put_while(&server, &pictures()[0], || {
        let mut shows = outcome(&next(&server, &credential), "shows");
        shows["version"] = 7.into();
        shows["content_id"] = Value::Null;
        assert_eq!(answer(&server, &credential, &shows).status, 200);
        let again = next(&server, &credential);
        assert_eq!(again["version"], 8);
        assert_eq!(answer(&server, &credential, &outcome(&again, "applied")).status, 200);
    });
    let json = reply.json();
    assert_eq!((&json["background_version"], &json["changed"]), (&8.into(), &true.into()), "{json}");
    assert_eq!(server.get(CHAT)["background_version"], 8);
    let (ok, text) = server.kill().admin(&["check"]);
    assert!(ok, "{text}");
}

#[test]
fn an_open_poll_does_not_hold_a_shutdown() {
    let (server, credential) = server();
    let started = Instant::now();
    let status = std::thread::scope(|scope| {
        let open = scope.spawn(|| poll_request(&credential, 30).send(server.address));
        std::thread::sleep(Duration::from_millis(500));
        server.signal("-TERM");
        open.join().unwrap().unwrap().status
    });
    assert_eq!(status, 200);
    assert!(server.ended().0.success() && started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn an_agent_answers_for_its_own_numbers_alone() {
    let (server, credential) = server();
    let other = add_agent(&server, "tablet", "+15550000002");
    server.put(CHAT, &pictures()[0]);
    assert_eq!(poll(&server, &other, 0), Vec::<Value>::new());
    let change = next(&server, &credential);
    assert_eq!(answer(&server, &other, &outcome(&change, "applied")).status, 404);
    assert_eq!(server.get(CHAT)["background_state"], "pending");
    assert_eq!(answer(&server, &server.key, &outcome(&change, "applied")).status, 401);
    let mut beyond = outcome(&change, "shows");
    beyond["version"] = u64::MAX.into();
    assert_eq!(answer(&server, &credential, &beyond).status, 400);
    let mut long = outcome(&change, "applied");
    long["code"] = "x".repeat(70_000).into();
    assert_eq!(answer(&server, &credential, &long).status, 400);
    for wrong in ["", &server.key, "bl_agent_phone_0", &format!("{credential}0")] {
        assert_eq!(try_poll(&server, wrong, 0).status, 401, "{wrong}");
    }
    assert!(server.home().admin(&["agents", "revoke", "phone"]).0);
    eventually("a revoked agent is served", || try_poll(&server, &credential, 0).status == 401);
    let (_, rotated) = server.home().admin(&["agents", "rotate", "phone"]);
    eventually("a new credential is refused", || try_poll(&server, rotated.trim(), 0).status == 200);
}

#[test]
fn a_healthy_agent_does_not_wait_for_one_that_hangs() {
    let server = Home::new(&[("IMAGE_INGEST__TIMES__DEVICE_MS", "100"), ("IMAGE_INGEST__WORK__QUEUE", "64")]).start();
    let hung = add_agent(&server, "hung", NUMBER);
    poll(&server, &hung, 0);
    std::thread::scope(|scope| {
        for thread in 0..20 {
            let server = &server;
            scope.spawn(move || {
                for i in 0..10 {
                    assert_eq!(server.put(&format!("grp_{thread}_{i}"), &pictures()[1]).status, 502);
                }
            });
        }
    });
    // Taken, and never answered for.
    poll(&server, &hung, 0);
    let (_, key) = server.home().admin(&["keys", "add", "other"]);
    let healthy = server.home().admin(&["agents", "add", "healthy"]).1;
    assert!(server.home().admin(&["numbers", "add", "other", "+15550000002", "--agent", "healthy"]).0);
    let folder = tempfile::tempdir().unwrap();
    let _agent = run_agent(server.address, healthy.trim(), folder.path());
    let mut request = server.background("PUT", CHAT).parts(&[("background", &pictures()[0])]);
    request.headers.retain(|(name, _)| name != "Authorization");
    let started = Instant::now();
    eventually("the healthy device has not the change", || {
        server.send(&request.clone().header("Authorization", format!("Bearer {}", key.trim()))).status == 200
    });
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}
