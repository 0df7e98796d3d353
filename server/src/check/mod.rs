//! Verifies that nothing is lost: every object that a chat refers to is stored with its renditions, versions have no gap,
//! and no unused object remains after the grace time.
//!
//! Chats are read by pages, and objects by ranges of their tokens, several at once, each against a listing of the same
//! range of the store. So memory does not grow with the number of chats, and of a bucket only the names are read, unless
//! the check is deep.

mod chats;
mod findings;
mod objects;

use std::time::{Duration, Instant};

pub(crate) use findings::Findings;

use crate::app::{App, StartError};
use crate::state::PageStart;

/// What is checked besides the state and the names of objects.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CheckScope {
    /// Whether the embedded device shows what the state says.
    pub(crate) devices: bool,
    /// Whether objects have the bytes that their ids say.
    pub(crate) deep: bool,
}

impl App {
    /// Checks the whole state and the object store. It may run beside servers.
    pub(crate) async fn check(&self, scope: CheckScope) -> Result<Findings, StartError> {
        let findings = Findings::new(self.state.pending_count().await?);
        let work = async {
            let (chats, objects) =
                tokio::join!(self.check_chats(scope.devices, &findings), self.check_objects(scope.deep, &findings));
            chats.and(objects)
        };
        tokio::select! {
            result = work => result?,
            () = tell_progress(&findings) => {}
        }
        let lacking = findings.lacking();
        if lacking > 0 {
            findings.note(format!("{lacking} objects lack renditions, which their next PUT or check --repair makes"));
        }
        Ok(findings)
    }

    /// Makes the renditions that objects lack, and has every background sent again. Waits until the devices have answered
    /// or a minute has passed without any answer.
    pub(crate) async fn repair(&self) -> Result<Findings, StartError> {
        let mut findings = Findings::default();
        let renewed = self.renew_renditions(&findings).await?;
        if renewed > 0 {
            findings.note(format!("{renewed} objects got the renditions that they lacked"));
        }
        let mut start = Some(PageStart::default());
        while let Some(from) = start {
            let (sent, next) = self.state.send_again(&from).await?;
            findings.add_chats(sent);
            start = next;
        }
        let (mut pending, mut since) = (self.state.pending_count().await?, Instant::now());
        while pending > 0 && since.elapsed() < Duration::from_secs(60) {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let left = self.state.pending_count().await?;
            if left < pending {
                (pending, since) = (left, Instant::now());
            }
        }
        if pending > 0 {
            findings.fault(format!("{pending} devices have not answered"));
        }
        findings.pending = pending;
        Ok(findings)
    }
}

/// Says on standard error how far a long check is; never ends.
async fn tell_progress(findings: &Findings) {
    loop {
        tokio::time::sleep(Duration::from_secs(10)).await;
        eprintln!("checked so far: chats {}, objects {}", findings.chats(), findings.objects());
    }
}
