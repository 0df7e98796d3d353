//! Tests of many nodes on one PostgreSQL database, and of a state that was restored from a backup.

use std::process::Command;
use std::time::Duration;

use crate::agents::{add_agent, run_agent};
use crate::postgres::{Pooler, database_address, on_postgres, sql};
use crate::proxy::Proxy;
use crate::renditions::RENDITIONS;
use crate::server::{CHAT, Home, Server, eventually, pictures, testdata};
use crate::{contract, devices};

/// A server on a new database behind a proxy.
pub(crate) fn behind_proxy(delay: Duration, settings: &[(&str, &str)]) -> (Server, Proxy) {
    let home = Home::new(settings);
    let url = home.setting("IMAGE_INGEST__DATABASE__URL").unwrap();
    let (direct, proxy) = (database_address(&url), Proxy::start(database_address(&url), delay));
    let url = url.replace(&direct.to_string(), &proxy.address.to_string());
    (home.start_with(&[("IMAGE_INGEST__DATABASE__URL", &url)]), proxy)
}

#[test]
pub(crate) fn calls_need_few_round_trips() {
    on_postgres(|| {
        few_round_trips(&[]);
        few_round_trips(&RENDITIONS);
    });
}

fn few_round_trips(settings: &[(&str, &str)]) {
    // No repair runs meanwhile, and one connection knows all statements after a few calls.
    let quiet = [("IMAGE_INGEST__TIMES__REPAIR_MS", "600000"), ("IMAGE_INGEST__DATABASE__CONNECTIONS", "1")];
    let (server, proxy) = behind_proxy(Duration::ZERO, &[&quiet[..], settings].concat());
    let uploads = [pictures().to_vec(), vec![testdata("webp/lossy_333x251.webp")]].concat();
    let with_key = |upload: &[u8], name: &str| {
        let request = server.background("PUT", CHAT).header("Idempotency-Key", name);
        assert_eq!(server.send(&request.parts(&[("background", upload)])).status, 200);
    };
    for round in 0..4 {
        let count = |call: &mut dyn FnMut()| {
            // What follows an answer is over.
            std::thread::sleep(Duration::from_millis(50));
            let before = proxy.trips();
            call();
            proxy.trips() - before
        };
        let change = count(&mut || assert_eq!(server.put(CHAT, &uploads[round % 2]).json()["changed"], true));
        let same = count(&mut || assert_eq!(server.put(CHAT, &uploads[round % 2]).json()["changed"], false));
        let get = count(&mut || drop(server.get(CHAT)));
        let same_with_key = count(&mut || with_key(&uploads[round % 2], &format!("same{round}")));
        let change_with_key = count(&mut || with_key(&uploads[2], &format!("change{round}")));
        let replayed = count(&mut || with_key(&uploads[2], &format!("change{round}")));
        let delete = count(&mut || assert_eq!(server.delete(CHAT).json()["changed"], true));
        let trips = [change, same, get, same_with_key, change_with_key, replayed, delete];
        println!("round trips: change, unchanged, GET, unchanged and change with a key, replay, DELETE: {trips:?}");
        if round > 1 {
            let most = [6, 2, 1, 3, 7, 2, 6];
            assert!(trips.iter().zip(most).all(|(n, most)| *n <= most), "{trips:?}, at most {most:?}");
        }
    }
}

#[test]
fn the_contract_of_devices_holds_on_postgresql() {
    on_postgres(|| {
        contract::a_list_of_the_longest_addresses_is_a_chat();
        devices::an_agent_fetches_verifies_and_applies();
        devices::a_device_that_is_ahead_gets_the_background_under_a_version_past_its_own();
    });
}

#[test]
fn an_agent_of_one_node_takes_the_changes_of_another() {
    on_postgres(|| {
        for listens in [false, true] {
            let mut home = Home::new(&[("IMAGE_INGEST__TIMES__REPAIR_MS", "100")]);
            if listens {
                home.set("IMAGE_INGEST__DATABASE__LISTEN_URL", &home.setting("IMAGE_INGEST__DATABASE__URL").unwrap());
            }
            let first = home.start();
            let second = first.home().twin().start();
            let folder = tempfile::tempdir().unwrap();
            let _agent = run_agent(second.address, &add_agent(&first, "phone", "+15550000001"), folder.path());
            eventually("the agent has not asked", || first.put(CHAT, &pictures()[0]).status == 200);
            let started = std::time::Instant::now();
            let set = first.put(CHAT, &pictures()[1]);
            assert_eq!((set.status, &set.json()["background_state"]), (200, &"applied".into()));
            println!("listens: {listens}: {:?}", started.elapsed());
            assert!(started.elapsed() < Duration::from_secs(if listens { 1 } else { 4 }), "{:?}", started.elapsed());
        }
    });
}

#[test]
fn an_image_that_one_node_spooled_is_stored_by_another() {
    on_postgres(|| {
        let first = Server::with(&[("IMAGE_INGEST__TIMES__REPAIR_MS", "100")]);
        let objects = first.home().data().join("objects");
        std::fs::write(&objects, b"").unwrap();
        let set = first.put(CHAT, &pictures()[0]).json();
        assert!(set["background_url"].is_null());
        // Both nodes have one store here, but nothing else of the first one's disk counts.
        let home = first.kill();
        std::fs::remove_file(&objects).unwrap();
        let second = home.twin().start();
        eventually("it has no url", || !second.get(CHAT)["background_url"].is_null());
        assert_eq!(second.object(&second.get(CHAT)["background_url"]).status, 200);
    });
}

#[test]
fn a_lock_that_hangs_does_not_hold_a_change() {
    on_postgres(|| {
        let server = Server::with(&[("IMAGE_INGEST__TIMES__STATEMENT_MS", "3000")]);
        server.put(CHAT, &pictures()[0]);
        let url = server.home().setting("IMAGE_INGEST__DATABASE__URL").unwrap();
        let mut hanging = sql(&url, "BEGIN; SELECT * FROM chats FOR UPDATE; SELECT pg_sleep(20);");
        std::thread::sleep(Duration::from_millis(700));
        let started = std::time::Instant::now();
        assert_eq!(server.put(CHAT, &pictures()[1]).refusal(), (503, "storage_unavailable".into()));
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        assert_eq!(server.get(CHAT)["background_version"], 1, "reading goes on");
        let _ = hanging.kill();
        let _ = hanging.wait();
    });
}

#[test]
fn a_newer_schema_does_not_end_this_version() {
    on_postgres(|| {
        let server = Server::start();
        let url = server.home().setting("IMAGE_INGEST__DATABASE__URL").unwrap();
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'newer', true, '\\x00', 0); ALTER TABLE chats ADD COLUMN newer TEXT;";
        assert!(sql(&url, newer).wait().unwrap().success());
        let server = server.kill().start();
        assert_eq!(server.put(CHAT, &pictures()[0]).status, 200);
        assert!(server.home().admin(&["migrate"]).0);
    });
}

#[test]
fn a_schema_that_is_behind_is_said() {
    on_postgres(|| {
        let home = Home::new(&[("IMAGE_INGEST__DATABASE__MIGRATIONS", "manual")]);
        let (ok, text) = home.admin(&["serve"]);
        assert!(!ok && text.contains("image-ingest-server migrate"), "{text}");
        assert!(home.admin(&["migrate"]).0);
        assert_eq!(home.start().put(CHAT, &pictures()[0]).status, 200);
    });
}

#[test]
fn a_pooler_in_transaction_mode_is_served_through() {
    let version = Command::new("pgbouncer").arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    let version = String::from_utf8_lossy(&version).into_owned();
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok()).unwrap_or(0);
    if minor < 21 {
        eprintln!("skipped: there is no PgBouncer of version 1.21 or later");
        return;
    }
    on_postgres(|| {
        let mut home = Home::new(&[("IMAGE_INGEST__DATABASE__MIGRATIONS", "manual")]);
        let url = home.setting("IMAGE_INGEST__DATABASE__URL").unwrap();
        // The lock of migrations belongs to a connection, so they do not go through a pooler.
        assert!(home.admin(&["migrate"]).0);
        let pooler = Pooler::start(&url, "ignore_startup_parameters = options\nmax_prepared_statements = 100");
        home.set("IMAGE_INGEST__DATABASE__URL", &pooler.url);
        let server = home.start();
        for i in 0..6 {
            assert_eq!(server.put(&format!("grp_{}", i % 3), &pictures()[i % 2]).status, 200);
        }
    });
}

#[test]
fn a_pooler_that_refuses_the_time_limits_is_named_as_the_reason() {
    if Command::new("pgbouncer").arg("--version").output().is_err() {
        eprintln!("skipped: PgBouncer is not installed");
        return;
    }
    on_postgres(|| {
        let mut home = Home::new(&[]);
        let pooler = Pooler::start(&home.setting("IMAGE_INGEST__DATABASE__URL").unwrap(), "");
        home.set("IMAGE_INGEST__DATABASE__URL", &pooler.url);
        let (ok, text) = home.admin(&["check", "--deep"]);
        assert!(!ok && text.contains("1.21 or later"), "{text}");
    });
}

/// Copies the database's files, as a backup does.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(to.join(name));
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

/// A server whose state is older than its device: the device shows version 3, and the state knows version 1.
fn restored() -> Server {
    let [picture, other] = pictures();
    let server = Home::new(&[("IMAGE_INGEST__TIMES__REPAIR_MS", "100")]).start();
    server.put(CHAT, &picture);
    let home = server.kill();
    let backup = tempfile::tempdir().unwrap();
    copy(&home.data(), backup.path());
    let server = home.start();
    server.put(CHAT, &other);
    server.put(CHAT, &testdata("webp/lossy_333x251.webp"));
    let home = server.kill();
    copy(backup.path(), &home.data());
    // The object of version 1 was erased since; a backup has objects, too.
    home.start()
}

#[test]
fn after_a_restored_backup_a_change_reaches_the_device() {
    let server = restored();
    assert_eq!(server.get(CHAT)["background_version"], 1);
    let put = server.background("PUT", CHAT).header("Idempotency-Key", "k").parts(&[("background", &pictures()[1])]);
    let set = server.send(&put).json();
    assert_eq!(
        (&set["background_version"], &set["changed"]),
        (&4.into(), &true.into()),
        "past version 3 of the device"
    );
    assert_eq!(server.send(&put).json(), set, "the stored answer has the version, too");
    assert_eq!(server.get(CHAT)["background_version"], 4);
    assert_eq!(server.put(CHAT, &pictures()[1]).json()["changed"], false);
    let (ok, text) = server.kill().admin(&["check", "--deep", "--devices"]);
    assert!(ok, "{text}");
}

#[test]
fn check_repairs_every_device_after_a_restored_backup() {
    let server = restored();
    // The picture itself, which the state says is shown, is put again: its object was erased.
    let (ok, text) = server.home().admin(&["check", "--deep", "--devices"]);
    assert!(!ok && text.contains("another background"), "{text}");
    server.delete(CHAT);
    server.settle();
    let (ok, text) = server.home().admin(&["check", "--repair"]);
    assert!(ok, "{text}");
    let (ok, text) = server.home().admin(&["check", "--deep", "--devices"]);
    assert!(ok, "{text}");
    assert!(server.get(CHAT)["background_version"].as_i64().unwrap() > 3);
}
