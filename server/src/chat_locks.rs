//! Turns of a chat: its changes are made one after another, in the order in which they came.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::state::ChatKey;

type Chats = HashMap<ChatKey, Arc<tokio::sync::Mutex<()>>>;

/// The chats with a change in work, each with those that wait.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    chats: Mutex<Chats>,
}

/// The right to change a chat, until it is dropped.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    key: ChatKey,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    pub(crate) async fn take(&self, key: &ChatKey) -> Turn<'_> {
        let chat = Arc::clone(self.chats().entry(key.clone()).or_default());
        // Dropped with this future, too, so that a chat is forgotten when the last that waits gives up.
        let mut turn = Turn { turns: self, key: key.clone(), guard: None };
        turn.guard = Some(chat.lock_owned().await);
        turn
    }

    fn chats(&self) -> MutexGuard<'_, Chats> {
        self.chats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut chats = self.turns.chats();
        self.guard = None;
        if chats.get(&self.key).is_some_and(|chat| Arc::strong_count(chat) == 1) {
            chats.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat_id::ChatId;

    fn key(chat: &str) -> ChatKey {
        ChatKey { account: "demo".into(), chat: ChatId::parse(chat).unwrap() }
    }

    #[tokio::test]
    async fn turns_come_in_order_and_chats_are_forgotten() {
        let turns = Arc::new(Turns::default());
        let order = Arc::new(Mutex::new(Vec::new()));
        let first = turns.take(&key("grp_1")).await;
        drop(turns.take(&key("grp_2")).await);
        let mut tasks = Vec::new();
        for i in 0..5 {
            let (turns, order) = (Arc::clone(&turns), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let _turn = turns.take(&key("grp_1")).await;
                order.lock().unwrap().push(i);
            }));
            tokio::task::yield_now().await;
        }
        tasks.pop().unwrap().abort();
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3]);
        while !turns.chats().is_empty() {
            tokio::task::yield_now().await;
        }
    }
}
