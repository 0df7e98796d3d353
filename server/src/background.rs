//! Sets and removes backgrounds, in an order that loses nothing in a crash.
//!
//! The order is: intent, object, one transaction (version + 1, history, outbox; it deletes the intent), device,
//! applied. A crash before the transaction leaves an object that a repair erases. A crash after it leaves a change that
//! a repair sends again. `docs/server.md` names the points of a crash.

use std::sync::Arc;

use bytes::Bytes;
use image_ingest::{Background, CancellationToken, ContentId, Error, Source, SourceId};

use crate::admission::HeldBytes;
use crate::answer::{self, Answer, BackgroundBody};
use crate::app::App;
use crate::crash;
use crate::preconditions::{Idempotency, IfMatch};
use crate::refusal::Refusal;
use crate::state::{Chat, ChatKey, CommitOutcome, KeptAnswer, NewChange, NewImage, NewKeptAnswer, StoredObject, now};
use crate::token::token;

/// A change request: a PUT or DELETE of a background, without the uploaded image.
#[derive(Debug, Clone)]
pub(crate) struct ChangeRequest {
    pub(crate) key: ChatKey,
    pub(crate) request_id: String,
    pub(crate) if_match: IfMatch,
    pub(crate) idempotency: Option<Idempotency>,
    pub(crate) dry_run: bool,
    pub(crate) receipt: bool,
}

/// A complete upload, and the memory that it holds.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) source: Source,
    pub(crate) held: HeldBytes,
}

impl App {
    /// Sets the background to an upload.
    pub(crate) async fn set(self: &Arc<Self>, request: ChangeRequest, received: Received) -> Result<Answer, Refusal> {
        if let Some(answer) = self.replay(&request).await? {
            return Ok(answer);
        }
        let chat = self.state.chat(&request.key).await?;
        self.check_if_match(&request, &chat)?;
        let source_id = received.source.id();
        let is_known = chat.content_id.is_some_and(|id| self.is_known(&chat, id, source_id));
        if is_known && request.dry_run {
            return Ok(self.unchanged_answer(&request, &chat));
        }
        if is_known && chat.token.is_some() {
            if chat.is_applied() {
                return self.keep_unchanged(&request, &chat).await;
            }
            let (request, content_id) = (request.clone(), chat.content_id);
            let again = self.detached(|app| async move { app.resend_locked(request, content_id).await }).await?;
            if let Some(answer) = again {
                return Ok(answer);
            }
        }
        let background = self.canonical_image(received).await?;
        if request.dry_run {
            return Ok(self.dry_run_answer(&request, &chat, &background));
        }
        crash::point("pixels_done");
        // From here on, the change is completed even if the client disconnects.
        self.detached(|app| async move { app.set_locked(request, background).await }).await
    }

    /// Removes the background.
    pub(crate) async fn remove(self: &Arc<Self>, request: ChangeRequest) -> Result<Answer, Refusal> {
        if let Some(answer) = self.replay(&request).await? {
            return Ok(answer);
        }
        self.detached(|app| async move { app.remove_locked(request).await }).await
    }

    async fn detached<T: Send + 'static, F>(self: &Arc<Self>, work: impl FnOnce(Arc<Self>) -> F) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, Refusal>> + Send + 'static,
    {
        let (work_guard, work) = (self.work_guard.clone(), work(Arc::clone(self)));
        let task = tokio::spawn(async move {
            let result = work.await;
            drop(work_guard);
            result
        });
        task.await.unwrap_or(Err(Refusal::Internal))
    }

    /// Whether the upload is known to give the content that the chat has, without decoding it.
    fn is_known(&self, chat: &Chat, id: ContentId, source_id: SourceId) -> bool {
        let same_source = chat.source.as_ref().is_some_and(|(s, f)| *s == source_id && *f == self.fingerprint);
        same_source || source_id.as_bytes() == id.as_bytes()
    }

    /// Makes the upload's canonical image on a pixel thread.
    async fn canonical_image(&self, received: Received) -> Result<Background, Refusal> {
        let permit = self.admission.pixel_permit().await?;
        let Received { source, held } = received;
        let token = CancellationToken::new();
        let ingest = self.ingest.clone().with_cancellation(token.clone());
        let _stop = CancelOnDrop(token);
        let started = std::time::Instant::now();
        let result = self.pool.run(move || {
            let result = ingest.ingest(source);
            drop((held, permit));
            if matches!(result, Err(Error::Cancelled)) {
                metrics::counter!("ingest_uploads_left_total").increment(1);
            }
            result
        });
        let result = result.await.ok_or(Refusal::Internal)?;
        metrics::histogram!("ingest_pixel_seconds").record(started.elapsed());
        result.map_err(|error| {
            if let Error::Internal { reason, .. } = &error {
                metrics::counter!("ingest_internal_errors_total").increment(1);
                tracing::error!(reason, "the library failed");
            }
            Refusal::Upload { error, announced: None }
        })
    }

    fn check_if_match(&self, request: &ChangeRequest, chat: &Chat) -> Result<(), Refusal> {
        let version = chat.shown_version();
        if request.if_match.allows(version) { Ok(()) } else { Err(Refusal::VersionMismatch { version }) }
    }

    /// Sends the last change to the device again. Returns nothing if the chat has another content by now.
    async fn resend_locked(
        &self,
        request: ChangeRequest,
        content_id: Option<ContentId>,
    ) -> Result<Option<Answer>, Refusal> {
        let _lock = self.chat_locks.lock(&request.key).await;
        let chat = self.state.chat(&request.key).await?;
        self.check_if_match(&request, &chat)?;
        if chat.content_id != content_id {
            return Ok(None);
        }
        self.redeliver(&request, chat, None).await.map(Some)
    }

    async fn set_locked(&self, request: ChangeRequest, background: Background) -> Result<Answer, Refusal> {
        let _lock = self.chat_locks.lock(&request.key).await;
        let mut may_share = true;
        for _ in 0..ATTEMPTS {
            if let Some(answer) = self.replay(&request).await? {
                return Ok(answer);
            }
            let chat = self.state.chat(&request.key).await?;
            self.check_if_match(&request, &chat)?;
            let committed = if chat.content_id == Some(background.id) {
                CommitOutcome::Unchanged(chat)
            } else {
                self.commit_image(&request, &chat, &background, may_share).await?
            };
            match committed {
                CommitOutcome::Changed(chat) => {
                    self.deliver(&request.key, &chat, Some(background.bytes.clone()), 0).await?;
                    return Ok(self.answer(&request, &chat, true));
                }
                CommitOutcome::Unchanged(chat) => return self.complete_unchanged(&request, chat, &background).await,
                CommitOutcome::VersionMismatch(chat) => {
                    return Err(Refusal::VersionMismatch { version: chat.shown_version() });
                }
                CommitOutcome::Retry => may_share = false,
            }
        }
        Err(Refusal::StorageUnavailable)
    }

    /// Completes a change to the content that the chat has already: stores its object if it is not stored, and sends
    /// the last change to the device if it is not applied.
    async fn complete_unchanged(
        &self,
        request: &ChangeRequest,
        mut chat: Chat,
        background: &Background,
    ) -> Result<Answer, Refusal> {
        if chat.token.is_none() {
            if let StoredObject::Fresh(token) = self.store(background.id, &background.bytes, &token()).await? {
                self.state.attach(&request.key.account, background.id, token).await?;
            }
            chat = self.state.chat(&request.key).await?;
        }
        self.redeliver(request, chat, Some(background.bytes.clone())).await
    }

    async fn redeliver(&self, request: &ChangeRequest, chat: Chat, bytes: Option<Bytes>) -> Result<Answer, Refusal> {
        if chat.is_applied() {
            return self.keep_unchanged(request, &chat).await;
        }
        self.deliver(&request.key, &chat, bytes, 0).await?;
        self.keep_answer(request, &chat, self.answer(request, &chat, true)).await
    }

    async fn remove_locked(&self, request: ChangeRequest) -> Result<Answer, Refusal> {
        let _lock = self.chat_locks.lock(&request.key).await;
        for _ in 0..ATTEMPTS {
            if let Some(answer) = self.replay(&request).await? {
                return Ok(answer);
            }
            let chat = self.state.chat(&request.key).await?;
            self.check_if_match(&request, &chat)?;
            if request.dry_run || (chat.content_id.is_none() && chat.is_applied()) {
                let changed = chat.content_id.is_some();
                return if changed {
                    Ok(self.answer(&request, &chat, true))
                } else {
                    self.keep_unchanged(&request, &chat).await
                };
            }
            if chat.content_id.is_none() {
                return self.redeliver(&request, chat, None).await;
            }
            match self.commit(&request, &chat, None).await? {
                CommitOutcome::Changed(chat) => {
                    self.deliver(&request.key, &chat, None, 0).await?;
                    return Ok(self.answer(&request, &chat, true));
                }
                CommitOutcome::Unchanged(chat) => return self.redeliver(&request, chat, None).await,
                CommitOutcome::VersionMismatch(chat) => {
                    return Err(Refusal::VersionMismatch { version: chat.shown_version() });
                }
                CommitOutcome::Retry => {}
            }
        }
        Err(Refusal::StorageUnavailable)
    }

    async fn commit_image(
        &self,
        request: &ChangeRequest,
        chat: &Chat,
        background: &Background,
        may_share: bool,
    ) -> Result<CommitOutcome, Refusal> {
        // Checked before anything is stored: without a number, no device could receive the change.
        self.route(&request.key, chat).await?;
        let shared = if may_share { self.state.object_with(&request.key.account, background.id).await? } else { None };
        let fresh = token();
        let object = match &shared {
            Some(token) => StoredObject::Shared(token),
            None => self.store(background.id, &background.bytes, &fresh).await?,
        };
        let receipt = answer::receipt(background);
        let image = NewImage {
            id: background.id,
            source_id: background.source_id,
            fingerprint: &self.fingerprint,
            receipt: &receipt,
            object,
        };
        self.commit(request, chat, Some(image)).await
    }

    async fn commit(
        &self,
        request: &ChangeRequest,
        chat: &Chat,
        image: Option<NewImage<'_>>,
    ) -> Result<CommitOutcome, Refusal> {
        let route = self.route(&request.key, chat).await?;
        let answer = |chat: &Chat| self.answer(request, chat, true).text;
        let idempotency = request.idempotency.as_ref();
        let change = NewChange {
            key: &request.key,
            image,
            number: &route.number,
            request_id: &request.request_id,
            may_follow: &|chat| request.if_match.allows(chat.shown_version()),
            retry_at: now() + self.first_retry_ms(),
            idempotency: idempotency.map(|i| NewKeptAnswer { name: &i.name, request: &i.request, answer: &answer }),
        };
        Ok(self.state.commit(&change).await?)
    }

    /// Stores an object under an intent. If the store fails, the bytes are spooled and a repair stores them later.
    async fn store<'t>(&self, id: ContentId, bytes: &Bytes, token: &'t str) -> Result<StoredObject<'t>, Refusal> {
        crash::point("before_intent");
        self.state.intend(token).await?;
        crash::point("after_intent");
        let stored = self.objects.put(token, bytes.clone()).await;
        crash::point("after_object");
        let Err(error) = stored else {
            return Ok(StoredObject::Fresh(token));
        };
        tracing::error!(%error, "an object was not stored");
        metrics::counter!("ingest_object_errors_total").increment(1);
        if let Err(error) = self.objects.spool(id, bytes.clone()).await {
            tracing::error!(%error, "an object was not spooled either");
        }
        crash::point("after_spool");
        Ok(StoredObject::Nowhere)
    }

    /// The answer stored for the idempotency key. If its change is the last one and not applied, sends it first.
    async fn replay(&self, request: &ChangeRequest) -> Result<Option<Answer>, Refusal> {
        let Some(idempotency) = request.idempotency.as_ref().filter(|_| !request.dry_run) else {
            return Ok(None);
        };
        let Some(kept) = self.state.kept_answer(&request.key.account, &idempotency.name).await? else {
            return Ok(None);
        };
        if kept.request != idempotency.request {
            return Err(Refusal::IdempotencyConflict);
        }
        let chat = self.state.chat(&request.key).await?;
        if !chat.is_applied() && chat.version == kept.version {
            self.deliver(&request.key, &chat, None, 0).await?;
        }
        Ok(Some(Answer { text: kept.answer, version: Some(kept.version).filter(|v| *v > 0), replayed: true }))
    }

    async fn keep_unchanged(&self, request: &ChangeRequest, chat: &Chat) -> Result<Answer, Refusal> {
        self.keep_answer(request, chat, self.unchanged_answer(request, chat)).await
    }

    /// Stores the answer of a request that committed nothing for its idempotency key.
    async fn keep_answer(&self, request: &ChangeRequest, chat: &Chat, answer: Answer) -> Result<Answer, Refusal> {
        if let Some(idempotency) = request.idempotency.as_ref().filter(|_| !request.dry_run) {
            let text = answer.text.clone();
            let kept = KeptAnswer { request: idempotency.request.clone(), version: chat.version, answer: text };
            // If another request used the key meanwhile, both found the same state, so either answer is right.
            self.state.keep_answer(&request.key, &idempotency.name, &kept).await?;
        }
        Ok(answer)
    }

    fn unchanged_answer(&self, request: &ChangeRequest, chat: &Chat) -> Answer {
        self.answer(request, chat, false)
    }

    fn answer(&self, request: &ChangeRequest, chat: &Chat, changed: bool) -> Answer {
        let receipt = chat.receipt.as_deref().filter(|_| request.receipt || request.dry_run);
        let mut body = self.body(&request.key, chat, Some(changed));
        body.receipt = receipt.and_then(|text| serde_json::from_str(text).ok());
        render_answer(request, body)
    }

    /// The answer to a dry run of an upload.
    fn dry_run_answer(&self, request: &ChangeRequest, chat: &Chat, background: &Background) -> Answer {
        let changed = chat.content_id != Some(background.id);
        let mut body = self.body(&request.key, chat, Some(changed));
        body.has_background = true;
        body.background_id = Some(background.id.to_string());
        body.background_url = body.background_url.filter(|_| !changed);
        body.receipt = serde_json::from_str(&answer::receipt(background)).ok();
        render_answer(request, body)
    }
}

/// Cancels the pixel work of a request whose client has disconnected.
struct CancelOnDrop(CancellationToken);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Attempts to commit. One fails when another server changed the chat meanwhile, or when the shared object was just
/// erased.
const ATTEMPTS: usize = 4;

fn render_answer(request: &ChangeRequest, mut body: BackgroundBody) -> Answer {
    body.dry_run = request.dry_run.then_some(true);
    let text = serde_json::to_string(&body).expect("strings and numbers always serialise");
    Answer { text, version: body.background_version, replayed: false }
}
