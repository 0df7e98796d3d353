//! The agents beside devices. Only the BLAKE3 of an agent's credential is stored.

use super::clock::now;
use super::credential::{Credential, CredentialKind};
use super::engine::{Cells, values};
use super::store::StateStore;

/// The fields of an agent that may be shown.
#[derive(Debug)]
pub(crate) struct AgentRow {
    pub(crate) id: String,
    pub(crate) added_at: i64,
    pub(crate) revoked_at: Option<i64>,
    pub(crate) polled_at: Option<i64>,
}

/// What an agent has to do, and when it last asked.
#[derive(Debug)]
pub(crate) struct AgentLoad {
    pub(crate) id: String,
    pub(crate) polled_at: Option<i64>,
    pub(crate) is_revoked: bool,
    /// Changes that it has not answered for: at most [`MOST_COUNTED`] of each number, of as many numbers.
    pub(crate) pending: i64,
}

/// Agents that are measured: each is a line of the metrics.
const MOST_MEASURED: i64 = 1_000;

/// Changes of a number that are counted: agents that hang must not make the count long.
const MOST_COUNTED: i64 = 100;

impl StateStore {
    /// The first thousand agents by name; of those that were revoked, the ones of the last minutes, so that each node learns of
    /// it.
    pub(crate) async fn agent_loads(&self) -> sqlx::Result<Vec<AgentLoad>> {
        let select = "SELECT a.id, a.polled_at, (SELECT CAST(COALESCE(SUM(counted), 0) AS BIGINT) FROM (SELECT \
               (SELECT COUNT(*) FROM (SELECT o.next_at FROM outbox o WHERE o.number = n.number ORDER BY o.next_at LIMIT $2) due) \
               AS counted FROM numbers n WHERE n.route = 'agent:' || a.id ORDER BY n.number LIMIT $2) numbered), \
             a.revoked_at FROM agents a WHERE a.revoked_at IS NULL OR a.revoked_at > $3 ORDER BY a.id LIMIT $1";
        let load = |row: &Cells| {
            let is_revoked = row.get::<Option<i64>>(3)?.is_some();
            Ok(AgentLoad { id: row.get(0)?, polled_at: row.get(1)?, pending: row.get(2)?, is_revoked })
        };
        self.engine
            .read(select, values![MOST_MEASURED, MOST_COUNTED, now() - 300_000])
            .await?
            .iter()
            .map(load)
            .collect()
    }

    /// Adds an agent; false if there is one of this name already.
    pub(crate) async fn add_agent(&self, id: &str, hash: &str) -> sqlx::Result<bool> {
        let insert = "INSERT INTO agents (id, hash, added_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1";
        Ok(!self.engine.write(insert, values![id, hash, now()]).await?.is_empty())
    }

    /// Gives an agent another credential, also one that was revoked; false if there is no such agent.
    pub(crate) async fn rotate_agent(&self, id: &str, hash: &str) -> sqlx::Result<bool> {
        let update = "UPDATE agents SET hash = $2, revoked_at = NULL WHERE id = $1 RETURNING 1";
        Ok(!self.engine.write(update, values![id, hash]).await?.is_empty())
    }

    /// Revokes an agent's credential; false if there is no such active agent.
    pub(crate) async fn revoke_agent(&self, id: &str) -> sqlx::Result<bool> {
        let update = "UPDATE agents SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING 1";
        Ok(!self.engine.write(update, values![id, now()]).await?.is_empty())
    }

    /// The hash of an agent's credential, unless it is revoked.
    pub(crate) async fn active_agent(&self, id: &str) -> sqlx::Result<Option<Credential>> {
        let select = "SELECT id, hash, CAST(NULL AS BIGINT) FROM agents WHERE id = $1 AND revoked_at IS NULL";
        self.credential(CredentialKind::Agent, select, id).await
    }

    pub(crate) async fn agents(&self) -> sqlx::Result<Vec<AgentRow>> {
        let select = "SELECT id, added_at, revoked_at, polled_at FROM agents ORDER BY id";
        let agent = |row: &Cells| {
            let (revoked_at, polled_at) = (row.get(2)?, row.get(3)?);
            Ok(AgentRow { id: row.get(0)?, added_at: row.get(1)?, revoked_at, polled_at })
        };
        self.engine.read(select, values![]).await?.iter().map(agent).collect()
    }

    /// Records that an agent asks for changes.
    pub(crate) async fn note_poll(&self, id: &str) -> sqlx::Result<()> {
        let update = "UPDATE agents SET polled_at = $2 WHERE id = $1";
        self.engine.write(update, values![id, now()]).await.map(drop)
    }
}
