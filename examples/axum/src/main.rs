//! An endpoint that takes a picture as the body of a request and answers with its canonical form.
//!
//! ```sh
//! cargo run --release
//! curl --data-binary @photo.heic http://127.0.0.1:8080/pictures --output canonical.jpg --dump-header -
//! ```

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use image_ingest::{Background, Blame, CancellationToken, Error, Ingest};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio_stream::StreamExt;

/// What all requests share.
#[derive(Clone)]
struct Pictures {
    ingest: Ingest,
    /// A permit for each thread that may work on pixels: they are never more than CPUs, however many requests come.
    pixel_threads: Arc<Semaphore>,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let pictures = Pictures { ingest: Ingest::default(), pixel_threads: Arc::new(Semaphore::new(cpus)) };
    let app = Router::new()
        .route("/pictures", post(take))
        .route("/healthz", get(|| async { "ok" }))
        .with_state(pictures);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("http://{}/pictures", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) }).await
}

async fn take(State(pictures): State<Pictures>, body: Body) -> Response {
    match ingested(&pictures, body).await {
        Ok(background) => answer(background),
        Err(refusal) => refusal.into_response(),
    }
}

/// Takes the body as it arrives: a wrong kind of file ends the request with its first bytes, and one that is too large with
/// the byte over the limit.
async fn ingested(pictures: &Pictures, body: Body) -> Result<Background, Refusal> {
    let mut upload = pictures.ingest.upload();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        upload.push(chunk.map_err(|_| Refusal::BrokenBody)?)?;
    }
    let source = upload.finish()?;
    let permit = Arc::clone(&pictures.pixel_threads).acquire_owned().await.map_err(|_| Refusal::Ended)?;
    // When the client goes, this future is dropped, and the guard with it: the job ends within milliseconds.
    let token = CancellationToken::new();
    let ingest = pictures.ingest.clone().with_cancellation(token.clone());
    let _guard = CancelOnDrop(token);
    let job = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        ingest.ingest(source)
    });
    Ok(job.await.map_err(|_| Refusal::Ended)??)
}

struct CancelOnDrop(CancellationToken);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

fn answer(background: Background) -> Response {
    let headers = [
        ("content-type", background.encoding.media_type().to_owned()),
        ("etag", format!("\"{}\"", background.id)),
        ("x-source-id", background.source_id.to_string()),
    ];
    (headers, background.bytes).into_response()
}

/// Why there is no picture.
enum Refusal {
    Library(Error),
    BrokenBody,
    /// The service ends.
    Ended,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, message) = match &self {
            Self::Library(error) => (status(error), error.code(), error.to_string()),
            Self::BrokenBody => (StatusCode::BAD_REQUEST, "broken_body", "the body ended early".to_owned()),
            Self::Ended => (StatusCode::SERVICE_UNAVAILABLE, "ended", "the service ends".to_owned()),
        };
        (status, Json(json!({ "code": code, "message": message }))).into_response()
    }
}

/// Whose fault it is decides between 4xx and 5xx; the code says the rest.
fn status(error: &Error) -> StatusCode {
    match (error.code(), error.blame()) {
        ("too_large", _) => StatusCode::PAYLOAD_TOO_LARGE,
        ("unknown_format" | "unsupported", _) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        (_, Blame::Upload) => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}
