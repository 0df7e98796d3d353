//! The routes, and the layers that every request passes through.

use std::sync::Arc;

use axum::response::IntoResponse as _;
use axum::routing::{get, post, put};
use axum::{Router, middleware};
use ipnet::IpNet;
use tower_http::catch_panic::CatchPanicLayer;

use super::base_path::BASE_PATH;
use super::drain::{self, Drains};
use super::{address, agents, chats, cors, object_urls, observe, openapi, operations, rate_limit, wasm};
use crate::app::App;
use crate::refusal::Refusal;

/// The routes of the public listener, under the base path and without it. Those of operations are among them where they
/// have no listener of their own.
pub(super) fn router(app: &Arc<App>, drains: &Arc<Drains>) -> Router {
    let mut open = Router::new()
        .route("/chats/{chatId}/background", put(chats::put).get(chats::get).delete(chats::delete))
        .route("/objects/{token}", get(object_urls::get))
        .route("/limits", get(operations::limits))
        .route("/openapi.json", get(openapi::document));
    if app.config.try_page {
        open = open.route("/try", get(operations::page)).route("/wasm/{name}", get(wasm::get));
    }
    let mut open = open
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(Arc::clone(app), rate_limit::limit));
    if let Some(cors) = cors::layer(&app.config.cors) {
        open = open.layer(cors);
    }
    let mut api =
        open.route("/agent/v1/changes", get(agents::changes)).route("/agent/v1/applied", post(agents::applied));
    if app.config.operations_listen.is_none() {
        api = api.merge(operations());
    }
    finished(api, app, drains)
}

/// The routes of the listener for operations.
pub(super) fn operations_router(app: &Arc<App>, drains: &Arc<Drains>) -> Router {
    finished(operations(), app, drains)
}

fn operations() -> Router<Arc<App>> {
    Router::new()
        .route("/healthz", get(operations::healthz))
        .route("/readyz", get(operations::readyz))
        .route("/metrics", get(operations::metrics))
}

/// Adds what every request passes through.
fn finished(api: Router<Arc<App>>, app: &Arc<App>, drains: &Arc<Drains>) -> Router {
    let api = api.method_not_allowed_fallback(method_not_allowed).with_state(Arc::clone(app));
    let proxies: Arc<[IpNet]> = app.trusted_proxies.as_slice().into();
    Router::new()
        .nest(BASE_PATH, api.clone())
        .merge(api)
        .fallback(not_found)
        .layer(CatchPanicLayer::custom(|_| Refusal::Internal.into_response()))
        .layer(middleware::from_fn(observe::observe))
        .layer(middleware::from_fn_with_state(proxies, address::note))
        .layer(middleware::from_fn_with_state(Arc::clone(drains), drain::drain))
}

async fn not_found() -> Refusal {
    Refusal::NotFound
}

async fn method_not_allowed() -> Refusal {
    Refusal::MethodNotAllowed
}
