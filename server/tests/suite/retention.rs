//! Tests of what is deleted, and of the plans of periodic queries on large tables.

use std::time::{Duration, Instant};

use crate::client::Request;
use crate::postgres::{database_log, holds, on_postgres, sql};
use crate::renditions::RENDITIONS;
use crate::server::{CHAT, Home, Server, eventually, pictures};

#[test]
fn history_is_kept_for_a_time_but_for_the_last_change() {
    on_postgres(|| {
        let server = Server::start();
        for i in 0..3 {
            server.put(CHAT, &pictures()[i % 2]);
            server.put("grp_1", &pictures()[i % 2]);
        }
        let url = server.home().setting("IMAGE_INGEST__DATABASE__URL").unwrap();
        let home = server.kill();
        // All of it is 100 days old, but for the second change of one chat.
        let old = "UPDATE history SET changed_at = changed_at - 8640000000 WHERE NOT (chat = 'grp_1' AND version = 2);";
        assert!(sql(&url, old).wait().unwrap().success());
        let server = home.start();
        let left = "(SELECT string_agg(chat || version, ' ' ORDER BY chat, version) FROM history) \
             = '+155512345673 grp_12 grp_13'";
        eventually("old history is kept", || holds(&url, left));
        let (ok, text) = server.kill().admin(&["check"]);
        assert!(ok, "{text}");
    });
}

#[test]
fn an_account_is_erased_whole() {
    let server = Home::new(&[("IMAGE_INGEST__TIMES__REPAIR_MS", "100")]).start();
    let set = server.put(CHAT, &pictures()[0]).json();
    let erase = |confirm: &str| server.home().admin(&["accounts", "erase", "demo", "--confirm", confirm]);
    assert!(!erase("other").0);
    let (ok, text) = erase("demo");
    assert!(ok && text.contains("1 chats"), "{text}");
    assert_eq!(server.object(&set["background_url"]).status, 404);
    let objects = server.home().data().join("objects");
    eventually("objects are left", || std::fs::read_dir(&objects).unwrap().next().is_none());
    eventually("the key is taken", || server.send(&server.background("GET", CHAT)).status == 401);
    assert!(server.kill().admin(&["check"]).0);
}

/// Fills a database, lets every periodic query and every kind of call run, and looks at their plans.
fn no_plan_reads_a_whole_table(chats: u32, history: u32) {
    on_postgres(|| {
        let server = Home::new(&[&RENDITIONS[..], &[("IMAGE_INGEST__TIMES__REPAIR_MS", "200")]].concat()).start();
        let url = server.home().setting("IMAGE_INGEST__DATABASE__URL").unwrap();
        let home = server.kill();
        // Some objects are unused, some chats unstored, some changes pending.
        let fill = format!(
            "INSERT INTO chats (account, chat, version, applied_version, content_id, token, number)
               SELECT 'demo', 'grp_' || i, 5, 5, 'obj_' || repeat(md5(i::text), 2), md5(i::text), '+15550000001'
               FROM generate_series(1, {chats}) i;
             INSERT INTO objects (token, account, content_id, stored_at, erasing)
               SELECT token, 'demo', content_id, 0, 0 FROM chats WHERE token IS NOT NULL;
             INSERT INTO renditions (object, fingerprint, token, content_id, width, height, bytes)
               SELECT token, 'r1-fit100-jpeg85', md5('r' || token), content_id, 1, 1, 1 FROM objects;
             INSERT INTO history (account, chat, version, content_id, request_id, changed_at)
               SELECT 'demo', 'grp_' || i, v, NULL, 'x', 1700000000000 + i * 1000
               FROM generate_series(1, {chats}) i, generate_series(1, {history} / {chats}) v;
             INSERT INTO outbox (account, chat, version, attempts, next_at, number)
               SELECT 'demo', 'grp_' || i, 5, 0, 9000000000000, '+15550000001' FROM generate_series(1, {chats} / 10) i;
             INSERT INTO idempotency (account, name, request, chat, version, answer, created_at)
               SELECT 'demo', 'n' || i, 'x', 'grp_1', 1, '', 9000000000000 FROM generate_series(1, {chats}) i;
             INSERT INTO intents (token, started_at, collecting)
               SELECT md5('i' || i), 9000000000000, 0 FROM generate_series(1, {chats} / 10) i;
             ANALYZE;
             ALTER DATABASE {} SET auto_explain.log_min_duration = 0;",
            url.rsplit('/').next().unwrap()
        );
        assert!(sql(&url, &fill).wait().unwrap().success());
        let before = database_log().len();
        let server = home.start();
        let (ok, credential) = server.home().admin(&["agents", "add", "phone"]);
        assert!(ok, "{credential}");
        assert!(server.home().admin(&["numbers", "add", "other", "+15550000002", "--agent", "phone"]).0);
        for i in 0..2 {
            let set = server.put(CHAT, &pictures()[i]).json();
            assert_eq!(server.object(&set["background_renditions"]["card"]["url"]).status, 200);
            server.get(CHAT);
            let poll = Request::new("GET", "/agent/v1/changes?wait=2");
            assert_eq!(server.send(&poll.header("Authorization", format!("Bearer {}", credential.trim()))).status, 200);
        }
        server.delete(CHAT);
        std::thread::sleep(Duration::from_secs(2));
        let log = database_log()[before..].to_owned();
        drop(server);
        let tables = ["chats", "history", "objects", "outbox", "idempotency", "intents", "renditions"];
        for table in tables {
            assert!(log.contains(&format!(" on {table} ")) || log.contains(&format!(" on {table}\n")), "{table}");
            let found = log.find(&format!("Seq Scan on {table} ")).map(|at| &log[at.saturating_sub(1500)..at + 200]);
            assert_eq!(found, None);
        }
    });
}

#[test]
fn no_query_of_a_server_reads_a_whole_table() {
    no_plan_reads_a_whole_table(20_000, 100_000);
}

#[test]
#[ignore = "takes minutes; run by make server-slow"]
fn no_query_of_a_server_reads_a_whole_table_of_a_million_chats() {
    let started = Instant::now();
    no_plan_reads_a_whole_table(1_000_000, 5_000_000);
    println!("{:?}", started.elapsed());
}
