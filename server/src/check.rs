//! Verifies that nothing is lost: every object that a chat refers to exists and has the bytes of its id, and so do its
//! renditions; versions have no gap, and no unused object remains after the grace time.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use image_ingest::ContentId;

use crate::app::{App, StartError};
use crate::config::Times;
use crate::state::{AuditedChat, EMBEDDED, StoredRendition};

/// The counts of what was checked, and every fault found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) chats: usize,
    pub(crate) objects: usize,
    pub(crate) renditions: usize,
    pub(crate) pending: i64,
    pub(crate) notes: Vec<String>,
    pub(crate) faults: Vec<String>,
}

/// An object's token, its content id, and whether it is used.
type AuditedObject = (String, ContentId, bool);

impl App {
    /// Checks the whole state and the object store, and also the embedded device if `devices`.
    pub(crate) async fn check(&self, devices: bool) -> Result<Findings, StartError> {
        let mut findings = Findings { pending: self.state.pending_count().await?, ..Findings::default() };
        let mut of_agents = 0;
        for audited in self.state.audited_chats().await? {
            findings.chats += 1;
            findings.faults.extend(faults_of(&audited));
            if devices && audited.chat.is_applied() {
                match audited.route.as_deref() {
                    Some(EMBEDDED) => findings.faults.extend(self.fault_of_device(&audited).await),
                    Some(_) => of_agents += 1,
                    None => findings.faults.push(format!("{}: there is no way to its device", audited.key.chat)),
                }
            }
        }
        if of_agents > 0 {
            findings.notes.push(format!("{of_agents} chats have agents, which check --repair asks"));
        }
        for token in self.state.dangling().await? {
            findings.faults.push(format!("object {token} is referred to and not known"));
        }
        let (objects, renditions) = (self.state.all_objects().await?, self.state.all_renditions().await?);
        self.check_contents(&objects, &renditions, &mut findings).await?;
        self.check_leftovers(&objects, &renditions, &mut findings).await?;
        let lacking = self.count_lacking(&objects, &renditions);
        if lacking > 0 {
            findings
                .notes
                .push(format!("{lacking} objects lack renditions, which their next PUT or check --repair makes"));
        }
        Ok(findings)
    }

    /// Makes the renditions that objects lack, and has every background sent again. Waits until the devices have
    /// answered or a minute has passed without any answer.
    pub(crate) async fn repair(&self) -> Result<Findings, StartError> {
        let (objects, mut faults) = self.renew_renditions().await?;
        let chats = self.state.send_all_again().await?;
        let (mut pending, mut since) = (self.state.pending_count().await?, Instant::now());
        while pending > 0 && since.elapsed() < Duration::from_secs(60) {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let left = self.state.pending_count().await?;
            if left < pending {
                (pending, since) = (left, Instant::now());
            }
        }
        faults.extend((pending > 0).then(|| format!("{pending} devices have not answered")));
        let notes = (objects > 0).then(|| format!("{objects} objects got the renditions that they lacked"));
        Ok(Findings { chats, pending, notes: notes.into_iter().collect(), faults, ..Findings::default() })
    }

    async fn fault_of_device(&self, audited: &AuditedChat) -> Option<String> {
        let (key, chat) = (&audited.key, &audited.chat);
        let expected = Some((u64::try_from(chat.version).unwrap_or(0), chat.content_id.map(|id| id.to_string())));
        match self.device.read(audited.number.as_deref().unwrap_or_default(), key).await {
            Ok(held) if held.as_ref().map(|h| (h.version, h.id.clone())) == expected => None,
            Ok(_) => Some(format!("{}: the device has another background", key.chat)),
            Err(failure) => Some(format!("{}: {}", key.chat, failure.code())),
        }
    }

    async fn check_contents(
        &self,
        objects: &[AuditedObject],
        renditions: &HashMap<String, Vec<StoredRendition>>,
        findings: &mut Findings,
    ) -> Result<(), StartError> {
        for (token, id, _) in objects.iter().filter(|(.., is_used)| *is_used) {
            findings.objects += 1;
            findings.faults.extend(self.fault_of_bytes("object", token, *id).await?);
            for StoredRendition { token, content_id, .. } in renditions.get(token).into_iter().flatten() {
                findings.renditions += 1;
                findings.faults.extend(self.fault_of_bytes("rendition", token, *content_id).await?);
            }
        }
        Ok(())
    }

    async fn fault_of_bytes(&self, what: &str, token: &str, id: ContentId) -> Result<Option<String>, StartError> {
        Ok(match self.objects.get(token).await? {
            None => Some(format!("{what} {token} is missing")),
            Some(bytes) if ContentId::of(&bytes) != id => {
                Some(format!("{what} {token} has other bytes than its id says"))
            }
            Some(_) => None,
        })
    }

    /// Objects in the store that the state does not know, or should have erased by now.
    async fn check_leftovers(
        &self,
        objects: &[AuditedObject],
        renditions: &HashMap<String, Vec<StoredRendition>>,
        findings: &mut Findings,
    ) -> Result<(), StartError> {
        // Objects are erased some time after the grace time, not at its end.
        let grace = Times::of(self.config.times.grace_ms) + Duration::from_secs(120);
        let time = SystemTime::now().checked_sub(grace).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut known = self.state.all_intents().await?;
        known.extend(objects.iter().map(|(token, ..)| token.clone()));
        known.extend(renditions.values().flatten().map(|rendition| rendition.token.clone()));
        known.sort_unstable();
        for token in self.objects.tokens(time).await? {
            if known.binary_search(&token).is_err() {
                findings.faults.push(format!("object {token} is in the store and not known"));
            }
        }
        Ok(())
    }
}

fn faults_of(audited: &AuditedChat) -> Vec<String> {
    let AuditedChat { key, chat, is_pending, history: [count, least, greatest, skipped], .. } = audited;
    let (version, applied) = (chat.version, chat.applied_version);
    let mut faults = Vec::new();
    // The history's beginning is deleted after a time, and a restored version may leave others out.
    if greatest - least + 1 > count + skipped {
        faults.push(format!("versions {least} to {greatest} have gaps: {count} in all"));
    }
    if version != *greatest {
        faults.push(format!("version {version} where the history ends at {greatest}"));
    }
    if applied > version {
        faults.push(format!("version {applied} is applied, ahead of {version}"));
    }
    if !chat.is_applied() && !is_pending {
        faults.push(format!("version {version} is neither applied nor pending"));
    }
    faults.into_iter().map(|fault| format!("{}: {fault}", key.chat)).collect()
}
