//! Checks chats: their versions, their history, what is pending, and what the embedded device shows.

use super::findings::Findings;
use crate::app::{App, StartError};
use crate::state::{AuditedChat, EMBEDDED, PageStart};

impl App {
    /// Checks every chat, page by page, and also the embedded device if `devices`.
    pub(super) async fn check_chats(&self, devices: bool, findings: &Findings) -> Result<(), StartError> {
        let (mut of_agents, mut start) = (0, Some(PageStart::default()));
        while let Some(from) = start {
            let (chats, next) = self.state.audited_chats(&from).await?;
            findings.add_chats(chats.len());
            for audited in &chats {
                faults_of(audited).into_iter().for_each(|fault| findings.fault(fault));
                if devices && audited.chat.is_applied() {
                    match audited.route.as_deref() {
                        Some(EMBEDDED) => {
                            if let Some(fault) = self.fault_of_device(audited).await {
                                findings.fault(fault);
                            }
                        }
                        Some(_) => of_agents += 1,
                        None => findings.fault(format!("{}: there is no way to its device", audited.key.chat)),
                    }
                }
            }
            start = next;
        }
        if of_agents > 0 {
            findings.note(format!("{of_agents} chats have agents, which check --repair asks"));
        }
        Ok(())
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
}

fn faults_of(audited: &AuditedChat) -> Vec<String> {
    let AuditedChat { key, chat, is_pending, is_stored, history: [count, least, greatest, skipped], .. } = audited;
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
    if let (Some(token), false) = (&chat.token, is_stored) {
        faults.push(format!("object {token} is referred to and not known"));
    }
    faults.into_iter().map(|fault| format!("{}: {fault}", key.chat)).collect()
}
