//! Verifies that nothing is lost: every object that a chat refers to exists and has the bytes of its id, versions have
//! no gap, and no unused object remains after the grace time.

use std::time::{Duration, SystemTime};

use image_ingest::ContentId;

use crate::app::{App, StartError};
use crate::config::Times;
use crate::state::{Chat, ChatKey};

/// The counts of what was checked, and every fault found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) chats: usize,
    pub(crate) objects: usize,
    pub(crate) pending: i64,
    pub(crate) faults: Vec<String>,
}

impl App {
    /// Checks the whole state and the object store, and also each device if `devices`.
    pub(crate) async fn check(&self, devices: bool) -> Result<Findings, StartError> {
        let mut findings = Findings { pending: self.state.pending_count().await?, ..Findings::default() };
        for (key, versions) in self.state.all_versions().await? {
            findings.chats += 1;
            let chat = self.state.chat(&key).await?;
            findings.faults.extend(self.faults_of(&key, &chat, versions).await?);
            if devices && chat.is_applied() {
                findings.faults.extend(self.fault_of_device(&key, &chat).await);
            }
        }
        for token in self.state.dangling().await? {
            findings.faults.push(format!("object {token} is referred to and not known"));
        }
        self.check_contents(&mut findings).await?;
        self.check_leftovers(&mut findings).await?;
        Ok(findings)
    }

    async fn faults_of(&self, key: &ChatKey, chat: &Chat, versions: [i64; 3]) -> Result<Vec<String>, StartError> {
        let [count, least, greatest] = versions;
        let Chat { version, applied_version, .. } = chat;
        let mut faults = Vec::new();
        if (least, greatest) != (1, count) {
            faults.push(format!("versions {least} to {greatest} have gaps: {count} in all"));
        }
        if *version != greatest {
            faults.push(format!("version {version} where the history ends at {greatest}"));
        }
        if applied_version > version {
            faults.push(format!("version {applied_version} is applied, ahead of {version}"));
        }
        if !chat.is_applied() && self.state.pending(key).await?.is_none() {
            faults.push(format!("version {version} is neither applied nor pending"));
        }
        Ok(faults.into_iter().map(|fault| format!("{}: {fault}", key.chat)).collect())
    }

    async fn fault_of_device(&self, key: &ChatKey, chat: &Chat) -> Option<String> {
        let Ok(route) = self.route(key, chat).await else {
            return Some(format!("{}: there is no way to its device", key.chat));
        };
        let expected = Some((chat.version, chat.content_id.map(|id| id.to_string())));
        match self.gateway.read(&route, key).await {
            Ok(held) if held.as_ref().map(|h| (h.version, h.id.clone())) == expected => None,
            Ok(_) => Some(format!("{}: the device has another background", key.chat)),
            Err(failure) => Some(format!("{}: {}", key.chat, failure.code())),
        }
    }

    async fn check_contents(&self, findings: &mut Findings) -> Result<(), StartError> {
        for (token, id, used) in self.state.all_objects().await? {
            if !used {
                continue;
            }
            findings.objects += 1;
            match self.objects.get(&token).await? {
                None => findings.faults.push(format!("object {token} is missing")),
                Some(bytes) if ContentId::of(&bytes) != id => {
                    findings.faults.push(format!("object {token} has other bytes than its id says"));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Objects in the store that the state does not know, or should have erased by now.
    async fn check_leftovers(&self, findings: &mut Findings) -> Result<(), StartError> {
        // Objects are erased some time after the grace time, not at its end.
        let grace = Times::of(self.config.times.grace_ms) + Duration::from_secs(120);
        let time = SystemTime::now().checked_sub(grace).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut known = self.state.all_intents().await?;
        known.extend(self.state.all_objects().await?.into_iter().map(|(token, ..)| token));
        known.sort_unstable();
        for token in self.objects.tokens(time).await? {
            if known.binary_search(&token).is_err() {
                findings.faults.push(format!("object {token} is in the store and not known"));
            }
        }
        Ok(())
    }
}
