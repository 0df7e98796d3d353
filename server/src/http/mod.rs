//! The HTTP side: routes, and what every answer has in common.

mod auth;
mod body;
mod chats;
mod drain;
mod lent;
mod listen;
mod objects;
mod observe;
mod openapi;
mod operations;
mod unread;

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Router, middleware};
use serde::Serialize;
use tower_http::catch_panic::CatchPanicLayer;

use drain::Drains;

pub(crate) use auth::new_key;
pub(crate) use listen::serve;

use crate::app::App;
use crate::refusal::Refusal;

/// All routes.
fn router(app: &Arc<App>, drains: &Arc<Drains>) -> Router {
    let api = Router::new()
        .route("/chats/{chatId}/background", put(chats::put).get(chats::get).delete(chats::delete))
        .route("/objects/{token}", get(objects::get))
        .route("/healthz", get(operations::healthz))
        .route("/readyz", get(operations::readyz))
        .route("/metrics", get(operations::metrics))
        .route("/limits", get(operations::limits))
        .route("/openapi.json", get(openapi::document))
        .route("/try", get(operations::page))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(Arc::clone(app));
    // The contract's base path, and the same at the root for operations and objects' URLs.
    Router::new()
        .nest(BASE_PATH, api.clone())
        .merge(api)
        .fallback(not_found)
        .layer(CatchPanicLayer::custom(|_| Refusal::Internal.into_response()))
        .layer(middleware::from_fn(observe::observe))
        .layer(middleware::from_fn_with_state(Arc::clone(drains), drain::drain))
}

pub(crate) const BASE_PATH: &str = "/v2/api";

async fn not_found() -> Refusal {
    Refusal::NotFound
}

async fn method_not_allowed() -> Refusal {
    Refusal::MethodNotAllowed
}

/// What the log and the metrics say about an answer, beyond what it shows itself.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) chat: Option<String>,
    pub(crate) code: &'static str,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = json(self.status(), &self.body());
        let headers = response.headers_mut();
        match self {
            Self::Overloaded => headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1")),
            Self::NoActiveNumber | Self::StorageUnavailable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"))
            }
            Self::Unauthenticated => headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            _ => None,
        };
        response.extensions_mut().insert(Facts { chat: None, code: self.code() });
        response
    }
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let text = serde_json::to_string(value).expect("strings and numbers always serialise");
    json_text(status, text)
}

fn json_text(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
}
