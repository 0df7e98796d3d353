//! The interface to a database, which hides how SQLite and PostgreSQL differ: types of values and rows, and how several
//! changes are made at once.

use async_trait::async_trait;
use bytes::Bytes;
use image_ingest::{ContentId, SourceId};

/// A database with the schema of `migrations/`.
#[async_trait]
pub(super) trait Engine: Send + Sync {
    /// The rows of a statement that only reads.
    async fn read(&self, sql: &'static str, values: Vec<Value>) -> sqlx::Result<Vec<Cells>>;

    /// The rows of a statement that writes: it has a `RETURNING` where the caller must know whether it found a row.
    async fn write(&self, sql: &'static str, values: Vec<Value>) -> sqlx::Result<Vec<Cells>>;

    /// Makes several changes, all or none, and returns the rows of the last one.
    async fn atomically(&self, operation: &Operation, values: Vec<Value>) -> sqlx::Result<Vec<Cells>>;

    /// The state of the pool of connections.
    fn connections(&self) -> Connections;

    async fn close(&self);
}

/// Connections of a pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connections {
    pub(crate) open: u32,
    /// Those that run a statement.
    pub(crate) busy: u32,
    /// How many there may be.
    pub(crate) limit: u32,
}

/// Changes that are made at once. All statements have the same values.
pub(super) struct Operation {
    /// One statement, often a call of a function, which does the same as `sqlite`.
    pub(super) postgres: &'static str,
    /// The steps of one transaction.
    pub(super) sqlite: Vec<Step>,
    /// The point of a crash before the transaction ends.
    pub(super) crash_point: &'static str,
}

/// A statement of a transaction.
pub(super) enum Step {
    Do(&'static str),
    /// Without a row, the transaction is rolled back; the operation's only row has this word, or there is none.
    Require(&'static str, Option<&'static str>),
}

/// A value of a statement.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Integer(i64),
    Text(Option<String>),
    Bytes(Bytes),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(Some(value.clone()))
    }
}

impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        Self::Text(value.map(str::to_owned))
    }
}

impl From<ContentId> for Value {
    fn from(value: ContentId) -> Self {
        Self::Text(Some(value.to_string()))
    }
}

/// The values of a statement, in order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::state::engine::Value::from($value)),*] };
}
pub(super) use values;

/// A row.
#[derive(Debug)]
pub(super) struct Cells(pub(super) Vec<Cell>);

#[derive(Debug, Clone)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Cells {
    /// The value in a column, from 0.
    pub(super) fn get<T: FromCell>(&self, column: usize) -> sqlx::Result<T> {
        let cell = self.0.get(column).cloned().unwrap_or(Cell::Null);
        T::from_cell(cell).ok_or_else(|| sqlx::Error::Decode(format!("column {column} has another type").into()))
    }
}

/// A type that a column can have.
pub(super) trait FromCell: Sized {
    fn from_cell(cell: Cell) -> Option<Self>;
}

impl FromCell for i64 {
    fn from_cell(cell: Cell) -> Option<Self> {
        if let Cell::Integer(value) = cell { Some(value) } else { None }
    }
}

impl FromCell for String {
    fn from_cell(cell: Cell) -> Option<Self> {
        if let Cell::Text(value) = cell { Some(value) } else { None }
    }
}

impl FromCell for Bytes {
    fn from_cell(cell: Cell) -> Option<Self> {
        if let Cell::Bytes(value) = cell { Some(value.into()) } else { None }
    }
}

impl FromCell for ContentId {
    fn from_cell(cell: Cell) -> Option<Self> {
        String::from_cell(cell)?.parse().ok()
    }
}

impl FromCell for SourceId {
    fn from_cell(cell: Cell) -> Option<Self> {
        String::from_cell(cell)?.parse().ok()
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: Cell) -> Option<Self> {
        if matches!(cell, Cell::Null) { Some(None) } else { T::from_cell(cell).map(Some) }
    }
}
