//! Brings the schema up to date.
//!
//! A migration only adds, so that servers of two versions run side by side while they are exchanged: first `migrate`, then
//! the servers one after another. A server ignores migrations that it does not know.

use sqlx::migrate::{Migrate, Migration, MigrationType, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;
use sqlx::{SqlSafeStr as _, SqlStr};

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MigrateError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("the schema is behind this version; run `image-ingest-server migrate` first")]
    Behind,
}

pub(super) async fn sqlite(pool: &SqlitePool, migrate: bool) -> Result<(), MigrateError> {
    let trigger = include_str!("../../migrations/sqlite/5_rendition_trigger.sql").into_sql_str();
    run(pool.acquire().await?, migrations(&[(5, "rendition trigger", trigger)]), migrate).await
}

pub(super) async fn postgres(pool: &PgPool, migrate: bool) -> Result<(), MigrateError> {
    let functions = include_str!("../../migrations/postgres/3_functions.sql").into_sql_str();
    let of_renditions = include_str!("../../migrations/postgres/5_rendition_functions.sql").into_sql_str();
    let functions = [(3, "functions", functions), (5, "rendition functions", of_renditions)];
    let mut connection = pool.acquire().await?;
    // An index on a large table takes longer than a request may.
    sqlx::query("SET statement_timeout = 0").execute(&mut *connection).await?;
    sqlx::query("SET lock_timeout = 0").execute(&mut *connection).await?;
    connection.close_on_drop();
    run(connection, migrations(&functions), migrate).await
}

type Named = (i64, &'static str, SqlStr);

fn migrations(others: &[Named]) -> Migrator {
    let common: [Named; 4] = [
        (1, "init", include_str!("../../migrations/1_init.sql").into_sql_str()),
        (2, "nodes", include_str!("../../migrations/2_nodes.sql").into_sql_str()),
        (4, "renditions", include_str!("../../migrations/4_renditions.sql").into_sql_str()),
        (6, "key_times", include_str!("../../migrations/6_key_times.sql").into_sql_str()),
    ];
    let migration = |(version, name, sql): &Named| {
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql.clone(), false)
    };
    let mut migrator = Migrator::with_migrations(common.iter().chain(others).map(migration).collect());
    migrator.set_ignore_missing(true);
    migrator
}

async fn run<D>(mut connection: PoolConnection<D>, migrator: Migrator, migrate: bool) -> Result<(), MigrateError>
where
    D: sqlx::Database,
    D::Connection: Migrate,
{
    if migrate {
        return Ok(migrator.run_direct(None, &mut *connection, false).await?);
    }
    connection.ensure_migrations_table(&migrator.table_name).await?;
    let applied = connection.list_applied_migrations(&migrator.table_name).await?;
    let is_applied = |migration: &Migration| applied.iter().any(|a| a.version == migration.version);
    if migrator.iter().all(is_applied) { Ok(()) } else { Err(MigrateError::Behind) }
}
