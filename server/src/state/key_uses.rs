//! When keys were used last. That is kept in memory and written once a minute, so that a request does not write.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::clock::now;
use super::engine::{Operation, Step, values};
use super::store::StateStore;

/// The times of uses that are not written yet, by the keys' ids. Only keys that were verified are in it.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyUses(Arc<Mutex<HashMap<String, i64>>>);

impl KeyUses {
    fn times(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore {
    /// Notes that a key is used.
    pub(crate) fn note_key_use(&self, id: &str) {
        let mut times = self.key_uses.times();
        match times.get_mut(id) {
            Some(time) => *time = now(),
            None => drop(times.insert(id.to_owned(), now())),
        }
    }

    /// Writes what was noted since the last time. What cannot be written is lost: it is no more than a minute old.
    pub(crate) async fn write_key_uses(&self) -> sqlx::Result<()> {
        let times = std::mem::take(&mut *self.key_uses.times());
        if times.is_empty() {
            return Ok(());
        }
        // Ids are letters and digits, so this is JSON.
        let pairs: Vec<String> = times.iter().map(|(id, time)| format!("\"{id}\":{time}")).collect();
        let json = format!("{{{}}}", pairs.join(","));
        let operation = Operation {
            postgres: "UPDATE api_keys SET used_at = CAST(u.value AS BIGINT) \
                 FROM json_each_text(CAST($1 AS JSON)) u WHERE api_keys.id = u.key \
                 AND (used_at IS NULL OR used_at < CAST(u.value AS BIGINT))",
            sqlite: vec![Step::Do(
                "UPDATE api_keys SET used_at = u.value FROM json_each($1) u WHERE api_keys.id = u.key \
                 AND (used_at IS NULL OR used_at < u.value)",
            )],
            crash_point: "before_key_uses",
        };
        self.engine.atomically(&operation, values![&json]).await.map(drop)
    }
}
