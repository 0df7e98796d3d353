//! The state database: SQLite or PostgreSQL, by the same migrations and queries.

mod chats;
mod commit;
mod idempotency;
mod keys;
mod numbers;
mod objects;
mod outbox;

use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Any, AnyPool, SqlSafeStr as _, Transaction};

pub(crate) use chats::{Chat, ChatKey};
pub(crate) use commit::{Commit, NewChange, NewKept, NewPicture, StoredObject};
pub(crate) use idempotency::Kept;
pub(crate) use numbers::NumberRow;
pub(crate) use objects::Unused;
pub(crate) use outbox::Due;

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    i64::try_from(image_ingest_agent::signature::now()).unwrap_or(i64::MAX)
}

/// The state, behind pools of connections.
#[derive(Debug, Clone)]
pub(crate) struct State {
    read: AnyPool,
    /// SQLite has one writer at a time: with one connection, writers wait in order and hold none that readers need.
    write: AnyPool,
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

    /// A transaction that writes. SQLite takes its one write lock at once, since another process may write, too: one
    /// that begins by reading could not be continued after that.
    async fn begin(&self) -> sqlx::Result<Transaction<'static, Any>> {
        self.write.begin_with(self.begin).await
    }
}

async fn connect(url: &str, connections: u32, sqlite: bool) -> sqlx::Result<AnyPool> {
    // Writers of SQLite wait for each other; what else is waited for is a database that is not there.
    let patience = Duration::from_secs(if connections == 1 { 10 } else { 2 });
    let options = AnyPoolOptions::new().max_connections(connections).acquire_timeout(patience);
    // A server may have gone away since; a file has not, and asking costs as much as a query.
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

/// A commit is on the disk when it returns, and readers do not wait for the writer.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";

fn migrations() -> Vec<Migration> {
    let init = include_str!("../../migrations/1_init.sql").into_sql_str();
    vec![Migration::new(1, "init".into(), MigrationType::Simple, init, false)]
}
