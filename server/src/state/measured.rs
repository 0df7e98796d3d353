//! Measures how long statements take, the wait for a connection included.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::engine::{Cells, Connections, Engine, Operation, Value};

/// An engine whose statements are measured.
pub(super) struct MeasuredEngine(pub(super) Arc<dyn Engine>);

#[async_trait]
impl Engine for MeasuredEngine {
    async fn read(&self, sql: &'static str, values: Vec<Value>) -> sqlx::Result<Vec<Cells>> {
        measured("read", self.0.read(sql, values)).await
    }

    async fn write(&self, sql: &'static str, values: Vec<Value>) -> sqlx::Result<Vec<Cells>> {
        measured("write", self.0.write(sql, values)).await
    }

    async fn atomically(&self, operation: &Operation, values: Vec<Value>) -> sqlx::Result<Vec<Cells>> {
        measured("write", self.0.atomically(operation, values)).await
    }

    fn connections(&self) -> Connections {
        self.0.connections()
    }

    async fn close(&self) {
        self.0.close().await;
    }
}

async fn measured<T>(kind: &'static str, work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let result = work.await;
    metrics::histogram!("ingest_database_seconds", "kind" => kind).record(started.elapsed());
    result
}
