//! PUT, GET and DELETE of a chat's background.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts as _, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::auth::Account;
use super::body::Incoming;
use super::query::Query;
use super::request_id::RequestId;
use super::response::{LogFields, json, json_text};
use crate::answer::{self, Answer};
use crate::app::App;
use crate::background::Change;
use crate::change_request::ChangeRequest;
use crate::chat_id::ChatId;
use crate::config::Times;
use crate::preconditions::{Idempotency, IfMatch, idempotency_name};
use crate::refusal::Refusal;
use crate::state::{ChatKey, Situation};

type ChatPath = Result<Path<String>, PathRejection>;
type Authenticated = Result<Account, Refusal>;

/// Sets the background from one uploaded image.
pub(super) async fn put(State(app): State<Arc<App>>, path: ChatPath, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let chat = chat_id(path);
    let mut incoming = Incoming::new(&parts.headers, body, &app.config.times);
    let result = set(&app, &chat, &mut parts, &mut incoming).await;
    reply(chat.ok(), result)
}

/// Returns the state of the background.
pub(super) async fn get(State(app): State<Arc<App>>, account: Authenticated, path: ChatPath) -> Response {
    let chat = chat_id(path);
    let result = async {
        let key = key(account, &chat)?;
        let chat = app.state.situation(&key, None).await?.chat;
        Ok((answer::body(&app, &key, &chat, None), chat.shown_version()))
    };
    match result.await {
        Ok((body, version)) => noted(chat.ok(), "ok", with_etag(json(StatusCode::OK, &body), version)),
        Err(refusal) => reply(chat.ok(), Err(refusal)),
    }
}

/// Removes the background.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    account: Authenticated,
    path: ChatPath,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let chat = chat_id(path);
    let result = async {
        let mut change = change_request(&parts, key(account, &chat)?)?;
        let name = idempotency_name(&parts.headers)?;
        let seen = app.state.situation(&change.key, name.as_deref()).await?;
        check_answers(&app, &change, &seen, name.is_some()).await?;
        change.idempotency = name.map(|name| Idempotency::of(name, &change.key, change.receipt, None));
        in_time(&app, Change::new(&app, change, seen).remove()).await
    };
    let result = result.await;
    reply(chat.ok(), result)
}

/// Makes every check that does not need the body before it reads the body.
async fn set(
    app: &Arc<App>,
    chat: &Result<ChatId, Refusal>,
    parts: &mut Parts,
    incoming: &mut Incoming,
) -> Result<Answer, Refusal> {
    // The cheapest check comes first, so that an overload of uploads does not also overload the database.
    app.admission.check()?;
    let account = Account::from_request_parts(parts, app).await;
    let mut change = change_request(parts, key(account, chat)?)?;
    let name = idempotency_name(&parts.headers)?;
    let seen = app.state.situation(&change.key, name.as_deref()).await?;
    if seen.reached().is_none() {
        return Err(Refusal::NoActiveNumber);
    }
    let version = seen.chat.shown_version();
    if name.is_none() && !change.if_match.allows(version) {
        return Err(Refusal::VersionMismatch { version });
    }
    check_answers(app, &change, &seen, name.is_some()).await?;
    let received = app.receive(&parts.headers, incoming).await?;
    let source_id = received.source.id();
    change.idempotency = name.map(|name| Idempotency::of(name, &change.key, change.receipt, Some(source_id)));
    crate::crash::point("body_read");
    in_time(app, Change::new(app, change, seen).set(received)).await
}

/// The answer, unless it takes too long. A change that has begun goes on.
async fn in_time(app: &App, work: impl Future<Output = Result<Answer, Refusal>>) -> Result<Answer, Refusal> {
    let limit = Times::of(app.config.times.answer_ms);
    tokio::time::timeout(limit, work).await.unwrap_or(Err(Refusal::Overloaded))
}

/// Refuses a request whose answer would be one too many stored for idempotency keys of its account.
async fn check_answers(app: &App, change: &ChangeRequest, seen: &Situation, has_key: bool) -> Result<(), Refusal> {
    if !has_key || change.dry_run || seen.kept.is_some() {
        return Ok(());
    }
    let most = app.config.limits.idempotency_keys;
    if app.state.has_room_for_answer(&change.key.account, most.into()).await? {
        return Ok(());
    }
    Err(Refusal::RateLimited { limit: "idempotency keys of an account in a day", wait: Duration::from_secs(60) })
}

fn chat_id(path: ChatPath) -> Result<ChatId, Refusal> {
    path.ok().and_then(|Path(text)| ChatId::parse(&text)).ok_or(Refusal::InvalidChatId)
}

fn key(account: Authenticated, chat: &Result<ChatId, Refusal>) -> Result<ChatKey, Refusal> {
    let Account(account) = account?;
    let chat = chat.as_ref().map_err(|_| Refusal::InvalidChatId)?.clone();
    Ok(ChatKey { account, chat })
}

fn change_request(parts: &Parts, key: ChatKey) -> Result<ChangeRequest, Refusal> {
    let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let query = Query::of(parts.uri.query().unwrap_or_default(), &["dry_run", "receipt"])?;
    Ok(ChangeRequest {
        key,
        request_id,
        if_match: IfMatch::of(&parts.headers)?,
        idempotency: None,
        dry_run: query.flag("dry_run")?,
        receipt: query.flag("receipt")?,
    })
}

fn reply(chat: Option<ChatId>, result: Result<Answer, Refusal>) -> Response {
    match result {
        Ok(done) => {
            let mut response = with_etag(json_text(StatusCode::OK, done.text), done.version);
            if done.replayed {
                response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
            }
            noted(chat, "ok", response)
        }
        Err(refusal) => {
            let code = refusal.code();
            noted(chat, code, refusal.into_response())
        }
    }
}

fn noted(chat: Option<ChatId>, code: &'static str, mut response: Response) -> Response {
    response.extensions_mut().insert(LogFields { chat: chat.map(|chat| chat.to_string()), code });
    response
}

/// Adds the version as an entity tag, for `If-Match`, and forbids caching.
fn with_etag(mut response: Response, version: Option<i64>) -> Response {
    let headers = response.headers_mut();
    if let Some(tag) = version.and_then(|version| HeaderValue::from_str(&format!("\"{version}\"")).ok()) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
