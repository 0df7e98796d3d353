//! Opens the state: the database that a URL names, with its schema up to date.

use std::sync::Arc;
use std::time::Duration;

use super::answer_room::AnswerRooms;
use super::credential::KeyCache;
use super::engine::{Connections, Engine, values};
use super::key_uses::KeyUses;
use super::measured::MeasuredEngine;
use super::migrate::{self, MigrateError};
use super::postgres::PgEngine;
use super::sqlite::SqliteEngine;

/// The state. Its methods stand in the modules beside this one, by what they are about.
#[derive(Clone)]
pub(crate) struct StateStore {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) keys: KeyCache,
    pub(super) key_uses: KeyUses,
    pub(super) answer_rooms: AnswerRooms,
    /// Whether other nodes may share the database.
    pub(crate) is_shared: bool,
    /// Whether changes are announced to other nodes by NOTIFY.
    pub(super) notifies: bool,
}

/// How to open the state.
#[derive(Debug, Clone)]
pub(crate) struct StoreOptions {
    pub(crate) connections: u32,
    /// The longest time for a statement.
    pub(crate) time_limit: Duration,
    pub(crate) notifies: bool,
    /// Whether to bring the schema up to date, or else to refuse one that is behind.
    pub(crate) migrate: bool,
}

impl StateStore {
    pub(crate) async fn open(url: &str, options: &StoreOptions) -> Result<Self, MigrateError> {
        let is_shared = !url.starts_with("sqlite:");
        let engine: Arc<dyn Engine> = if is_shared {
            let engine = PgEngine::open(url, options.connections, options.time_limit).await?;
            migrate::postgres(engine.pool(), options.migrate).await?;
            Arc::new(engine)
        } else {
            let engine = SqliteEngine::open(url, options.connections).await?;
            migrate::sqlite(engine.writer(), options.migrate).await?;
            Arc::new(engine)
        };
        let engine: Arc<dyn Engine> = Arc::new(MeasuredEngine(engine));
        let store = Self {
            engine,
            keys: KeyCache::new(),
            key_uses: KeyUses::default(),
            answer_rooms: AnswerRooms::new(),
            is_shared,
            notifies: is_shared && options.notifies,
        };
        if options.migrate {
            store.rekey_long_chats().await?;
        }
        Ok(store)
    }

    /// Whether the database answers.
    pub(crate) async fn answers(&self) -> sqlx::Result<()> {
        self.engine.read("SELECT 1", values![]).await.map(drop)
    }

    /// The state of the pool of connections.
    pub(crate) fn connections(&self) -> Connections {
        self.engine.connections()
    }

    pub(crate) async fn close(&self) {
        self.engine.close().await;
    }
}
