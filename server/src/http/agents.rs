//! The calls of agents: each asks for changes of its numbers, and answers for them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image_ingest_agent::{AgentChange, AgentRendition, AgentReply, Outcome};
use serde_json::json;
use tokio::time::Instant;

use super::auth::Agent;
use super::query::Query;
use super::response;
use crate::app::App;
use crate::crash;
use crate::deliver::{LOOK_EVERY, backoff};
use crate::refusal::Refusal;
use crate::state::{DueChange, Held, MAX_VERSION, StoredRendition, agent_route, now};
use crate::wakeups::{Wakeup, chat_topic};

/// `GET /agent/v1/changes?wait=30`: changes for the agent's numbers, as soon as there are any, or an empty list after the
/// wait. A change that is not answered for is given again.
pub(super) async fn changes(
    State(app): State<Arc<App>>,
    Agent(agent): Agent,
    request: Request,
) -> Result<Response, Refusal> {
    let until = Instant::now() + wait(request.uri().query().unwrap_or_default())?;
    let route = agent_route(&agent);
    let mut woken = app.wakeups.subscribe(&route);
    let mut stopping = app.stopping.subscribe();
    let mut noted: Option<Instant> = None;
    loop {
        if noted.is_none_or(|at| at.elapsed() > NOTED_EVERY) {
            app.state.note_poll(&agent).await?;
            noted = Some(Instant::now());
        }
        let due = app.state.take_due(&route, now() + ANSWERED_WITHIN_MS, CHANGES_AT_ONCE).await?;
        crash::point("changes_taken");
        if !due.is_empty() || Instant::now() >= until || *stopping.borrow_and_update() {
            metrics::counter!("ingest_agent_changes_total", "agent" => agent.clone()).increment(due.len() as u64);
            let changes = futures_util::future::join_all(due.into_iter().map(|due| message(&app, due))).await;
            return Ok(response::json(StatusCode::OK, &changes));
        }
        // Without a wakeup it looks each second: a change may be due again, or another node have made one.
        let look = async {
            loop {
                match tokio::time::timeout(LOOK_EVERY, woken.recv()).await {
                    Err(_) if !app.state.is_due(&route).await? => {
                        if noted.is_none_or(|at| at.elapsed() > NOTED_EVERY) {
                            return Ok(());
                        }
                    }
                    _ => return Ok::<_, Refusal>(()),
                }
            }
        };
        tokio::select! {
            looked = tokio::time::timeout_at(until, look) => looked.unwrap_or(Ok(()))?,
            _ = stopping.changed() => {}
        }
    }
}

/// `POST /agent/v1/applied`: what became of a change.
pub(super) async fn applied(
    State(app): State<Arc<App>>,
    Agent(agent): Agent,
    request: Request,
) -> Result<Response, Refusal> {
    const UNREADABLE: Refusal = Refusal::InvalidParameter("the body is no JSON answer of an agent of at most 64 KiB");
    let body = to_bytes(request.into_body(), MAX_REPLY_BYTES).await.map_err(|_| UNREADABLE)?;
    let reply: AgentReply = serde_json::from_slice(&body).map_err(|_| UNREADABLE)?;
    let content_id = reply.content_id.as_deref().map(str::parse).transpose().map_err(|_| UNREADABLE)?;
    let shown = i64::try_from(reply.version).ok().filter(|shown| *shown <= MAX_VERSION).ok_or(UNREADABLE)?;
    crash::point("agent_answered");
    let held = app.state.held(&agent_route(&agent), &reply.number, &reply.chat).await?;
    let held = held.ok_or(Refusal::NotFound)?;
    let outcome = outcome_name(reply.outcome);
    metrics::counter!("ingest_agent_answers_total", "agent" => agent.clone(), "outcome" => outcome).increment(1);
    if reply.outcome == Outcome::Refused {
        let code = refusal_code(&reply);
        let next_at = now() + backoff(held.attempts);
        app.state.postpone(&held.key, shown, next_at, Some(&code)).await?;
        tracing::warn!(agent, code, chat = %held.key.chat, "an agent refused a change");
        app.wakeups.send(&chat_topic(&held.key), Wakeup::Answered { version: shown, refused: Some(code) });
    } else {
        settle(&app, &agent, &held, shown, (shown, content_id) == (held.version, held.content_id)).await?;
    }
    crash::point("answer_recorded");
    Ok(response::json(StatusCode::OK, &json!({})))
}

/// Compares what the device shows with the state.
async fn settle(app: &App, agent: &str, held: &Held, shown: i64, is_last: bool) -> Result<(), Refusal> {
    let topic = chat_topic(&held.key);
    if is_last || shown < held.version {
        // An earlier version was right when it was sent, and the last one is on its way.
        app.state.mark_applied(&held.key, shown, Some(&topic)).await?;
        app.wakeups.send(&topic, Wakeup::Answered { version: shown, refused: None });
    } else if let Some(version) = app.state.restore(&held.key, held.version, shown, &held.number, now()).await? {
        tracing::warn!(agent, version, chat = %held.key.chat, "a device was ahead of the state, which was restored");
        app.wakeups.send(&agent_route(agent), Wakeup::Look);
        app.wakeups.send(&topic, Wakeup::Look);
    }
    Ok(())
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "applied",
        Outcome::Refused => "refused",
        Outcome::Shows => "shows",
    }
}

/// The code of a refusal, as far as it is one: it gets into answers.
fn refusal_code(reply: &AgentReply) -> String {
    let is_code = |code: &&str| {
        (1..=64).contains(&code.len())
            && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    reply.code.as_deref().filter(is_code).unwrap_or("device_refused").to_owned()
}

/// A change as an agent gets it; with the bytes where the image has no URL.
async fn message(app: &App, due: DueChange) -> AgentChange {
    let url = |token: &str| app.objects.url(&app.public_url, token);
    let bytes = match (due.content_id, &due.token) {
        (Some(id), None) => app.image(id, None).await.map(|bytes| STANDARD.encode(bytes)),
        _ => None,
    };
    let rendition = |stored: StoredRendition| {
        let (url, content_id) = (url(&stored.token), stored.content_id.to_string());
        AgentRendition { fingerprint: stored.fingerprint, content_id, url }
    };
    AgentChange {
        number: due.number,
        account: due.key.account,
        chat: due.key.chat.to_string(),
        version: u64::try_from(due.version).unwrap_or(0),
        content_id: due.content_id.map(|id| id.to_string()),
        url: due.token.as_deref().map(url),
        bytes,
        renditions: due.renditions.into_iter().map(rendition).collect(),
    }
}

fn wait(query: &str) -> Result<Duration, Refusal> {
    let query = Query::of(query, &["wait"])?;
    let seconds: u64 = match query.first("wait") {
        None => 0,
        Some(text) => text.parse().map_err(|_| Refusal::InvalidParameter("wait is not a number of seconds"))?,
    };
    Ok(Duration::from_secs(seconds.min(MAX_WAIT_SECONDS)))
}

/// When a change that was given to an agent is given again.
const ANSWERED_WITHIN_MS: i64 = 30_000;
const CHANGES_AT_ONCE: i64 = 16;
const MAX_REPLY_BYTES: usize = 64 * 1024;
const MAX_WAIT_SECONDS: u64 = 60;

/// How often an open poll is recorded, well within the time after which an agent counts as absent.
const NOTED_EVERY: Duration = Duration::from_secs(15);
