//! Agents for tests: the real one in a thread, and one that a test plays by hand.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use image_ingest_agent::{Agent, AgentConfig};
use serde_json::{Value, json};

use crate::client::{Reply, Request};
use crate::server::Server;

/// The real agent, until it is dropped.
pub(crate) struct RunningAgent(Arc<AtomicBool>);

pub(crate) fn run_agent(server: SocketAddr, credential: &str, folder: &Path) -> RunningAgent {
    let agent = Agent::open(AgentConfig::new(format!("http://{server}"), credential, folder)).unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&ended);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let end = async {
                while !told.load(Ordering::Relaxed) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::select! {
                () = agent.run() => {}
                () = end => {}
            }
        });
    });
    RunningAgent(ended)
}

impl Drop for RunningAgent {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Adds an agent for a number of the demo account, and returns its credential.
pub(crate) fn add_agent(server: &Server, name: &str, number: &str) -> String {
    let (ok, credential) = server.home().admin(&["agents", "add", name]);
    assert!(ok, "{credential}");
    let (ok, text) = server.home().admin(&["numbers", "add", "demo", number, "--agent", name]);
    assert!(ok, "{text}");
    credential.trim().to_owned()
}

/// The changes that a poll gets.
pub(crate) fn poll(server: &Server, credential: &str, wait: u32) -> Vec<Value> {
    let reply = try_poll(server, credential, wait);
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    reply.json().as_array().unwrap().clone()
}

pub(crate) fn try_poll(server: &Server, credential: &str, wait: u32) -> Reply {
    server.send(&poll_request(credential, wait))
}

pub(crate) fn poll_request(credential: &str, wait: u32) -> Request {
    Request::new("GET", format!("/agent/v1/changes?wait={wait}"))
        .header("Authorization", format!("Bearer {credential}"))
}

/// An answer for a change.
pub(crate) fn outcome(change: &Value, outcome: &str) -> Value {
    json!({ "number": change["number"], "chat": change["chat"], "version": change["version"],
        "content_id": change["content_id"], "outcome": outcome })
}

pub(crate) fn answer(server: &Server, credential: &str, reply: &Value) -> Reply {
    server.send(&answer_request(credential, reply))
}

pub(crate) fn answer_request(credential: &str, reply: &Value) -> Request {
    let mut request = Request::new("POST", "/agent/v1/applied")
        .header("Authorization", format!("Bearer {credential}"))
        .header("Content-Type", "application/json");
    request.body = reply.to_string().into_bytes();
    request
}
