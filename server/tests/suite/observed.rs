//! Tests of what an operator sees: ids of requests, who sent them, levels of the log, metrics of each part, health.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::agents::{add_agent, poll, run_agent};
use crate::client::Request;
use crate::server::{CHAT, Home, Server, eventually, pictures};

/// The lines of a JSON log that are about requests.
fn requests(home: &Home) -> Vec<Value> {
    let lines = home.log();
    let lines = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["message"] == "request").collect()
}

fn line_of(home: &Home, request_id: &str) -> Value {
    let mut found = None;
    eventually("the log lacks a request", || {
        found = requests(home).into_iter().find(|line| line["request_id"] == request_id);
        found.is_some()
    });
    found.unwrap()
}

#[test]
fn a_request_keeps_the_id_that_a_proxy_gave_it() {
    let server = Server::with(&[("IMAGE_INGEST__LOG", "json")]);
    let put = server.background("PUT", CHAT).parts(&[("background", &pictures()[0])]);
    let reply = server.send(&put.header("X-Request-Id", "0af7651916cd43dd8448eb211c80319c"));
    assert_eq!((reply.status, reply.header("x-request-id")), (200, Some("0af7651916cd43dd8448eb211c80319c")));
    let line = line_of(server.home(), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!((line["route"].as_str(), line["code"].as_str()), (Some("/chats/{chatId}/background"), Some("ok")));
    let long = "a".repeat(65);
    for other in ["two words", "quo\"te", long.as_str()] {
        let reply = server.send(&Request::new("GET", "/nothing").header("X-Request-Id", other));
        assert_eq!(reply.header("x-request-id").map(str::len), Some(32), "{other}");
    }
}

#[test]
fn the_log_says_whose_request_it_was_once_that_is_proved() {
    let server = Server::with(&[("IMAGE_INGEST__LOG", "json")]);
    let id = |request: Request| server.send(&request).header("x-request-id").unwrap().to_owned();
    let line = line_of(server.home(), &id(server.background("GET", CHAT)));
    let key = server.key.split('_').nth(2).unwrap();
    assert_eq!((&line["account"], &line["key"], &line["agent"]), (&"demo".into(), &key.into(), &"-".into()));

    let forged = format!("bl_live_{key}_{}", "0".repeat(48));
    let forged =
        Request::new("GET", "/v2/api/chats/grp_1/background").header("Authorization", format!("Bearer {forged}"));
    let line = line_of(server.home(), &id(forged));
    assert_eq!((&line["account"], &line["key"], &line["code"]), (&"-".into(), &"-".into(), &"unauthenticated".into()));

    let credential = add_agent(&server, "phone", "+15550000002");
    let answer = Request::new("POST", "/agent/v1/applied").header("Authorization", format!("Bearer {credential}"));
    let line = line_of(server.home(), &id(answer));
    assert_eq!((&line["account"], &line["agent"]), (&"-".into(), &"phone".into()));
}

#[test]
fn the_level_decides_what_is_logged() {
    for (level, logged) in [("error", vec![]), ("info", vec![404]), ("debug", vec![200, 404])] {
        let server = Server::with(&[("IMAGE_INGEST__LOG", "json"), ("IMAGE_INGEST__LOG_LEVEL", level)]);
        for path in ["/healthz", "/nothing"] {
            server.send(&Request::new("GET", path));
        }
        let home = server.kill();
        let seen: Vec<_> = requests(&home).iter().map(|line| line["status"].as_i64().unwrap()).collect();
        assert_eq!(seen, logged, "{level}");
    }
    let (ok, text) = Home::new(&[("IMAGE_INGEST__LOG_LEVEL", "loud")]).admin(&["keys", "list"]);
    assert!(!ok && text.contains("loud"), "{text}");
}

#[test]
fn each_part_has_metrics() {
    let server = Server::start();
    assert_eq!(server.put(CHAT, &pictures()[0]).status, 200);
    server.delete(CHAT);
    let credential = add_agent(&server, "phone", "+15550000001");
    let folder = tempfile::tempdir().unwrap();
    let _agent = run_agent(server.address, &credential, folder.path());
    eventually("the agent has not asked", || server.put(CHAT, &pictures()[1]).status == 200);
    let (metric, total) = (
        |name: &str| server.metric(name),
        |state: [&str; 2]| state.iter().map(|name| server.metric(name)).sum::<f64>(),
    );
    assert!(metric("ingest_store_calls_total{call=\"put\",result=\"ok\"}") >= 2.0);
    assert!(metric("ingest_store_seconds_count{call=\"put\"}") >= 2.0);
    assert!(metric("ingest_database_seconds_count{kind=\"read\"}") > 0.0);
    assert!(metric("ingest_database_seconds_count{kind=\"write\"}") > 0.0);
    assert!(metric("ingest_database_connections_limit") >= 8.0);
    let connections =
        total(["ingest_database_connections{state=\"busy\"}", "ingest_database_connections{state=\"idle\"}"]);
    assert!(connections >= 1.0 && connections <= metric("ingest_database_connections_limit"));
    let threads = total(["ingest_pixel_threads{state=\"busy\"}", "ingest_pixel_threads{state=\"idle\"}"]);
    let limits = server.send(&Request::new("GET", "/v2/api/limits")).json();
    assert_eq!(Some(threads), limits["pixel_threads"].as_f64());
    assert_eq!((metric("ingest_store_paused"), metric("ingest_spool_bytes_limit")), (0.0, f64::from(256 << 20)));
    assert!(metric("ingest_agent_changes_total{agent=\"phone\"}") >= 1.0);
    assert!(metric("ingest_agent_answers_total{agent=\"phone\",outcome=\"applied\"}") >= 1.0);
}

#[test]
fn the_metrics_of_an_agent_say_what_it_has_to_do() {
    let home = Home::new(&[]);
    let server = home.start();
    add_agent(&server, "absent", "+15550000001");
    let credential = add_agent(&server, "phone", "+15550000002");
    assert_eq!(poll(&server, &credential, 0).len(), 0);
    assert_eq!(server.put(CHAT, &pictures()[0]).refusal().1, "device_unreachable");
    assert_eq!(server.put("grp_2", &pictures()[0]).refusal().1, "device_unreachable");
    // They are measured at the start, and four times a minute.
    let server = server.kill().start();
    eventually("the agents are not measured", || {
        server.metric("ingest_agent_pending_changes{agent=\"absent\"}") == 2.0
    });
    let text = String::from_utf8(server.send(&Request::new("GET", "/metrics")).body).unwrap();
    assert!(
        text.contains("ingest_agent_silent_seconds{agent=\"phone\"}")
            && !text.contains("silent_seconds{agent=\"absent\"}")
    );
    assert!(text.contains("ingest_agent_pending_changes{agent=\"phone\"} 0"));

    assert!(server.home().admin(&["agents", "revoke", "absent"]).0);
    let server = server.kill().start();
    eventually("the agents are not measured", || {
        let text = String::from_utf8(server.send(&Request::new("GET", "/metrics")).body).unwrap();
        text.contains("ingest_agent_pending_changes{agent=\"absent\"} 0")
    });
}

#[test]
fn the_health_command_tells_a_server_that_works_from_one_that_does_not() {
    let server = Server::start();
    let address = server.address.to_string();
    let ask = |home: &Home, what: &str| home.admin(&["health", "--address", &address, "--ask", what]);
    assert_eq!(ask(server.home(), "healthz"), (true, String::new()));
    assert_eq!(ask(server.home(), "readyz"), (true, String::new()));
    let home = server.kill();
    let (ok, text) = ask(&home, "healthz");
    assert!(!ok && text.contains(&address), "{text}");
    assert!(!home.admin(&["health", "--ask", "metrics"]).0);
}

#[test]
fn alerts_are_about_metrics_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(root.join(file)).unwrap();
    let described = read("src/telemetry.rs");
    let used: BTreeSet<String> = names(&read("../deploy/prometheus/alerts.yml"), "ingest_");
    assert!(used.len() > 8, "{used:?}");
    for name in used {
        let name = name.strip_suffix("_bucket").unwrap_or(&name);
        assert!(described.contains(&format!("\"{name}\"")), "{name} is no metric");
    }
}

#[test]
fn every_alert_is_explained_and_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(root.join("..").join(file)).unwrap();
    let alerts = names(&read("deploy/prometheus/alerts.yml"), "Backgrounds");
    assert!(alerts.len() > 8, "{alerts:?}");
    for file in ["docs/operating.md", "deploy/prometheus/alerts.test.yml"] {
        assert_eq!(names(&read(file), "Backgrounds"), alerts, "{file}");
    }
}

/// The words that begin with `prefix`.
fn names(text: &str, prefix: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with(prefix)).map(str::to_owned).collect()
}
