//! The state database: SQLite or PostgreSQL, by the same migrations and queries.

mod chats;
mod commit;
mod database;
mod idempotency;
mod keys;
mod numbers;
mod objects;
mod outbox;

pub(crate) use chats::{Chat, ChatKey};
pub(crate) use commit::{CommitOutcome, NewChange, NewImage, NewKeptAnswer, StoredObject};
pub(crate) use database::{State, now};
pub(crate) use idempotency::KeptAnswer;
pub(crate) use numbers::NumberRow;
pub(crate) use objects::Unused;
pub(crate) use outbox::PendingChange;
