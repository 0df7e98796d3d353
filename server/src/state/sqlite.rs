//! SQLite: one file, one writer at a time, readers that do not wait for it.

use std::str::FromStr as _;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Row as _, Sqlite, TypeInfo as _, ValueRef as _};

use super::engine::{Cell, Cells, Connections, Engine, Operation, Step, Value};

pub(super) struct SqliteEngine {
    readers: SqlitePool,
    /// One connection: writers wait in order, and none of them holds a connection that readers need.
    writer: SqlitePool,
}

impl SqliteEngine {
    pub(super) async fn open(url: &str, connections: u32) -> sqlx::Result<Self> {
        // A commit returns only when it is on the disk, and readers do not wait for the writer.
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .busy_timeout(WRITER_WAIT)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let pool = |connections, wait| {
            SqlitePoolOptions::new().max_connections(connections).acquire_timeout(wait).test_before_acquire(false)
        };
        let writer = pool(1, WRITER_WAIT).connect_with(options.clone()).await?;
        let readers = pool(connections, Duration::from_secs(2)).connect_with(options).await?;
        Ok(Self { readers, writer })
    }

    pub(super) fn writer(&self) -> &SqlitePool {
        &self.writer
    }
}

/// Writers of SQLite wait for each other.
const WRITER_WAIT: Duration = Duration::from_secs(10);

#[async_trait]
impl Engine for SqliteEngine {
    async fn read(&self, sql: &'static str, values: Vec<Value>) -> sqlx::Result<Vec<Cells>> {
        cells(bound(sql, &values).fetch_all(&self.readers).await?)
    }

    async fn write(&self, sql: &'static str, values: Vec<Value>) -> sqlx::Result<Vec<Cells>> {
        cells(bound(sql, &values).fetch_all(&self.writer).await?)
    }

    async fn atomically(&self, operation: &Operation, values: Vec<Value>) -> sqlx::Result<Vec<Cells>> {
        // The write lock is taken at the beginning: if a transaction began with a read and another process wrote
        // meanwhile, it could not write any more.
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let mut rows = Vec::new();
        for step in &operation.sqlite {
            let (sql, required) = match step {
                Step::Do(sql) => (sql, None),
                Step::Require(sql, outcome) => (sql, Some(outcome)),
            };
            rows = bound(sql, &values).fetch_all(&mut *transaction).await?;
            if let Some(outcome) = required.filter(|_| rows.is_empty()) {
                transaction.rollback().await?;
                return Ok(outcome.iter().map(|word| Cells(vec![Cell::Text((*word).to_owned())])).collect());
            }
        }
        crate::crash::point(operation.crash_point);
        transaction.commit().await?;
        cells(rows)
    }

    fn connections(&self) -> Connections {
        let pools = [&self.readers, &self.writer];
        let open: u32 = pools.iter().map(|pool| pool.size()).sum();
        let idle: usize = pools.iter().map(|pool| pool.num_idle()).sum();
        let limit = pools.iter().map(|pool| pool.options().get_max_connections()).sum();
        Connections { open, busy: open.saturating_sub(u32::try_from(idle).unwrap_or(u32::MAX)), limit }
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn bound(sql: &'static str, values: &[Value]) -> Query<'static, Sqlite, SqliteArguments> {
    values.iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Integer(value) => query.bind(*value),
        Value::Text(value) => query.bind(value.clone()),
        Value::Bytes(value) => query.bind(value.to_vec()),
    })
}

fn cells(rows: Vec<SqliteRow>) -> sqlx::Result<Vec<Cells>> {
    let cell = |row: &SqliteRow, column| {
        let value = row.try_get_raw(column)?;
        let kind = value.type_info();
        Ok(match kind.name() {
            _ if value.is_null() => Cell::Null,
            "TEXT" => Cell::Text(row.try_get(column)?),
            "BLOB" => Cell::Bytes(row.try_get_unchecked(column)?),
            _ => Cell::Integer(row.try_get_unchecked(column)?),
        })
    };
    rows.iter()
        .map(|row| (0..row.len()).map(|column| cell(row, column)).collect::<sqlx::Result<_>>().map(Cells))
        .collect()
}
