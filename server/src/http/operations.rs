//! Health, readiness, metrics, the limits in force, and the page to try an upload.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;

use super::response::json;
use crate::app::{App, pixel_threads};
use crate::page::AHEAD;
use crate::refusal::Refusal;
use crate::telemetry;

/// The process answers.
pub(super) async fn healthz() -> Response {
    json(StatusCode::OK, &json!({ "status": "ok" }))
}

/// The state can be read, the object store answers, and work is taken on.
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    app.state.answers().await?;
    if !app.objects.answers().await {
        return Err(Refusal::StorageUnavailable);
    }
    Ok(json(StatusCode::OK, &json!({ "status": "ready" })))
}

/// Numbers for Prometheus.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    app.measure_node();
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], telemetry::render()).into_response()
}

/// The limits in force.
pub(super) async fn limits(State(app): State<Arc<App>>) -> Response {
    let (limits, config) = (app.ingest.limits(), &app.config);
    let body = json!({
        "upload": {
            "max_bytes": limits.max_bytes,
            "max_pixels": limits.max_pixels,
            "max_side": limits.max_side,
            "max_jpeg_scans": limits.max_jpeg_scans,
            "max_jpeg_full_scans": limits.max_jpeg_full_scans,
            "max_icc_bytes": limits.max_icc_bytes,
            "max_heif_depth": limits.max_heif_depth,
            "max_heif_items": limits.max_heif_items,
            "max_heif_tiles": limits.max_heif_tiles,
            "max_heif_extents": limits.max_heif_extents,
            "max_memory_bytes": limits.max_memory_bytes,
            "deadline_ms": config.times.pixels_ms,
        },
        "profile": app.fingerprint,
        "renditions": config.renditions,
        "pixel_threads": pixel_threads(config),
        "queue": config.work.queue,
        "upload_bytes_in_memory": config.work.upload_bytes,
        "body_ms": config.times.body_ms,
        "body_bytes_per_second": config.times.body_bytes_per_second,
        "device_ms": config.times.device_ms,
        "objects_at_once": config.work.readers,
        "requests": config.limits,
    });
    json(StatusCode::OK, &body)
}

/// The page to try an upload.
pub(super) async fn page(State(app): State<Arc<App>>) -> Response {
    const PLAIN: &str = include_str!("../../page/try.html");
    let mut response = match app.page_build {
        None => Html(PLAIN).into_response(),
        Some(_) => {
            Html(PLAIN.replace("</body>", &format!("<script type=\"module\" src=\"wasm/{AHEAD}\"></script>\n</body>")))
                .into_response()
        }
    };
    let policy = if app.page_build.is_some() { POLICY_OF_BUILD } else { POLICY };
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

/// What the page may load and do (Content Security Policy Level 3).
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
     img-src 'self' blob: data: https: http:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The same with modules, WebAssembly and a worker of this server.
const POLICY_OF_BUILD: &str = "default-src 'none'; style-src 'unsafe-inline'; \
     script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; \
     img-src 'self' blob: data: https: http:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
