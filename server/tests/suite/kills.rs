//! Kills the server at random times under load, and checks that every answer that it gave still holds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::server::{Home, Server, pictures, testdata};

/// The last answer to a chat's only client, and whether the client has requested another change since.
#[derive(Default, Clone)]
struct Told {
    answer: Option<Value>,
    unanswered: i64,
}

const CHATS: [&str; 4] = ["grp_a", "grp_b", "grp_c", "grp_d"];

/// Changes each chat by one call after another, until the server is killed.
fn load(server: &Server, told: &mut [Told; 4], stop: &AtomicBool) {
    let uploads = [pictures().to_vec(), vec![testdata("webp/lossy_333x251.webp")]].concat();
    std::thread::scope(|scope| {
        for (chat, told) in CHATS.iter().zip(told) {
            let uploads = &uploads;
            scope.spawn(move || {
                for i in 0_usize.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let request = match i % 4 {
                        3 => server.background("DELETE", chat),
                        n => server.background("PUT", chat).parts(&[("background", &uploads[n])]),
                    };
                    match request.send(server.address) {
                        Ok(reply) if reply.status == 200 => *told = Told { answer: Some(reply.json()), unanswered: 0 },
                        // It may have been committed before the end.
                        Ok(_) | Err(_) => told.unanswered += 1,
                    }
                }
            });
        }
    });
}

/// Checks that a chat has the version of the last answer, or a later one by at most the number of requests without an
/// answer.
fn holds(server: &Server, chat: &str, told: &Told) {
    let state = server.get(chat);
    let Some(answer) = &told.answer else {
        return;
    };
    let (version, last) = (state["background_version"].as_i64(), answer["background_version"].as_i64());
    let (version, last) = (version.unwrap_or(0), last.unwrap_or(0));
    assert!(
        (last..=last + told.unanswered).contains(&version),
        "{chat}: {version} after {last} and {}",
        told.unanswered
    );
    if version == last {
        assert_eq!(state["background_id"], answer["background_id"], "{chat}");
    }
    if !state["background_url"].is_null() {
        assert_eq!(server.object(&state["background_url"]).status, 200, "{chat}");
    }
}

fn kill_and_check(home: Home, told: &mut [Told; 4], after: Duration) -> Home {
    let server = home.start();
    for (chat, told) in CHATS.iter().zip(told.iter()) {
        holds(&server, chat, told);
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(after);
            server.signal("-KILL");
            stop.store(true, Ordering::Relaxed);
        });
        load(&server, told, &stop);
    });
    let (_, home) = server.ended();
    let (ok, text) = home.admin(&["check", "--deep"]);
    assert!(ok, "{text}");
    home
}

fn kills(count: u64) {
    let mut home = Home::new(&[("IMAGE_INGEST__TIMES__REPAIR_MS", "50"), ("IMAGE_INGEST__TIMES__GRACE_MS", "300")]);
    let mut told: [Told; 4] = Default::default();
    // A fixed sequence (Knuth's MMIX generator) from a seed that differs between runs.
    let mut seed = u64::from(std::process::id());
    for _ in 0..count {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        home = kill_and_check(home, &mut told, Duration::from_millis(20 + (seed >> 33) % 400));
    }
    let server = home.start();
    server.settle();
    let (ok, text) = server.kill().admin(&["check", "--deep", "--devices"]);
    assert!(ok, "{text}");
}

#[test]
fn what_was_answered_survives_kills_under_load() {
    kills(5);
}

#[test]
#[ignore = "takes minutes; run by make server-slow"]
fn what_was_answered_survives_two_hundred_kills_under_load() {
    kills(200);
}
