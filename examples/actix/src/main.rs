//! An endpoint that takes a picture as the body of a request and answers with its canonical form.
//!
//! ```sh
//! cargo run --release
//! curl --data-binary @photo.heic http://127.0.0.1:8080/pictures --output canonical.jpg --dump-header -
//! ```

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{App, HttpResponse, HttpServer, ResponseError, web};
use image_ingest::{Blame, CancellationToken, Error, Ingest};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio_stream::StreamExt;

/// What all requests share.
struct Pictures {
    ingest: Ingest,
    /// A permit for each thread that may work on pixels: they are never more than CPUs, however many requests come.
    pixel_threads: Semaphore,
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let pictures = web::Data::new(Pictures { ingest: Ingest::default(), pixel_threads: Semaphore::new(cpus) });
    println!("http://127.0.0.1:8080/pictures");
    HttpServer::new(move || App::new().app_data(pictures.clone()).route("/pictures", web::post().to(take)))
        .bind(("127.0.0.1", 8080))?
        .run()
        .await
}

/// Takes the body as it arrives: a wrong kind of file ends the request with its first bytes, and one that is too large with
/// the byte over the limit.
async fn take(pictures: web::Data<Pictures>, mut body: web::Payload) -> Result<HttpResponse, Refusal> {
    let mut upload = pictures.ingest.upload();
    while let Some(chunk) = body.next().await {
        upload.push(chunk.map_err(|_| Refusal::BrokenBody)?)?;
    }
    let source = upload.finish()?;
    let _permit = pictures.pixel_threads.acquire().await.map_err(|_| Refusal::Ended)?;
    // When the client goes, this future is dropped, and the guard with it: the job ends within milliseconds.
    let token = CancellationToken::new();
    let ingest = pictures.ingest.clone().with_cancellation(token.clone());
    let _guard = CancelOnDrop(token);
    let background = web::block(move || ingest.ingest(source)).await.map_err(|_| Refusal::Ended)??;
    Ok(HttpResponse::Ok()
        .content_type(background.encoding.media_type())
        .insert_header(("etag", format!("\"{}\"", background.id)))
        .insert_header(("x-source-id", background.source_id.to_string()))
        .body(background.bytes))
}

struct CancelOnDrop(CancellationToken);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Why there is no picture.
#[derive(Debug)]
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

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Library(error) => error.fmt(f),
            Self::BrokenBody => f.write_str("the body ended early"),
            Self::Ended => f.write_str("the service ends"),
        }
    }
}

impl ResponseError for Refusal {
    /// Whose fault it is decides between 4xx and 5xx; the code says the rest.
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Library(error) => match (error.code(), error.blame()) {
                ("too_large", _) => StatusCode::PAYLOAD_TOO_LARGE,
                ("unknown_format" | "unsupported", _) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
                (_, Blame::Upload) => StatusCode::UNPROCESSABLE_ENTITY,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            },
            Self::BrokenBody => StatusCode::BAD_REQUEST,
            Self::Ended => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let code = match self {
            Self::Library(error) => error.code(),
            Self::BrokenBody => "broken_body",
            Self::Ended => "ended",
        };
        HttpResponse::build(self.status_code()).json(json!({ "code": code, "message": self.to_string() }))
    }
}
