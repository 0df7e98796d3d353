//! Checks objects and renditions: the rows of the state against a listing of the store, both in the order of their tokens.

use std::iter::Peekable;
use std::time::{Duration, SystemTime};

use futures_util::stream::{self, TryStreamExt as _};
use image_ingest::ContentId;

use super::findings::Findings;
use crate::app::{App, StartError};
use crate::config::Times;
use crate::listing::{ListedObject, TokenRange};
use crate::state::AuditedObject;
use crate::token::token_of;

/// Ranges of tokens that are checked at the same time.
const RANGES_AT_ONCE: usize = 8;

/// Objects of a range that are read, or looked at again, at the same time.
const OBJECTS_AT_ONCE: usize = 16;

/// What one side has and the other lacks. Both are read one after the other while servers work, so each is looked at again.
#[derive(Debug)]
enum Suspect {
    /// Used, and not in the store.
    Missing(String),
    /// In the store, old enough, and not in the state.
    Unknown(String),
}

impl App {
    /// Checks every object; its bytes, too, if `deep`.
    pub(super) async fn check_objects(&self, deep: bool, findings: &Findings) -> Result<(), StartError> {
        stream::iter(self.objects.ranges().into_iter().map(Ok))
            .try_for_each_concurrent(RANGES_AT_ONCE, |range| self.check_range(range, deep, findings))
            .await
    }

    async fn check_range(&self, range: TokenRange, deep: bool, findings: &Findings) -> Result<(), StartError> {
        let listing = self.objects.listed(&range).await?;
        listing
            .strangers
            .iter()
            .for_each(|name| findings.fault(format!("object {name} is in the store and not known")));
        // Objects are erased some time after the grace time, not at its end.
        let grace = Times::of(self.config.times.grace_ms) + Duration::from_secs(120);
        let old = SystemTime::now().checked_sub(grace).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut listed = listing.objects.iter().peekable();
        let mut from = range.from.clone();
        loop {
            let page = self.state.audited_objects(&from, &range.to).await?;
            findings.add_lacking(page.iter().filter(|object| self.is_lacking(object)).count());
            let (suspects, present) = compare(&page, &mut listed, old, findings);
            self.look_again(suspects, findings).await?;
            if deep {
                self.check_bytes(present, findings).await?;
            }
            match page.last() {
                Some(last) => from.clone_from(&last.token),
                None => break,
            }
        }
        let rest = listed.filter(|object| object.stored_at < old).map(|object| Suspect::Unknown(object.name()));
        self.look_again(rest.collect(), findings).await
    }

    /// Whether an object is used and lacks a rendition of the configuration.
    pub(crate) fn is_lacking(&self, object: &AuditedObject) -> bool {
        object.is_used && !object.is_rendition && self.renditions.lacks(&object.renditions)
    }

    async fn look_again(&self, suspects: Vec<Suspect>, findings: &Findings) -> Result<(), StartError> {
        stream::iter(suspects.into_iter().map(Ok))
            .try_for_each_concurrent(OBJECTS_AT_ONCE, |suspect| async {
                let is_sure = findings.is_full();
                match suspect {
                    Suspect::Missing(token) => {
                        if is_sure || (!self.objects.has(&token).await? && self.state.is_used(&token).await?) {
                            findings.fault(format!("object {token} is missing"));
                        }
                    }
                    Suspect::Unknown(token) => {
                        if is_sure || !self.state.is_object_known(&token).await? {
                            findings.fault(format!("object {token} is in the store and not known"));
                        }
                    }
                }
                Ok(())
            })
            .await
    }

    /// Reads objects, and compares their bytes with their ids.
    async fn check_bytes(&self, objects: Vec<&AuditedObject>, findings: &Findings) -> Result<(), StartError> {
        stream::iter(objects.into_iter().map(Ok))
            .try_for_each_concurrent(OBJECTS_AT_ONCE, |object| async {
                // One that was erased since it was listed is not used any more, or the next check misses it.
                if let Some(bytes) = self.objects.get(&object.token).await?
                    && ContentId::of(&bytes) != object.content_id
                {
                    let what = if object.is_rendition { "rendition" } else { "object" };
                    findings.fault(format!("{what} {} has other bytes than its id says", object.token));
                }
                Ok(())
            })
            .await
    }
}

/// Walks through a page of the state, and the listing as far as the page reaches. Returns what is only on one side, and
/// the used objects that are on both.
fn compare<'p, 'l>(
    page: &'p [AuditedObject],
    listed: &mut Peekable<impl Iterator<Item = &'l ListedObject>>,
    old: SystemTime,
    findings: &Findings,
) -> (Vec<Suspect>, Vec<&'p AuditedObject>) {
    let (mut suspects, mut present) = (Vec::new(), Vec::new());
    for object in page {
        let Some(token) = token_of(&object.token) else {
            findings.fault(format!("object {} has no token", object.token));
            continue;
        };
        while let Some(other) = listed.next_if(|listed| listed.token < token) {
            if other.stored_at < old {
                suspects.push(Suspect::Unknown(other.name()));
            }
        }
        let stored = listed.next_if(|listed| listed.token == token);
        if !object.is_used {
            continue;
        }
        if object.is_rendition {
            findings.add_renditions(1);
        } else {
            findings.add_objects(1);
        }
        match stored {
            None => suspects.push(Suspect::Missing(object.token.clone())),
            Some(stored) if stored.bytes == 0 => findings.fault(format!("object {} is empty", object.token)),
            Some(_) => present.push(object),
        }
    }
    (suspects, present)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(token: u128, is_used: bool) -> AuditedObject {
        let (token, content_id) = (format!("{token:032x}"), ContentId::of(b""));
        AuditedObject { token, content_id, is_used, is_rendition: false, renditions: Vec::new() }
    }

    fn listed(token: u128, bytes: u64, age: u64) -> ListedObject {
        ListedObject { token, bytes, stored_at: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 - age) }
    }

    #[test]
    fn each_side_is_told_what_only_it_has() {
        let pages = [vec![object(2, true), object(3, false), object(5, true)], vec![object(9, true), object(12, true)]];
        let store = [listed(1, 7, 500), listed(2, 7, 500), listed(4, 7, 0), listed(9, 0, 500), listed(12, 7, 0)];
        let (findings, mut listed) = (Findings::default(), store.iter().peekable());
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(900);
        let mut seen = Vec::new();
        for page in &pages {
            let (suspects, present) = compare(page, &mut listed, old, &findings);
            seen.extend(suspects.iter().map(|suspect| format!("{suspect:?}").replace('0', "")));
            seen.extend(present.iter().map(|object| object.token.replace('0', "")));
        }
        assert_eq!(seen, ["Unknown(\"1\")", "Missing(\"5\")", "2", "c"]);
        assert_eq!(
            findings.lines(),
            [
                "chats 0, objects 4, pending changes 0, renditions 0",
                "fault: object 00000000000000000000000000000009 is empty"
            ]
        );
    }
}
