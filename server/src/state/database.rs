//! Opens the state database: its connections, its schema and its transactions.

use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Any, AnyPool, SqlSafeStr as _, Transaction};

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    i64::try_from(image_ingest_agent::signature::now()).unwrap_or(i64::MAX)
}

/// The state database, accessed through connection pools.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(super) read: AnyPool,
    /// For SQLite, which has one writer at a time, a pool of one connection: writers wait in order, and none of them
    /// holds a connection that readers need.
    pub(super) write: AnyPool,
    begin: &'static str,
}

impl State {
    /// Connects and brings the schema up to date.
    pub(crate) async fn open(url: &str, connections: Option<u32>) -> sqlx::Result<Self> {
        sqlx::any::install_default_drivers();
        let sqlite = url.starts_with("sqlite:");
        let connections = connections.unwrap_or(8);
        let write = connect(url, if sqlite { 1 } else { connections }, sqlite).await?;
        Migrator::with_migrations(migrations()).run(&write).await?;
        let read = if sqlite { connect(url, connections, sqlite).await? } else { write.clone() };
        Ok(Self { read, write, begin: if sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" } })
    }

    /// Whether the database answers.
    pub(crate) async fn answers(&self) -> sqlx::Result<()> {
        sqlx::query("SELECT 1").execute(&self.read).await.map(drop)
    }

    pub(crate) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    /// A transaction that writes. SQLite takes its write lock at the beginning: if a transaction began with a read and
    /// another process wrote meanwhile, it could not write any more.
    pub(super) async fn begin(&self) -> sqlx::Result<Transaction<'static, Any>> {
        self.write.begin_with(self.begin).await
    }
}

async fn connect(url: &str, connections: u32, sqlite: bool) -> sqlx::Result<AnyPool> {
    // Writers of SQLite wait for each other, so they get more time. Other waits mean that the database does not answer.
    let timeout = Duration::from_secs(if connections == 1 { 10 } else { 2 });
    let options = AnyPoolOptions::new().max_connections(connections).acquire_timeout(timeout);
    // A connection to a server may be broken, so it is tested before use. A file needs no test, which costs a query.
    let options = options.test_before_acquire(!sqlite);
    let options = options.after_connect(move |connection, _| {
        Box::pin(async move {
            if sqlite {
                sqlx::raw_sql(SQLITE_SETTINGS).execute(&mut *connection).await?;
            }
            Ok(())
        })
    });
    options.connect(url).await
}

/// A commit returns only when it is on the disk (`synchronous = FULL`), and readers do not wait for the writer (WAL).
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";

fn migrations() -> Vec<Migration> {
    let init = include_str!("../../migrations/1_init.sql").into_sql_str();
    vec![Migration::new(1, "init".into(), MigrationType::Simple, init, false)]
}
