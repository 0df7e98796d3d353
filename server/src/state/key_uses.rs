//! When keys were used last, kept in memory until it is written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The times of uses that are not written yet, by the keys' ids. Only keys that were verified are in it.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyUses(Arc<Mutex<HashMap<String, i64>>>);

impl KeyUses {
    pub(super) fn note(&self, id: &str, now: i64) {
        let mut times = self.times();
        match times.get_mut(id) {
            Some(time) => *time = now,
            None => drop(times.insert(id.to_owned(), now)),
        }
    }

    /// Takes what was noted, as a JSON object of ids and times; `None` if that is nothing.
    pub(super) fn take(&self) -> Option<String> {
        let times = std::mem::take(&mut *self.times());
        // Ids are letters and digits, so this is JSON.
        let pairs: Vec<String> = times.iter().map(|(id, time)| format!("\"{id}\":{time}")).collect();
        (!pairs.is_empty()).then(|| format!("{{{}}}", pairs.join(",")))
    }

    fn times(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_use_of_each_key_is_taken_once() {
        let uses = KeyUses::default();
        uses.note("a", 1);
        uses.note("a", 2);
        assert_eq!(uses.take().as_deref(), Some("{\"a\":2}"));
        assert_eq!(uses.take(), None);
    }
}
