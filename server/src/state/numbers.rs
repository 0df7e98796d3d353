//! The numbers of accounts, and the route to the device of each.

use super::clock::now;
use super::engine::{Cells, values};
use super::store::StateStore;

/// A number and the route to its device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NumberRow {
    pub(crate) number: String,
    pub(crate) account: String,
    /// `embedded`, or what [`agent_route`] gives. Earlier versions wrote an agent's URL, which reaches nothing.
    pub(crate) route: String,
}

impl NumberRow {
    /// Whether its device is a folder of the server.
    pub(crate) fn is_embedded(&self) -> bool {
        self.route == EMBEDDED
    }
}

pub(crate) const EMBEDDED: &str = "embedded";

/// The route of numbers whose device has the agent `id`.
pub(crate) fn agent_route(id: &str) -> String {
    format!("agent:{id}")
}

/// Whether an agent that asked last at `polled_at` counts as there.
pub(super) fn is_polled(polled_at: Option<i64>, now: i64) -> bool {
    polled_at.is_some_and(|at| now - at < 45_000)
}

impl StateStore {
    /// Adds a number, or changes the route of a number of the same account; false if the number belongs to another
    /// account.
    pub(crate) async fn add_number(&self, row: &NumberRow) -> sqlx::Result<bool> {
        let upsert = "INSERT INTO numbers (number, account, route, added_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (number) DO UPDATE SET route = excluded.route WHERE numbers.account = excluded.account \
             RETURNING 1";
        let added = self.engine.write(upsert, values![&row.number, &row.account, &row.route, now()]).await?;
        Ok(!added.is_empty())
    }

    pub(crate) async fn numbers(&self) -> sqlx::Result<Vec<NumberRow>> {
        let select = "SELECT number, account, route FROM numbers ORDER BY account, number";
        let number = |row: &Cells| Ok(NumberRow { number: row.get(0)?, account: row.get(1)?, route: row.get(2)? });
        self.engine.read(select, values![]).await?.iter().map(number).collect()
    }

    /// Whether there is a number with this route.
    pub(crate) async fn has_route(&self, route: &str) -> sqlx::Result<bool> {
        let select = "SELECT 1 FROM numbers WHERE route = $1 LIMIT 1";
        Ok(!self.engine.read(select, values![route]).await?.is_empty())
    }

    /// Removes a number; false if there is no such number. Its pending changes go to the account's next number.
    pub(crate) async fn remove_number(&self, number: &str) -> sqlx::Result<bool> {
        let removed = self.engine.write("DELETE FROM numbers WHERE number = $1 RETURNING 1", values![number]).await?;
        let update = "UPDATE outbox SET number = NULL WHERE number = $1";
        self.engine.write(update, values![number]).await?;
        Ok(!removed.is_empty())
    }
}
