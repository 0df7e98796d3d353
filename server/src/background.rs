//! Sets and removes backgrounds, in the one order in which nothing is lost.
//!
//! Intent → object → one transaction (version + 1, history, outbox, intent gone) → device → applied. A crash before the
//! transaction leaves an object that is collected; after it, a change that is sent again. `docs/server.md` names the
//! points.

use std::sync::Arc;

use bytes::Bytes;
use image_ingest::{Background, CancellationToken, ContentId, Error, Source, SourceId};

use crate::admission::HeldBytes;
use crate::answer::{self, BackgroundBody};
use crate::app::App;
use crate::crash;
use crate::preconditions::{Idempotency, IfMatch};
use crate::refusal::Refusal;
use crate::state::{Chat, ChatKey, Commit, Kept, NewChange, NewKept, NewPicture, StoredObject, now};
use crate::token::token;

/// What a PUT or DELETE asks for, but for the picture.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
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

/// The answer to a PUT or DELETE, as it goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) text: String,
    pub(crate) version: Option<i64>,
    /// Whether it was kept for the idempotency key.
    pub(crate) replayed: bool,
}

impl App {
    /// Sets the background to an upload.
    pub(crate) async fn set(self: &Arc<Self>, wish: Wish, received: Received) -> Result<Done, Refusal> {
        if let Some(done) = self.replay(&wish).await? {
            return Ok(done);
        }
        let chat = self.state.chat(&wish.key).await?;
        self.allowed(&wish, &chat)?;
        let source_id = received.source.id();
        let is_known = chat.content_id.is_some_and(|id| self.is_known(&chat, id, source_id));
        if is_known && wish.dry_run {
            return Ok(self.unchanged(&wish, &chat));
        }
        if is_known && chat.token.is_some() {
            if chat.is_applied() {
                return self.keep_unchanged(&wish, &chat).await;
            }
            let (wish, content_id) = (wish.clone(), chat.content_id);
            let again = self.detached(|app| async move { app.again_in_turn(wish, content_id).await }).await?;
            if let Some(done) = again {
                return Ok(done);
            }
        }
        let background = self.work(received).await?;
        if wish.dry_run {
            return Ok(self.would_be(&wish, &chat, &background));
        }
        crash::point("pixels_done");
        // What follows is done to its end even when the caller leaves.
        self.detached(|app| async move { app.set_in_turn(wish, background).await }).await
    }

    /// Removes the background.
    pub(crate) async fn remove(self: &Arc<Self>, wish: Wish) -> Result<Done, Refusal> {
        if let Some(done) = self.replay(&wish).await? {
            return Ok(done);
        }
        self.detached(|app| async move { app.remove_in_turn(wish).await }).await
    }

    async fn detached<T: Send + 'static, F>(self: &Arc<Self>, work: impl FnOnce(Arc<Self>) -> F) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, Refusal>> + Send + 'static,
    {
        let (in_work, work) = (self.in_work.clone(), work(Arc::clone(self)));
        let task = tokio::spawn(async move {
            let result = work.await;
            drop(in_work);
            result
        });
        task.await.unwrap_or(Err(Refusal::Internal))
    }

    /// Whether the upload is known to give what the chat has.
    fn is_known(&self, chat: &Chat, id: ContentId, source_id: SourceId) -> bool {
        let same_source = chat.source.as_ref().is_some_and(|(s, f)| *s == source_id && *f == self.fingerprint);
        same_source || source_id.as_bytes() == id.as_bytes()
    }

    /// The upload's canonical image, made on a thread for pixels.
    async fn work(&self, received: Received) -> Result<Background, Refusal> {
        let place = self.admission.place().await?;
        let Received { source, held } = received;
        let token = CancellationToken::new();
        let ingest = self.ingest.clone().with_cancellation(token.clone());
        let _stop = CancelOnDrop(token);
        let started = std::time::Instant::now();
        let result = self.pool.run(move || {
            let result = ingest.ingest(source);
            drop((held, place));
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

    fn allowed(&self, wish: &Wish, chat: &Chat) -> Result<(), Refusal> {
        let version = chat.shown_version();
        if wish.if_match.allows(version) { Ok(()) } else { Err(Refusal::VersionMismatch { version }) }
    }

    /// Sends once more what the device has not taken; nothing where the chat has another content by now.
    async fn again_in_turn(&self, wish: Wish, content_id: Option<ContentId>) -> Result<Option<Done>, Refusal> {
        let _turn = self.turns.take(&wish.key).await;
        let chat = self.state.chat(&wish.key).await?;
        self.allowed(&wish, &chat)?;
        if chat.content_id != content_id {
            return Ok(None);
        }
        self.deliver_again(&wish, chat, None).await.map(Some)
    }

    async fn set_in_turn(&self, wish: Wish, background: Background) -> Result<Done, Refusal> {
        let _turn = self.turns.take(&wish.key).await;
        let mut may_share = true;
        for _ in 0..ATTEMPTS {
            if let Some(done) = self.replay(&wish).await? {
                return Ok(done);
            }
            let chat = self.state.chat(&wish.key).await?;
            self.allowed(&wish, &chat)?;
            let committed = if chat.content_id == Some(background.id) {
                Commit::Same(chat)
            } else {
                self.commit_picture(&wish, &chat, &background, may_share).await?
            };
            match committed {
                Commit::Changed(chat) => {
                    self.deliver(&wish.key, &chat, Some(background.bytes.clone()), 0).await?;
                    return Ok(self.done(&wish, &chat, true));
                }
                Commit::Same(chat) => return self.same(&wish, chat, &background).await,
                Commit::Moved(chat) => return Err(Refusal::VersionMismatch { version: chat.shown_version() }),
                Commit::Again => may_share = false,
            }
        }
        Err(Refusal::StorageUnavailable)
    }

    /// The content is in place: stores what could not be stored, and sends what the device has not taken.
    async fn same(&self, wish: &Wish, mut chat: Chat, background: &Background) -> Result<Done, Refusal> {
        if chat.token.is_none() {
            if let StoredObject::Fresh(token) = self.store(background.id, &background.bytes, &token()).await? {
                self.state.attach(&wish.key.account, background.id, token).await?;
            }
            chat = self.state.chat(&wish.key).await?;
        }
        self.deliver_again(wish, chat, Some(background.bytes.clone())).await
    }

    async fn deliver_again(&self, wish: &Wish, chat: Chat, bytes: Option<Bytes>) -> Result<Done, Refusal> {
        if chat.is_applied() {
            return self.keep_unchanged(wish, &chat).await;
        }
        self.deliver(&wish.key, &chat, bytes, 0).await?;
        self.kept(wish, &chat, self.done(wish, &chat, true)).await
    }

    async fn remove_in_turn(&self, wish: Wish) -> Result<Done, Refusal> {
        let _turn = self.turns.take(&wish.key).await;
        for _ in 0..ATTEMPTS {
            if let Some(done) = self.replay(&wish).await? {
                return Ok(done);
            }
            let chat = self.state.chat(&wish.key).await?;
            self.allowed(&wish, &chat)?;
            if wish.dry_run || (chat.content_id.is_none() && chat.is_applied()) {
                let changed = chat.content_id.is_some();
                return if changed {
                    Ok(self.done(&wish, &chat, true))
                } else {
                    self.keep_unchanged(&wish, &chat).await
                };
            }
            if chat.content_id.is_none() {
                return self.deliver_again(&wish, chat, None).await;
            }
            match self.commit(&wish, &chat, None).await? {
                Commit::Changed(chat) => {
                    self.deliver(&wish.key, &chat, None, 0).await?;
                    return Ok(self.done(&wish, &chat, true));
                }
                Commit::Same(chat) => return self.deliver_again(&wish, chat, None).await,
                Commit::Moved(chat) => return Err(Refusal::VersionMismatch { version: chat.shown_version() }),
                Commit::Again => {}
            }
        }
        Err(Refusal::StorageUnavailable)
    }

    async fn commit_picture(
        &self,
        wish: &Wish,
        chat: &Chat,
        background: &Background,
        may_share: bool,
    ) -> Result<Commit, Refusal> {
        // Before anything is stored: without a number the change could not go anywhere.
        self.route(&wish.key, chat).await?;
        let shared = if may_share { self.state.object_with(&wish.key.account, background.id).await? } else { None };
        let fresh = token();
        let object = match &shared {
            Some(token) => StoredObject::Shared(token),
            None => self.store(background.id, &background.bytes, &fresh).await?,
        };
        let receipt = answer::receipt(background);
        let picture = NewPicture {
            id: background.id,
            source_id: background.source_id,
            fingerprint: &self.fingerprint,
            receipt: &receipt,
            object,
        };
        self.commit(wish, chat, Some(picture)).await
    }

    async fn commit(&self, wish: &Wish, chat: &Chat, picture: Option<NewPicture<'_>>) -> Result<Commit, Refusal> {
        let route = self.route(&wish.key, chat).await?;
        let answer = |chat: &Chat| self.done(wish, chat, true).text;
        let idempotency = wish.idempotency.as_ref();
        let change = NewChange {
            key: &wish.key,
            picture,
            number: &route.number,
            request_id: &wish.request_id,
            may_follow: &|chat| wish.if_match.allows(chat.shown_version()),
            retry_at: now() + self.device_patience(),
            idempotency: idempotency.map(|i| NewKept { name: &i.name, request: &i.request, answer: &answer }),
        };
        Ok(self.state.commit(&change).await?)
    }

    /// Stores an object under an intent. What the store does not take is spooled, and repaired later.
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

    /// The answer kept for the idempotency key, once its change has reached the device or was replaced.
    async fn replay(&self, wish: &Wish) -> Result<Option<Done>, Refusal> {
        let Some(idempotency) = wish.idempotency.as_ref().filter(|_| !wish.dry_run) else {
            return Ok(None);
        };
        let Some(kept) = self.state.kept_answer(&wish.key.account, &idempotency.name).await? else {
            return Ok(None);
        };
        if kept.request != idempotency.request {
            return Err(Refusal::IdempotencyConflict);
        }
        let chat = self.state.chat(&wish.key).await?;
        if !chat.is_applied() && chat.version == kept.version {
            self.deliver(&wish.key, &chat, None, 0).await?;
        }
        Ok(Some(Done { text: kept.answer, version: Some(kept.version).filter(|v| *v > 0), replayed: true }))
    }

    async fn keep_unchanged(&self, wish: &Wish, chat: &Chat) -> Result<Done, Refusal> {
        self.kept(wish, chat, self.unchanged(wish, chat)).await
    }

    /// Keeps the answer of a request that committed nothing.
    async fn kept(&self, wish: &Wish, chat: &Chat, done: Done) -> Result<Done, Refusal> {
        if let Some(Idempotency { name, request }) = wish.idempotency.clone().filter(|_| !wish.dry_run) {
            let kept = Kept { request, version: chat.version, answer: done.text.clone() };
            // Where the key was used meanwhile, both requests found the same state.
            self.state.keep_answer(&wish.key, &name, &kept).await?;
        }
        Ok(done)
    }

    fn unchanged(&self, wish: &Wish, chat: &Chat) -> Done {
        self.done(wish, chat, false)
    }

    fn done(&self, wish: &Wish, chat: &Chat, changed: bool) -> Done {
        let receipt = chat.receipt.as_deref().filter(|_| wish.receipt || wish.dry_run);
        let mut body = self.body(&wish.key, chat, Some(changed));
        body.receipt = receipt.and_then(|text| serde_json::from_str(text).ok());
        written(wish, body)
    }

    /// What a dry run says of an upload.
    fn would_be(&self, wish: &Wish, chat: &Chat, background: &Background) -> Done {
        let changed = chat.content_id != Some(background.id);
        let mut body = self.body(&wish.key, chat, Some(changed));
        body.has_background = true;
        body.background_id = Some(background.id.to_string());
        body.background_url = body.background_url.filter(|_| !changed);
        body.receipt = serde_json::from_str(&answer::receipt(background)).ok();
        written(wish, body)
    }
}

/// Stops the pixels of a request whose client has left.
struct CancelOnDrop(CancellationToken);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Each attempt follows another server's change of the same chat, or an object that was just erased.
const ATTEMPTS: usize = 4;

fn written(wish: &Wish, mut body: BackgroundBody) -> Done {
    body.dry_run = wish.dry_run.then_some(true);
    let text = serde_json::to_string(&body).expect("strings and numbers always serialise");
    Done { text, version: body.background_version, replayed: false }
}
