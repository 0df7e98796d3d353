//! The routes, and the layers that every request passes through.

use std::sync::Arc;

use axum::response::IntoResponse as _;
use axum::routing::{get, post, put};
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;

use super::base_path::BASE_PATH;
use super::drain::{self, Drains};
use super::{agents, chats, object_urls, observe, openapi, operations, wasm};
use crate::app::App;
use crate::refusal::Refusal;

/// All routes, under the base path and without it.
pub(super) fn router(app: &Arc<App>, drains: &Arc<Drains>) -> Router {
    let api = Router::new()
        .route("/chats/{chatId}/background", put(chats::put).get(chats::get).delete(chats::delete))
        .route("/objects/{token}", get(object_urls::get))
        .route("/healthz", get(operations::healthz))
        .route("/readyz", get(operations::readyz))
        .route("/metrics", get(operations::metrics))
        .route("/limits", get(operations::limits))
        .route("/openapi.json", get(openapi::document))
        .route("/try", get(operations::page))
        .route("/wasm/{name}", get(wasm::get))
        .route("/agent/v1/changes", get(agents::changes))
        .route("/agent/v1/applied", post(agents::applied))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(Arc::clone(app));
    Router::new()
        .nest(BASE_PATH, api.clone())
        .merge(api)
        .fallback(not_found)
        .layer(CatchPanicLayer::custom(|_| Refusal::Internal.into_response()))
        .layer(middleware::from_fn(observe::observe))
        .layer(middleware::from_fn_with_state(Arc::clone(drains), drain::drain))
}

async fn not_found() -> Refusal {
    Refusal::NotFound
}

async fn method_not_allowed() -> Refusal {
    Refusal::MethodNotAllowed
}
