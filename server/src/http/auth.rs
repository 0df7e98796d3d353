//! Credentials: API keys of accounts, and those of agents. Only the BLAKE3 of one is stored. Every failure gets the same
//! answer, so that a client cannot tell which part of a credential is wrong.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::address::ClientAddress;
use super::caller::{Caller, Verified};
use super::rate_limit;
use crate::app::App;
use crate::refusal::Refusal;
use crate::state::{Credential, CredentialKind, now};
use crate::token::{hex, random};

/// A new key: its public id, the key itself, and the hash that is stored.
pub(crate) fn new_key() -> (String, String, String) {
    let id = hex(&random::<6>());
    let (key, hash) = credential(KEY_PREFIX, &id);
    (id, key, hash)
}

/// A new credential of an agent, and the hash that is stored.
pub(crate) fn new_agent_credential(name: &str) -> (String, String) {
    credential(AGENT_PREFIX, name)
}

fn credential(prefix: &str, id: &str) -> (String, String) {
    let text = format!("{prefix}{id}_{}", hex(&random::<24>()));
    let hash = blake3::hash(text.as_bytes()).to_hex().to_string();
    (text, hash)
}

const KEY_PREFIX: &str = "bl_live_";
const AGENT_PREFIX: &str = "bl_agent_";

/// The account of a request's key.
pub(super) struct Account(pub(super) String);

impl FromRequestParts<Arc<App>> for Account {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let (text, id) = presented(&parts.headers, KEY_PREFIX)?;
        let kind = CredentialKind::Key;
        check_look_up(app, parts, kind, id)?;
        let account = verified(text, app.state.active_key(id).await?)?;
        Caller::note(&parts.extensions, Verified::Account { account: account.clone(), key: id.to_owned() });
        app.rate_limits.was_good(kind.name_of(id)).await;
        app.state.note_key_use(id);
        rate_limit::count_key(app, &parts.method, id, parts.extensions.get())?;
        Ok(Self(account))
    }
}

/// The agent of a request's credential.
pub(super) struct Agent(pub(super) String);

impl FromRequestParts<Arc<App>> for Agent {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let (text, id) = presented(&parts.headers, AGENT_PREFIX)?;
        let kind = CredentialKind::Agent;
        check_look_up(app, parts, kind, id)?;
        let agent = verified(text, app.state.active_agent(id).await?)?;
        Caller::note(&parts.extensions, Verified::Agent(agent.clone()));
        app.rate_limits.was_good(kind.name_of(id)).await;
        Ok(Self(agent))
    }
}

/// Refuses to look up an unknown credential in the database too often.
fn check_look_up(app: &App, parts: &Parts, kind: CredentialKind, id: &str) -> Result<(), Refusal> {
    if app.state.is_remembered(kind, id) {
        return Ok(());
    }
    let address = parts.extensions.get().map(|ClientAddress(address)| *address);
    app.rate_limits.look_up(&kind.name_of(id), address)
}

/// The credential of a request, and the id in it.
fn presented<'h>(headers: &'h HeaderMap, prefix: &str) -> Result<(&'h str, &'h str), Refusal> {
    let text = bearer(headers).ok_or(Refusal::Unauthenticated)?;
    // An agent's name may have the separator.
    let id = text.strip_prefix(prefix).and_then(|rest| rest.rsplit_once('_')).ok_or(Refusal::Unauthenticated)?.0;
    Ok((text, id))
}

/// Whom the credential stands for.
fn verified(text: &str, known: Option<Credential>) -> Result<String, Refusal> {
    let known = known.filter(|known| known.expires_at.is_none_or(|at| now() < at)).ok_or(Refusal::Unauthenticated)?;
    let hash = blake3::Hash::from_hex(known.hash).map_err(|_| Refusal::Unauthenticated)?;
    // `blake3::Hash` compares in constant time.
    if blake3::hash(text.as_bytes()) == hash { Ok(known.owner) } else { Err(Refusal::Unauthenticated) }
}

/// The token of `Authorization: Bearer`, whose scheme is case-insensitive (RFC 9110 § 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, others) = (values.next()?, values.next());
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    (others.is_none() && scheme.eq_ignore_ascii_case("bearer")).then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn with(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn one_bearer_token_is_read() {
        assert_eq!(bearer(&with(&["Bearer abc"])), Some("abc"));
        assert_eq!(bearer(&with(&["bearer  abc"])), Some("abc"));
        for others in [&[][..], &["Basic abc"], &["abc"], &["Bearer a", "Bearer b"]] {
            assert_eq!(bearer(&with(others)), None);
        }
    }

    #[test]
    fn a_new_key_carries_its_id_and_is_kept_as_a_hash() {
        let (id, key, hash) = new_key();
        assert!(key.starts_with(&format!("{KEY_PREFIX}{id}_")));
        assert_eq!(blake3::hash(key.as_bytes()).to_hex().as_str(), hash);
    }
}
