//! Tests of the upgrade from the first schema, with the statements that the server of that time sent.

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::PgPool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, SqlSafeStr as _};

use crate::postgres::on_postgres;
use crate::server::{CHAT, Home, eventually, pictures};

/// A chat, its object and its history, as the first server committed them; the change is still in the outbox.
fn old_change(chat: &str, version: i64, token: &str) -> Vec<String> {
    let id = format!("obj_{}", blake3::hash(b"the image").to_hex());
    vec![
        format!(
            "INSERT INTO chats (account, chat, version, applied_version) VALUES ('demo', '{chat}', 0, 0) \
             ON CONFLICT (account, chat) DO UPDATE SET version = chats.version"
        ),
        format!(
            "INSERT INTO objects (token, account, content_id, stored_at, erasing) VALUES ('{token}', 'demo', '{id}', 1, 0)"
        ),
        format!(
            "UPDATE chats SET version = {version}, content_id = '{id}', token = '{token}', source_id = NULL, \
             fingerprint = NULL, receipt = NULL, number = '+15550000001' WHERE account = 'demo' AND chat = '{chat}'"
        ),
        format!(
            "INSERT INTO history (account, chat, version, content_id, request_id, changed_at) \
             VALUES ('demo', '{chat}', {version}, '{id}', 'r', 1700000000000)"
        ),
        format!(
            "INSERT INTO outbox (account, chat, version, attempts, next_at) VALUES ('demo', '{chat}', {version}, 0, 1) \
             ON CONFLICT (account, chat) DO UPDATE SET version = excluded.version, attempts = 0, next_at = excluded.next_at"
        ),
    ]
}

fn token(n: u8) -> String {
    format!("{n:032x}")
}

/// What the periodic queries of the first server were.
const OLD_QUERIES: [&str; 3] = [
    "SELECT account, chat, version, attempts, next_at FROM outbox WHERE next_at <= 5 ORDER BY next_at LIMIT 9",
    "SELECT token FROM objects WHERE unused_since < 5 OR erasing = 1 LIMIT 100",
    "UPDATE outbox SET attempts = attempts + 1, next_at = 7 WHERE account = 'demo' AND chat = 'grp_none' AND version = 1",
];

fn first_schema() -> Migrator {
    let sql = include_str!("../../migrations/1_init.sql").into_sql_str();
    Migrator::with_migrations(vec![Migration::new(1, "init".into(), MigrationType::Simple, sql, false)])
}

fn statements() -> Vec<String> {
    let number =
        "INSERT INTO numbers (number, account, route, added_at) VALUES ('+15550000001', 'demo', 'embedded', 1)";
    [vec![number.to_owned()], old_change("+15551234567", 1, &token(1))].concat()
}

/// After the upgrade: the data is there, what the first server writes beside this one is taken on, and all is right.
fn goes_on(home: Home) {
    let objects = home.data().join("objects");
    std::fs::create_dir_all(&objects).unwrap();
    for n in 1..=3 {
        std::fs::write(objects.join(token(n)), b"the image").unwrap();
    }
    let server = home.start();
    let state = server.get(CHAT);
    assert_eq!((&state["background_version"], &state["has_background"]), (&1.into(), &true.into()));
    assert_eq!(server.object(&state["background_url"]).body, b"the image");
    assert_eq!(server.get("grp_beside")["background_version"], 1);
    assert_eq!(server.put("grp_beside", &pictures()[0]).json()["background_version"], 2);
    assert_eq!(server.put(CHAT, &pictures()[0]).json()["background_version"], 2);
    eventually("old objects are kept", || !objects.join(token(1)).exists());
    server.settle();
    let (ok, text) = server.kill().admin(&["check", "--devices"]);
    assert!(ok, "{text}");
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

macro_rules! run_all {
    ($pool:expr, $statements:expr) => {
        for statement in $statements {
            sqlx::query(AssertSqlSafe(statement.to_string())).execute($pool).await.unwrap();
        }
    };
}

#[test]
fn a_sqlite_file_of_the_first_schema_goes_on() {
    let home = Home::new(&[("IMAGE_INGEST__TIMES__REPAIR_MS", "100")]);
    std::fs::create_dir_all(home.data()).unwrap();
    let file = SqliteConnectOptions::new().filename(home.data().join("state.db")).create_if_missing(true);
    let long = (0..32).map(|i| format!("{}{i:02}@example.com", "a".repeat(60))).collect::<Vec<_>>().join(",");
    // An image that was spooled beside the database.
    std::fs::create_dir_all(home.data().join("spool")).unwrap();
    let id = format!("obj_{}", blake3::hash(b"spooled").to_hex());
    std::fs::write(home.data().join("spool").join(&id), b"spooled").unwrap();
    block_on(async {
        let pool = SqlitePool::connect_with(file.clone()).await.unwrap();
        first_schema().run(&pool).await.unwrap();
        run_all!(&pool, statements());
        run_all!(&pool, old_change(&long, 1, &token(3)));
        let unstored = format!(
            "INSERT INTO chats (account, chat, version, applied_version, content_id) \
             VALUES ('demo', 'grp_unstored', 1, 1, '{id}')"
        );
        let history = "INSERT INTO history (account, chat, version, request_id, changed_at) \
             VALUES ('demo', 'grp_unstored', 1, 'r', 1700000000000)";
        run_all!(&pool, [unstored.as_str(), history]);
        pool.close().await;
    });
    assert!(home.admin(&["migrate"]).0);
    block_on(async {
        let pool = SqlitePool::connect_with(file).await.unwrap();
        run_all!(&pool, old_change("grp_beside", 1, &token(2)));
        run_all!(&pool, OLD_QUERIES);
        pool.close().await;
    });
    let server = home.start();
    assert_eq!(server.get(&long)["background_version"], 1);
    eventually("it is not stored", || !server.get("grp_unstored")["background_url"].is_null());
    assert_eq!(server.object(&server.get("grp_unstored")["background_url"]).body, b"spooled");
    server.delete("grp_unstored");
    // Its device cannot make a picture of these bytes, so this change replaces it.
    server.delete(&long);
    goes_on(server.kill());
}

#[test]
fn a_postgresql_database_of_the_first_schema_goes_on_beside_the_first_server() {
    on_postgres(|| {
        let home = Home::new(&[("IMAGE_INGEST__TIMES__REPAIR_MS", "100")]);
        let url = home.setting("IMAGE_INGEST__DATABASE__URL").unwrap();
        block_on(async {
            let pool = PgPool::connect(&url).await.unwrap();
            first_schema().run(&pool).await.unwrap();
            run_all!(&pool, statements());
            pool.close().await;
        });
        assert!(home.admin(&["migrate"]).0);
        block_on(async {
            let pool = PgPool::connect(&url).await.unwrap();
            run_all!(&pool, old_change("grp_beside", 1, &token(2)));
            run_all!(&pool, OLD_QUERIES);
            pool.close().await;
        });
        goes_on(home);
    });
}
