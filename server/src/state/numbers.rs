//! The numbers of accounts, and the route to the device of each.

use sqlx::Row as _;

use super::database::{State, now};

/// A number and the route to its device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NumberRow {
    pub(crate) number: String,
    pub(crate) account: String,
    pub(crate) route: String,
}

impl State {
    /// Adds a number, or changes the route of a number of the same account; false if the number belongs to another
    /// account.
    pub(crate) async fn add_number(&self, row: &NumberRow) -> sqlx::Result<bool> {
        let upsert = "INSERT INTO numbers (number, account, route, added_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (number) DO UPDATE SET route = excluded.route WHERE numbers.account = excluded.account";
        let upsert = sqlx::query(upsert).bind(&row.number).bind(&row.account).bind(&row.route).bind(now());
        Ok(upsert.execute(&self.write).await?.rows_affected() == 1)
    }

    pub(crate) async fn numbers(&self) -> sqlx::Result<Vec<NumberRow>> {
        let select = "SELECT number, account, route FROM numbers ORDER BY account, number";
        let rows = sqlx::query(select).fetch_all(&self.read).await?;
        rows.iter().map(number).collect()
    }

    /// Removes a number; false if there is no such number.
    pub(crate) async fn remove_number(&self, number: &str) -> sqlx::Result<bool> {
        let delete = sqlx::query("DELETE FROM numbers WHERE number = $1").bind(number);
        Ok(delete.execute(&self.write).await?.rows_affected() == 1)
    }

    /// The number of a chat: `preferred` if the account still has it, else the account's first.
    pub(crate) async fn number_for(&self, account: &str, preferred: Option<&str>) -> sqlx::Result<Option<NumberRow>> {
        let select = "SELECT number, account, route FROM numbers WHERE account = $1 \
             ORDER BY CASE WHEN number = $2 THEN 0 ELSE 1 END, added_at, number LIMIT 1";
        let select = sqlx::query(select).bind(account).bind(preferred.unwrap_or_default());
        select.fetch_optional(&self.read).await?.as_ref().map(number).transpose()
    }
}

fn number(row: &sqlx::any::AnyRow) -> sqlx::Result<NumberRow> {
    Ok(NumberRow { number: row.try_get(0)?, account: row.try_get(1)?, route: row.try_get(2)? })
}
