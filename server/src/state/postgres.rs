//! PostgreSQL: any number of nodes on one database, each statement one round trip.
//!
//! Connections come from sqlx's pool and are kept here between statements, because that pool tests each connection that is
//! given back, by a round trip of its own.

use std::str::FromStr as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::{Column as _, Postgres, Row as _, TypeInfo as _};
use tokio::sync::Semaphore;

use super::engine::{Cell, Cells, Connections, Engine, Operation, Value};

pub(super) struct PgEngine {
    pool: PgPool,
    /// As many as there may be connections.
    permits: Semaphore,
    limit: u32,
    idle: Mutex<Vec<Kept>>,
    time_limit: Duration,
}

struct Kept {
    connection: PoolConnection<Postgres>,
    since: Instant,
}

/// A connection is exchanged after this time, so that it moves with the address of the database.
const KEPT_FOR: Duration = Duration::from_secs(600);

impl PgEngine {
    /// `time_limit` holds for each statement, the wait for a connection included.
    pub(super) async fn open(url: &str, connections: u32, time_limit: Duration) -> sqlx::Result<Self> {
        let limit = time_limit.as_millis().to_string();
        // The server ends what this end gives up, or the connection's next user would wait for it.
        let options = PgConnectOptions::from_str(url)?
            .application_name("image-ingest-server")
            .extra_float_digits(None)
            .options([("statement_timeout", limit.as_str()), ("lock_timeout", "2000")]);
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(time_limit.min(LONGEST_WAIT))
            // A connection that has broken fails its first statement, which `fetch` sends again on another.
            .test_before_acquire(false)
            .connect_with(options)
            .await?;
        let permits = Semaphore::new(usize::try_from(connections).unwrap_or(1));
        Ok(Self { pool, permits, limit: connections, idle: Mutex::default(), time_limit })
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Runs one statement. `again`: it may be sent twice.
    async fn fetch(&self, sql: &'static str, values: &[Value], again: bool) -> sqlx::Result<Vec<Cells>> {
        let rows = match self.fetch_once(sql, values).await {
            Err(error) if is_broken(&error) && again => {
                // The server has restarted, so other idle connections are likely to be broken, too.
                self.drop_idle();
                self.fetch_once(sql, values).await
            }
            result => result,
        };
        rows?.iter().map(cells).collect()
    }

    async fn fetch_once(&self, sql: &'static str, values: &[Value]) -> sqlx::Result<Vec<PgRow>> {
        let permit = tokio::time::timeout(self.time_limit.min(LONGEST_WAIT), self.permits.acquire()).await;
        let _permit = permit.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)?;
        let mut kept = self.connection().await?;
        // If this future is dropped here, the connection goes back to the pool, which waits for its answer.
        let query = bound(sql, values).fetch_all(&mut *kept.connection);
        let result = tokio::time::timeout(self.time_limit, query).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        if result.as_ref().is_err_and(|error| is_broken(error) || matches!(error, sqlx::Error::PoolTimedOut)) {
            // Its answer may still come, or never.
            kept.connection.close_on_drop();
        } else {
            self.idle().push(kept);
        }
        result
    }

    async fn connection(&self) -> sqlx::Result<Kept> {
        let idle = self.idle().pop();
        match idle {
            Some(kept) if kept.since.elapsed() < KEPT_FOR => return Ok(kept),
            Some(mut kept) => kept.connection.close_on_drop(),
            None => {}
        }
        Ok(Kept { connection: self.pool.acquire().await?, since: Instant::now() })
    }

    /// Closes the connections that nobody uses.
    fn drop_idle(&self) {
        self.idle().drain(..).for_each(|mut kept| kept.connection.close_on_drop());
        while let Some(mut idle) = self.pool.try_acquire() {
            idle.close_on_drop();
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The longest wait for a connection.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Whether the connection failed, rather than the statement. 57P: the server is being shut down; 25006: it has become a
/// replica.
fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P") || code == "25006"),
        _ => false,
    }
}

#[async_trait]
impl Engine for PgEngine {
    async fn read(&self, sql: &'static str, values: Vec<Value>) -> sqlx::Result<Vec<Cells>> {
        self.fetch(sql, &values, true).await
    }

    /// Writes are sent once: of one that broke, nobody knows whether it was made. Most of what writes begins with a read,
    /// which has found a connection that works.
    async fn write(&self, sql: &'static str, values: Vec<Value>) -> sqlx::Result<Vec<Cells>> {
        self.fetch(sql, &values, false).await
    }

    async fn atomically(&self, operation: &Operation, values: Vec<Value>) -> sqlx::Result<Vec<Cells>> {
        crate::crash::point(operation.crash_point);
        self.fetch(operation.postgres, &values, false).await
    }

    fn connections(&self) -> Connections {
        let idle = u32::try_from(self.permits.available_permits()).unwrap_or(u32::MAX);
        Connections { open: self.pool.size(), busy: self.limit.saturating_sub(idle), limit: self.limit }
    }

    async fn close(&self) {
        self.idle().clear();
        self.pool.close().await;
    }
}

fn bound(sql: &'static str, values: &[Value]) -> Query<'static, Postgres, PgArguments> {
    values.iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Integer(value) => query.bind(*value),
        Value::Text(value) => query.bind(value.clone()),
        Value::Bytes(value) => query.bind(value.to_vec()),
    })
}

fn cells(row: &PgRow) -> sqlx::Result<Cells> {
    let cell = |column: &sqlx::postgres::PgColumn| {
        let at = column.ordinal();
        Ok(match column.type_info().name() {
            "INT8" => row.try_get::<Option<i64>, _>(at)?.map_or(Cell::Null, Cell::Integer),
            "INT4" => row.try_get::<Option<i32>, _>(at)?.map_or(Cell::Null, |value| Cell::Integer(value.into())),
            "BYTEA" => row.try_get::<Option<Vec<u8>>, _>(at)?.map_or(Cell::Null, Cell::Bytes),
            _ => row.try_get::<Option<String>, _>(at)?.map_or(Cell::Null, Cell::Text),
        })
    };
    row.columns().iter().map(cell).collect::<sqlx::Result<_>>().map(Cells)
}
