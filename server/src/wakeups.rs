//! Wakes what waits: an agent's poll for changes, and a change for the answer of its agent.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast::{Receiver, Sender, channel};

use crate::state::ChatKey;

/// The topics that something waits for.
#[derive(Debug, Default)]
pub(crate) struct Wakeups {
    topics: Mutex<HashMap<String, Sender<Wakeup>>>,
}

/// Why a wait ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wakeup {
    /// The state has changed.
    Look,
    /// An agent has answered: it applied this version, or refused it with a code.
    Answered { version: i64, refused: Option<String> },
}

impl Wakeups {
    /// What is sent on a topic from now on.
    pub(crate) fn subscribe(&self, topic: &str) -> Receiver<Wakeup> {
        let mut topics = self.topics();
        if let Some(sender) = topics.get(topic) {
            return sender.subscribe();
        }
        if topics.len() >= TIDY_AT {
            topics.retain(|_, sender| sender.receiver_count() > 0);
        }
        let (sender, receiver) = channel(KEPT);
        topics.insert(topic.to_owned(), sender);
        receiver
    }

    /// Wakes all that wait for a topic.
    pub(crate) fn send(&self, topic: &str, wakeup: Wakeup) {
        let mut topics = self.topics();
        // Sending fails when the last receiver has gone.
        if topics.get(topic).is_some_and(|sender| sender.send(wakeup).is_err()) {
            topics.remove(topic);
        }
    }

    /// Whether something waits for a topic.
    pub(crate) fn is_awaited(&self, topic: &str) -> bool {
        self.topics().get(topic).is_some_and(|sender| sender.receiver_count() > 0)
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<String, Sender<Wakeup>>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The topic of a chat, short enough for PostgreSQL's NOTIFY.
pub(crate) fn chat_topic(key: &ChatKey) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(key.account.as_bytes()).update(&[0]).update(key.chat.as_str().as_bytes());
    format!("chat:{}", hasher.finalize().to_hex())
}

/// Wakeups kept for a slow receiver. One that misses some looks at the state.
const KEPT: usize = 8;

/// The number of topics at which those that nobody waits for are removed.
const TIDY_AT: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_topic_wakes_its_own_receivers_and_is_forgotten() {
        let wakeups = Wakeups::default();
        let (mut a, mut b) = (wakeups.subscribe("a"), wakeups.subscribe("b"));
        wakeups.send("a", Wakeup::Look);
        assert_eq!(a.recv().await.unwrap(), Wakeup::Look);
        assert!(b.try_recv().is_err() && wakeups.is_awaited("b"));
        drop((a, b));
        assert!(!wakeups.is_awaited("a"));
        for i in 0..=TIDY_AT {
            drop(wakeups.subscribe(&i.to_string()));
        }
        assert!(wakeups.topics().len() < TIDY_AT);
    }
}
