//! Tests of `check`: what it finds, what it reads, and how long it takes where there is much.

use std::path::Path;
use std::time::Instant;

use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::server::{CHAT, Home, Server, pictures, testdata};

fn objects(home: &Home) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(home.data().join("objects")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_check_reads_the_bytes_of_objects_only_if_it_is_deep() {
    let server = Server::start();
    server.put(CHAT, &pictures()[0]);
    let home = server.kill();
    let (ok, text) = home.admin(&["check", "--deep"]);
    assert!(ok && text.starts_with("chats 1, objects 1, pending changes 0"), "{text}");
    std::fs::write(&objects(&home)[0], b"other bytes").unwrap();
    assert!(home.admin(&["check"]).0);
    let (ok, text) = home.admin(&["check", "--deep"]);
    assert!(!ok && text.contains("has other bytes than its id says"), "{text}");
    std::fs::write(&objects(&home)[0], b"").unwrap();
    let (ok, text) = home.admin(&["check"]);
    assert!(!ok && text.contains("is empty"), "{text}");
}

#[test]
fn what_the_store_has_and_the_state_does_not_know_is_found_after_the_grace_time() {
    let server = Server::with(&[("IMAGE_INGEST__TIMES__GRACE_MS", "1000")]);
    server.put(CHAT, &pictures()[0]);
    let home = server.kill();
    let folder = home.data().join("objects");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(600);
    for name in ["0123456789abcdef0123456789abcdef", "ffffffffffffffffffffffffffffffff"] {
        std::fs::File::create(folder.join(name)).unwrap().set_modified(old).unwrap();
    }
    std::fs::write(folder.join("00000000000000000000000000000000"), b"fresh").unwrap();
    let (ok, text) = home.admin(&["check"]);
    assert_eq!((ok, text.matches("is in the store and not known").count()), (false, 2), "{text}");
    std::fs::write(folder.join("notes.txt"), b"somebody's").unwrap();
    assert!(home.admin(&["check"]).1.contains("object notes.txt is in the store and not known"));
}

#[test]
fn more_chats_than_a_page_are_all_checked() {
    let home = synthetic(2_500, 0);
    let (ok, text) = home.admin(&["check", "--deep"]);
    assert!(ok && text.starts_with("chats 2500, objects 2500, pending changes 0"), "{text}");
    let mut removed = objects(&home);
    removed.sort();
    for object in [&removed[0], &removed[999], &removed[1_000], &removed[2_499]] {
        std::fs::remove_file(object).unwrap();
    }
    let (ok, text) = home.admin(&["check"]);
    assert_eq!((ok, text.matches("is missing").count()), (false, 4), "{text}");
}

#[test]
fn faults_beyond_a_thousand_are_counted() {
    let home = synthetic(1_500, 0);
    std::fs::remove_dir_all(home.data().join("objects")).unwrap();
    let (ok, text) = home.admin(&["check"]);
    assert!(!ok && text.contains("fault: and 500 more"), "{}", text.lines().last().unwrap());
}

#[test]
#[ignore = "makes a folder of CHECK_OBJECTS files; run by make server-slow"]
fn a_check_of_a_hundred_thousand_takes_seconds() {
    let count = std::env::var("CHECK_OBJECTS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let home = synthetic(count, 5);
    for arguments in [&["check"][..], &["check", "--deep"]] {
        let started = Instant::now();
        let (ok, text) = home.admin(arguments);
        assert!(ok && text.contains(&format!("chats {count}, objects {count},")), "{text}");
        println!("{}: {count} chats and objects in {:.1} s", arguments.join(" "), started.elapsed().as_secs_f64());
    }
}

/// A home with `count` chats, each with an object of its own and, besides its last change, `more` in its history. Objects are
/// links to few files.
fn synthetic(count: usize, more: usize) -> Home {
    let home = Server::start().kill();
    let folder = home.data().join("objects");
    std::fs::create_dir_all(&folder).unwrap();
    let picture = testdata("jpeg/size_2049x100.jpg");
    let id = format!("obj_{}", blake3::hash(&picture).to_hex());
    let mut original = Path::new("").to_owned();
    for i in 0..count {
        let object = folder.join(format!("{:032x}", token(i)));
        // A file has at most 65 000 names on ext4.
        if i % 50_000 == 0 {
            std::fs::write(&object, &picture).unwrap();
            original = object;
        } else {
            std::fs::hard_link(&original, &object).unwrap();
        }
    }
    let rows = format!(
        "PRAGMA synchronous = OFF; BEGIN; \
         CREATE TEMP TABLE made (i INTEGER PRIMARY KEY, token TEXT); \
         {} \
         INSERT INTO chats (account, chat, version, applied_version, content_id, token) \
           SELECT 'demo', 'grp_' || i, {last}, {last}, '{id}', token FROM made; \
         INSERT INTO objects (token, account, content_id, stored_at, erasing) SELECT token, 'demo', '{id}', 0, 0 FROM made; \
         WITH RECURSIVE versions (version) AS (SELECT 1 UNION ALL SELECT version + 1 FROM versions WHERE version < {last}) \
         INSERT INTO history (account, chat, version, content_id, request_id, changed_at) \
           SELECT 'demo', 'grp_' || i, version, '{id}', 'made', 0 FROM made, versions; \
         COMMIT;",
        (0..count)
            .fold(String::new(), |text, i| text + &format!("INSERT INTO made VALUES ({i}, '{:032x}'); ", token(i))),
        last = more + 1,
    );
    run_on_sqlite(&home.data().join("state.db"), rows);
    home
}

fn run_on_sqlite(file: &Path, statements: String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(file)).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&pool).await.unwrap();
        pool.close().await;
    });
}

/// Tokens spread over all ranges.
fn token(i: usize) -> u128 {
    let bytes = blake3::hash(&i.to_le_bytes());
    u128::from_le_bytes(bytes.as_bytes()[..16].try_into().unwrap())
}
