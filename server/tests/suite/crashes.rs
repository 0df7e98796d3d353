//! Ends the process at each named point, and checks that nothing is lost after the next start and that every answer
//! still holds.

use serde_json::Value;

use crate::agents::{add_agent, answer_request, outcome, poll_request, run_agent};
use crate::renditions::{RENDITIONS, token};
use crate::server::{CHAT, Home, Server, eventually, pictures};

/// The points of a PUT, in order, and whether the change is committed at each.
const PUT_POINTS: [(&str, bool); 10] = [
    ("body_read", false),
    ("pixels_done", false),
    ("before_intent", false),
    ("after_intent", false),
    ("after_object", false),
    ("before_commit", false),
    ("after_commit", true),
    ("before_device", true),
    ("after_device", true),
    ("after_applied", true),
];

const DELETE_POINTS: [(&str, bool); 4] =
    [("before_commit", false), ("after_commit", true), ("after_device", true), ("after_applied", true)];

/// Short times, so that a repair runs while the test waits.
const QUICK: [(&str, &str); 3] = [
    ("IMAGE_INGEST__TIMES__REPAIR_MS", "50"),
    ("IMAGE_INGEST__TIMES__DEVICE_MS", "500"),
    ("IMAGE_INGEST__TIMES__GRACE_MS", "200"),
];

/// Lets the server end at `point` during `act`, and starts it again without that point.
fn crash(home: Home, point: &str, act: impl Fn(&Server)) -> Server {
    let server = home.start_with(&[("IMAGE_INGEST_CRASH_AT", point)]);
    act(&server);
    let (status, home) = server.ended();
    assert!(!status.success(), "{point} was not reached");
    let (ok, text) = home.admin(&["check", "--deep"]);
    assert!(ok, "{point}: {text}");
    home.start()
}

fn ignoring_the_broken_connection(request: &crate::client::Request, server: &Server) {
    let answer = request.send(server.address).map(|reply| String::from_utf8_lossy(&reply.body).into_owned());
    assert!(answer.is_err(), "it answered: {answer:?}");
}

fn put_survives(point: &str, committed: bool) {
    put_survives_with(&[], 1, point, committed);
}

/// The same for a server with these renditions, where a background is so many files.
fn put_survives_with(renditions: &[(&str, &str)], files: usize, point: &str, committed: bool) {
    let [old, new] = pictures();
    let server = Home::new(&[&QUICK[..], renditions].concat()).start();
    let before = server.put(CHAT, &old).json();
    let server = crash(server.kill(), point, |server| {
        let put = server.background("PUT", CHAT).header("Idempotency-Key", "k").parts(&[("background", &new)]);
        ignoring_the_broken_connection(&put, server);
    });
    let after = server.get(CHAT);
    assert_eq!(after["background_version"], if committed { 2 } else { 1 }, "{point}");
    assert_eq!(after["background_id"] == before["background_id"], !committed, "{point}");
    let put = server.background("PUT", CHAT).header("Idempotency-Key", "k").parts(&[("background", &new)]);
    let again = server.send(&put).json();
    assert_eq!((&again["background_version"], &again["changed"]), (&2.into(), &true.into()), "{point}");
    assert_eq!(again.get("background_renditions").map_or(0, |r| r.as_object().unwrap().len()), files - 1, "{point}");
    settled(server, files, point);
}

/// The points of an upload that is unchanged and gets the renditions that were not configured when it was set.
const RENDITION_POINTS: [&str; 5] =
    ["before_intents", "renditions_intended", "after_one_object", "renditions_stored", "before_renditions_attached"];

fn renewed_renditions_survive(point: &str) {
    let server = Home::new(&QUICK).start();
    let before = server.put(CHAT, &pictures()[0]).json();
    let mut home = server.kill();
    RENDITIONS.iter().for_each(|(name, value)| home.set(name, value));
    let server = crash(home, point, |server| {
        let put = server.background("PUT", CHAT).parts(&[("background", &pictures()[0])]);
        ignoring_the_broken_connection(&put, server);
    });
    let again = server.put(CHAT, &pictures()[0]).json();
    assert_eq!((&again["background_version"], &again["changed"]), (&1.into(), &false.into()), "{point}");
    assert_eq!(token(&again["background_url"]), token(&before["background_url"]), "{point}");
    assert_eq!(again["background_renditions"].as_object().unwrap().len(), RENDITIONS.len(), "{point}");
    settled(server, 1 + RENDITIONS.len(), point);
}

/// Waits until all changes have reached the device and only used objects remain.
fn settled(server: Server, objects: usize, point: &str) {
    server.settle();
    let folder = server.home().data().join("objects");
    eventually("objects are left over", || std::fs::read_dir(&folder).unwrap().count() == objects);
    let (ok, text) = server.kill().admin(&["check", "--deep", "--devices"]);
    assert!(ok, "{point}: {text}");
}

fn delete_survives(point: &str, committed: bool) {
    let server = Home::new(&QUICK).start();
    server.put(CHAT, &pictures()[0]);
    let server = crash(server.kill(), point, |server| {
        ignoring_the_broken_connection(&server.background("DELETE", CHAT), server);
    });
    assert_eq!(server.get(CHAT)["has_background"], !committed, "{point}");
    assert_eq!(server.get(CHAT)["background_version"], if committed { 2 } else { 1 }, "{point}");
    settled(server, usize::from(!committed), point);
}

fn repair_survives(point: &str) {
    let [old, new] = pictures();
    let server = Home::new(&[&QUICK[..], &RENDITIONS].concat()).start();
    server.put(CHAT, &old);
    let home = server.kill();
    let server = match point {
        "repair_claimed" => {
            let server = crash(home, "after_commit", |server| {
                let put = server.background("PUT", CHAT).parts(&[("background", &new)]);
                ignoring_the_broken_connection(&put, server);
            });
            crash(server.kill(), point, |_| {})
        }
        // The old object may be erased before the answer is out.
        _ => crash(home, point, |server| {
            let _ = server.background("PUT", CHAT).parts(&[("background", &new)]).send(server.address);
        }),
    };
    assert_eq!(server.get(CHAT)["background_version"], Value::from(2), "{point}");
    settled(server, 1 + RENDITIONS.len(), point);
}

/// Makes the store fail: a file has the name of its folder.
fn block_store(home: &Home) -> std::path::PathBuf {
    let objects = home.data().join("objects");
    std::fs::create_dir_all(home.data()).unwrap();
    std::fs::write(&objects, b"").unwrap();
    objects
}

fn spooling_survives() {
    let home = Home::new(&[&QUICK[..], &RENDITIONS].concat());
    let objects = block_store(&home);
    let server = crash(home, "after_spool", |server| {
        let put = server.background("PUT", CHAT).parts(&[("background", &pictures()[0])]);
        ignoring_the_broken_connection(&put, server);
    });
    assert_eq!(server.get(CHAT)["background_version"], Value::Null);
    let set = server.put(CHAT, &pictures()[0]).json();
    assert_eq!((&set["background_version"], &set["background_url"]), (&1.into(), &Value::Null));

    let home = server.kill();
    std::fs::remove_file(objects).unwrap();
    let server = crash(home, "repair_stored", |_| {});
    eventually("it has no url", || !server.get(CHAT)["background_url"].is_null());
    assert_eq!(server.get(CHAT)["background_version"], 1);
    assert_eq!(server.get(CHAT)["background_renditions"].as_object().unwrap().len(), RENDITIONS.len());
    settled(server, 1 + RENDITIONS.len(), "repair_stored");
}

/// The points of an agent's calls. Its device has the change in the end, and no other.
fn agent_calls_survive(point: &str) {
    let server = Home::new(&QUICK).start();
    let credential = add_agent(&server, "phone", "+15550000001");
    assert_eq!(server.put(CHAT, &pictures()[0]).status, 502, "no agent has asked");
    let server = crash(server.kill(), point, |server| {
        let taken = poll_request(&credential, 0).send(server.address);
        if let Ok(changes) = taken {
            ignoring_the_broken_connection(
                &answer_request(&credential, &outcome(&changes.json()[0], "applied")),
                server,
            );
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let _agent = run_agent(server.address, &credential, folder.path());
    eventually("the agent has not asked", || server.put(CHAT, &pictures()[0]).status == 200);
    assert_eq!(server.get(CHAT)["background_state"], "applied", "{point}");
    assert_eq!(server.get(CHAT)["background_version"], 1, "{point}");
    server.settle();
    let (ok, text) = server.kill().admin(&["check", "--deep"]);
    assert!(ok, "{point}: {text}");
}

const AGENT_POINTS: [&str; 3] = ["changes_taken", "agent_answered", "answer_recorded"];

#[test]
pub(crate) fn agent_calls_survive_their_end_at_every_point() {
    AGENT_POINTS.iter().for_each(|point| agent_calls_survive(point));
}

#[test]
fn spooling_and_its_repair_survive_their_end() {
    spooling_survives();
}

#[test]
pub(crate) fn a_put_survives_its_end_at_every_point() {
    PUT_POINTS.iter().for_each(|(point, committed)| put_survives(point, *committed));
}

#[test]
pub(crate) fn a_put_with_renditions_survives_its_end_at_every_point() {
    for (point, committed) in [("after_one_object", false)].iter().chain(&PUT_POINTS) {
        put_survives_with(&RENDITIONS, 1 + RENDITIONS.len(), point, *committed);
    }
}

#[test]
pub(crate) fn renditions_that_are_added_survive_their_end_at_every_point() {
    RENDITION_POINTS.iter().for_each(|point| renewed_renditions_survive(point));
}

#[test]
fn a_delete_survives_its_end_at_every_point() {
    DELETE_POINTS.iter().for_each(|(point, committed)| delete_survives(point, *committed));
}

#[test]
fn repairs_survive_their_end_at_every_point() {
    ["repair_claimed", "erasing", "erased"].iter().for_each(|point| repair_survives(point));
}

#[test]
#[ignore = "takes minutes; run by make server-slow"]
fn every_point_twenty_times() {
    for _ in 0..20 {
        PUT_POINTS.iter().for_each(|(point, committed)| put_survives(point, *committed));
        DELETE_POINTS.iter().for_each(|(point, committed)| delete_survives(point, *committed));
        ["repair_claimed", "erasing", "erased"].iter().for_each(|point| repair_survives(point));
        AGENT_POINTS.iter().for_each(|point| agent_calls_survive(point));
        RENDITION_POINTS.iter().for_each(|point| renewed_renditions_survive(point));
        spooling_survives();
    }
}
