//! Sets and removes backgrounds, in an order that loses nothing in a crash.
//!
//! The order is: intents, objects, one statement (version + 1, history, outbox; it deletes the intents), device,
//! applied. A crash before the statement leaves objects that a repair erases. A crash after it leaves a change that is
//! sent again. `docs/server.md` names the points of a crash.
//!
//! What a request needs to know is read once, before its body. The statement does nothing if the chat has changed
//! since; then it is read again.

use std::sync::Arc;
use std::time::Duration;

use image_ingest::Background;

use crate::admission::HeldBytes;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::canonical::{Received, canonical_image};
use crate::change_request::ChangeRequest;
use crate::chat_locks::ChatLock;
use crate::crash;
use crate::made_image::MadeImage;
use crate::preconditions::Idempotency;
use crate::refusal::Refusal;
use crate::state::{
    Chat, CommitOutcome, DueChange, NewChange, NewImage, NewKeptAnswer, Reached, Situation, StoredObject, now,
};
use crate::wakeups::chat_topic;

/// A change request in work, with what was last read of its chat.
pub(crate) struct Change {
    app: Arc<App>,
    request: ChangeRequest,
    seen: Situation,
    lock: Option<ChatLock>,
    /// The memory of the canonical image, until the device is waited for.
    held: Option<HeldBytes>,
}

/// How long what was read counts as the present. A body may take minutes.
const FRESH: Duration = Duration::from_secs(1);

/// Attempts to commit. One fails when another node changed the chat meanwhile, or when the shared object was just
/// erased.
const ATTEMPTS: usize = 8;

impl Change {
    pub(crate) fn new(app: &Arc<App>, request: ChangeRequest, seen: Situation) -> Self {
        Self { app: Arc::clone(app), request, seen, lock: None, held: None }
    }

    /// Sets the background to an upload.
    pub(crate) async fn set(mut self, received: Received) -> Result<Answer, Refusal> {
        if self.seen.read_at.elapsed() > FRESH {
            self.read_again().await?;
        }
        if self.seen.kept.is_some() && !self.request.dry_run {
            drop(received);
            return self.detached(|mut change| async move { change.replay().await }).await;
        }
        self.check_if_match()?;
        let chat = &self.seen.chat;
        let is_known = chat.is_of(received.source.id(), &self.app.fingerprint);
        let is_stored = is_known && chat.token.is_some();
        let is_lacking = is_stored && self.app.renditions.lacks(&chat.renditions);
        if is_lacking && !self.request.dry_run && !self.app.objects.are_failing() {
            return self.complete_renditions(received).await;
        }
        if is_known && (self.request.dry_run || (is_stored && chat.is_applied())) {
            return self.unchanged().await;
        }
        if is_stored {
            // The device may be waited for, and needs no upload.
            drop(received);
            return self.detached(|mut change| async move { change.redeliver(None).await }).await;
        }
        let for_device = !self.request.dry_run && self.reached().is_ok_and(|reached| reached.number.is_embedded());
        let (background, held) = canonical_image(&self.app, received, for_device).await?;
        if self.request.dry_run {
            return Ok(answer::dry_run(&self.app, &self.request, &self.seen.chat, &background));
        }
        crash::point("pixels_done");
        self.held = Some(held);
        self.detached(|mut change| async move { change.set_locked(background).await }).await
    }

    /// Removes the background.
    pub(crate) async fn remove(self) -> Result<Answer, Refusal> {
        if self.request.dry_run {
            self.check_if_match()?;
            let changed = self.seen.chat.content_id.is_some();
            return Ok(answer::answer(&self.app, &self.request, &self.seen.chat, changed));
        }
        self.detached(|mut change| async move { change.remove_locked().await }).await
    }

    /// Goes on in a task of its own, so that the change is completed even if the client disconnects.
    async fn detached<F>(self, work: impl FnOnce(Self) -> F) -> Result<Answer, Refusal>
    where
        F: Future<Output = Result<Answer, Refusal>> + Send + 'static,
    {
        let work_guard = self.app.work_guard.clone();
        let work = work(self);
        let task = tokio::spawn(async move {
            let result = work.await;
            drop(work_guard);
            result
        });
        task.await.unwrap_or(Err(Refusal::Internal))
    }

    /// Makes the renditions that the chat's stored image lacks, of an upload that is known to give this image. It is
    /// unchanged also if that fails; then another upload may make them.
    async fn complete_renditions(self, received: Received) -> Result<Answer, Refusal> {
        let made = canonical_image(&self.app, received, false).await;
        self.detached(|mut change| async move {
            let mut held = None;
            if let Ok((background, held_bytes)) = made {
                held = Some(held_bytes);
                let image = change.made_image(&background);
                change.add_renditions(&image).await;
            }
            drop(held);
            change.redeliver(None).await
        })
        .await
    }

    async fn set_locked(&mut self, background: Background) -> Result<Answer, Refusal> {
        self.take_lock().await?;
        let image = self.made_image(&background);
        let mut stored = None;
        let mut may_share = true;
        for _ in 0..ATTEMPTS {
            if self.seen.kept.is_some() {
                drop(background);
                return self.replay().await;
            }
            self.check_if_match()?;
            if self.seen.chat.content_id == Some(background.id) {
                drop(background);
                return self.complete_unchanged(image).await;
            }
            // Checked before anything is stored: without a number, no device could receive the change.
            self.reached()?;
            let stored_image = match stored.take() {
                Some(stored_image) => stored_image,
                None => self.app.store(&self.request.key.account, &image, may_share).await?,
            };
            let receipt = answer::receipt(&background);
            let new_image = NewImage {
                id: image.id,
                source_id: background.source_id,
                fingerprint: &self.app.fingerprint,
                receipt: &receipt,
                stored: &stored_image,
            };
            match self.commit(Some(new_image)).await? {
                CommitOutcome::Changed(chat) => {
                    self.seen.chat = *chat;
                    drop(background);
                    self.deliver(Some(image)).await?;
                    return Ok(self.answer(true));
                }
                CommitOutcome::Stale => stored = Some(stored_image),
                CommitOutcome::Unshared => may_share = false,
            }
            self.read_again().await?;
        }
        Err(Refusal::StorageUnavailable)
    }

    async fn remove_locked(&mut self) -> Result<Answer, Refusal> {
        self.take_lock().await?;
        for _ in 0..ATTEMPTS {
            if self.seen.kept.is_some() {
                return self.replay().await;
            }
            self.check_if_match()?;
            if self.seen.chat.content_id.is_none() {
                return self.redeliver(None).await;
            }
            if let CommitOutcome::Changed(chat) = self.commit(None).await? {
                self.seen.chat = *chat;
                self.deliver(None).await?;
                return Ok(self.answer(true));
            }
            self.read_again().await?;
        }
        Err(Refusal::StorageUnavailable)
    }

    /// Waits for other changes of the chat in this process.
    async fn take_lock(&mut self) -> Result<(), Refusal> {
        let lock = self.app.chat_locks.lock(&self.request.key).await;
        let waited = lock.waited;
        self.lock = Some(lock);
        if waited { self.read_again().await } else { Ok(()) }
    }

    async fn read_again(&mut self) -> Result<(), Refusal> {
        let name = self.request.idempotency.as_ref().map(|idempotency| idempotency.name.as_str());
        self.seen = self.app.state.situation(&self.request.key, name).await?;
        Ok(())
    }

    fn check_if_match(&self) -> Result<(), Refusal> {
        let version = self.seen.chat.shown_version();
        if self.request.if_match.allows(version) { Ok(()) } else { Err(Refusal::VersionMismatch { version }) }
    }

    /// The number that the chat is reached by.
    fn reached(&self) -> Result<&Reached, Refusal> {
        self.seen.reached().ok_or(Refusal::NoActiveNumber)
    }

    async fn commit(&self, image: Option<NewImage<'_>>) -> Result<CommitOutcome, Refusal> {
        let number = &self.reached()?.number;
        let answer = |chat: &Chat| {
            // It is given only when the change is applied.
            let applied = Chat { applied_version: chat.version, ..chat.clone() };
            answer::answer(&self.app, &self.request, &applied, true).text
        };
        let kept = |i: &'_ Idempotency| -> (String, String) { (i.name.clone(), i.request.clone()) };
        let kept = self.request.idempotency.as_ref().map(kept);
        let change = NewChange {
            key: &self.request.key,
            after: &self.seen.chat,
            image,
            number: &number.number,
            request_id: &self.request.request_id,
            next_at: if number.is_embedded() { now() + self.app.first_retry_ms() } else { now() },
            idempotency: kept.as_ref().map(|(name, request)| NewKeptAnswer { name, request, answer: &answer }),
            notice: Some(number.route.as_str()).filter(|_| !number.is_embedded()),
        };
        Ok(self.app.state.commit(&change).await?)
    }

    fn made_image(&self, background: &Background) -> MadeImage {
        MadeImage::of(background, self.app.ingest.renditions())
    }

    /// Completes a change to the content that the chat has already: stores its object or the renditions that are not
    /// stored, and sends the last change to the device if it is not applied.
    async fn complete_unchanged(&mut self, image: MadeImage) -> Result<Answer, Refusal> {
        if self.seen.chat.token.is_some() {
            self.add_renditions(&image).await;
        } else {
            let account = &self.request.key.account;
            let stored = self.app.store(account, &image, false).await?;
            if let StoredObject::Fresh(token) = &stored.object {
                self.app.state.attach(account, image.id, token, &stored.added).await?;
            }
            self.read_again().await?;
        }
        self.redeliver(Some(image)).await
    }

    /// Adds the renditions that the chat's stored image lacks. It is whole without them, so a failure is none of the
    /// request.
    async fn add_renditions(&mut self, image: &MadeImage) {
        let Chat { content_id: Some(id), token: Some(object), renditions, .. } = &self.seen.chat else {
            return;
        };
        if self.app.renditions.lacks(renditions)
            && let Ok(renditions) = self.app.add_renditions(object, *id, renditions, &image.renditions).await
        {
            self.seen.chat.renditions = renditions;
        }
    }

    /// Sends the last change to the device if it is not applied, and keeps the answer.
    async fn redeliver(&mut self, made: Option<MadeImage>) -> Result<Answer, Refusal> {
        if self.seen.chat.is_applied() {
            return self.unchanged().await;
        }
        if self.lock.is_none() {
            self.take_lock().await?;
            // Another request may have brought it to the device meanwhile.
            if self.seen.chat.is_applied() {
                return self.unchanged().await;
            }
        }
        self.make_due().await?;
        self.deliver(made).await?;
        let answer = self.answer(true);
        self.keep(&answer).await?;
        Ok(answer)
    }

    /// The answer stored for the idempotency key. If its change is the last one and not applied, sends it first.
    async fn replay(&mut self) -> Result<Answer, Refusal> {
        let kept = self.seen.kept.clone().ok_or(Refusal::Internal)?;
        if self.request.idempotency.as_ref().is_none_or(|idempotency| idempotency.request != kept.request) {
            return Err(Refusal::IdempotencyConflict);
        }
        if !self.seen.chat.is_applied() && self.seen.chat.version == kept.version {
            self.make_due().await?;
            self.deliver(None).await?;
        }
        Ok(Answer { text: kept.answer, version: Some(kept.version).filter(|v| *v > 0), replayed: true })
    }

    /// Lets an agent have a change now that waits for its next attempt.
    async fn make_due(&self) -> Result<(), Refusal> {
        if self.seen.reached().is_some_and(|reached| !reached.number.is_embedded()) {
            self.app.state.postpone(&self.request.key, self.seen.chat.version, now(), None).await?;
        }
        Ok(())
    }

    /// Brings the chat's last change to its device. An agent is waited for without the image, which it fetches.
    async fn deliver(&mut self, made: Option<MadeImage>) -> Result<(), Refusal> {
        let reached = self.reached()?.clone();
        let (key, chat) = (&self.request.key, &mut self.seen.chat);
        if reached.number.is_embedded() {
            let change = DueChange {
                key: key.clone(),
                number: reached.number.number,
                version: chat.version,
                attempts: 0,
                content_id: chat.content_id,
                token: chat.token.clone(),
                renditions: chat.renditions.clone(),
            };
            chat.version = self.app.deliver_here(&change, made.as_ref()).await?;
            chat.applied_version = chat.version;
            return Ok(());
        }
        let woken = self.app.wakeups.subscribe(&chat_topic(key));
        drop(made);
        self.held = None;
        // Changes of the chat may follow while this one waits for its device.
        self.lock = None;
        let now = self.app.await_agent(key, chat.version, &reached, woken).await?;
        if now.version > chat.version && now.content_id == chat.content_id {
            chat.version = now.version;
        }
        chat.applied_version = chat.version;
        Ok(())
    }

    async fn unchanged(&self) -> Result<Answer, Refusal> {
        let answer = self.answer(false);
        self.keep(&answer).await?;
        Ok(answer)
    }

    /// Stores the answer of a request that committed nothing for its idempotency key.
    async fn keep(&self, answer: &Answer) -> Result<(), Refusal> {
        if let Some(Idempotency { name, request }) = self.request.idempotency.as_ref().filter(|_| !self.request.dry_run)
        {
            let (key, version) = (&self.request.key, self.seen.chat.version);
            self.app.state.keep_answer(key, version, name, request, &answer.text).await?;
        }
        Ok(())
    }

    fn answer(&self, changed: bool) -> Answer {
        answer::answer(&self.app, &self.request, &self.seen.chat, changed)
    }
}
