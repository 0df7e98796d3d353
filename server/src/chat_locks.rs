//! One lock for each chat, so that its changes are made one after another, in the order in which they arrived.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::state::ChatKey;

type Chats = HashMap<ChatKey, Arc<tokio::sync::Mutex<()>>>;

/// The locks of the chats that are being changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct ChatLocks {
    chats: Arc<Mutex<Chats>>,
}

/// The lock on a chat, held until it is dropped.
pub(crate) struct ChatLock {
    locks: ChatLocks,
    key: ChatKey,
    guard: Option<OwnedMutexGuard<()>>,
    /// Whether another change was in work, so that what was read before may have changed.
    pub(crate) waited: bool,
}

impl ChatLocks {
    pub(crate) async fn lock(&self, key: &ChatKey) -> ChatLock {
        let chat = Arc::clone(self.chats().entry(key.clone()).or_default());
        // Made before the wait: if this future is dropped while it waits, the drop below still removes the last entry.
        let mut lock = ChatLock { locks: self.clone(), key: key.clone(), guard: None, waited: false };
        lock.guard = Some(match Arc::clone(&chat).try_lock_owned() {
            Ok(guard) => guard,
            Err(_) => {
                lock.waited = true;
                chat.lock_owned().await
            }
        });
        lock
    }

    fn chats(&self) -> MutexGuard<'_, Chats> {
        self.chats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ChatLock {
    fn drop(&mut self) {
        let mut chats = self.locks.chats();
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
    async fn locks_come_in_order_and_chats_are_forgotten() {
        let locks = ChatLocks::default();
        let order = Arc::new(Mutex::new(Vec::new()));
        let first = locks.lock(&key("grp_1")).await;
        drop(locks.lock(&key("grp_2")).await);
        let mut tasks = Vec::new();
        for i in 0..5 {
            let (locks, order) = (locks.clone(), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let _lock = locks.lock(&key("grp_1")).await;
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
        while !locks.chats().is_empty() {
            tokio::task::yield_now().await;
        }
    }
}
