//! The state: SQLite for one node, PostgreSQL for any number of them.
//!
//! A request reads what it needs at once ([`StateStore::situation`]) and changes a chat by one statement
//! ([`StateStore::commit`]), which does nothing if the chat has changed since. Each call here is one round trip to
//! PostgreSQL.

mod account;
mod agents;
mod answer_room;
mod answers;
mod audit;
mod clock;
mod commit;
mod credential;
mod engine;
mod erasing;
mod key_uses;
mod keys;
mod long_chats;
mod measured;
mod migrate;
mod numbers;
mod outbox;
mod postgres;
mod renditions;
mod retention;
mod situation;
mod spool;
mod sqlite;
mod store;

pub(crate) use audit::{AuditedChat, AuditedObject, PageStart};
pub(crate) use clock::now;
pub(crate) use commit::{CommitOutcome, NewChange, NewImage, NewKeptAnswer, StoredImage, StoredObject};
pub(crate) use credential::{Credential, CredentialKind};
pub(crate) use migrate::MigrateError;
pub(crate) use numbers::{EMBEDDED, NumberRow, agent_route};
pub(crate) use outbox::{DueChange, Held, MAX_VERSION};
pub(crate) use renditions::StoredRendition;
pub(crate) use situation::{Chat, ChatKey, Delivery, Reached, Situation};
pub(crate) use store::{StateStore, StoreOptions};
