//! The contract as an OpenAPI document.

#![expect(unused_qualifications, reason = "utoipa's attributes write paths that they could spare")]

use axum::http::StatusCode;
use axum::response::Response;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, Ref, ResponseBuilder, Server};
use utoipa::{IntoParams, Modify, OpenApi, ToSchema};

use super::response::json;
use crate::answer::{BackgroundBody, RenditionBody};
use crate::refusal::ErrorBody;

pub(super) async fn document() -> Response {
    json(StatusCode::OK, &Document::openapi())
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Chat backgrounds",
        version = "2.0.0",
        description = "Sets, shows and removes the background of a chat.",
        license(name = "MIT OR Apache-2.0")
    ),
    servers((url = "/v2/api")),
    paths(
        put_background, get_background, delete_background, get_object, healthz, readyz, metrics, limits, get_changes,
        post_applied
    ),
    components(schemas(
        BackgroundBody, RenditionBody, ErrorBody, AgentChangeSchema, AgentRenditionSchema, AgentReplySchema
    )),
    modifiers(&Bearer, &AgentPaths, &Heads)
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

struct AgentPaths;

impl Modify for AgentPaths {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("agent", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        for (path, item) in &mut document.paths.paths {
            if path.starts_with("/agent/") {
                item.servers = Some(vec![Server::new("/")]);
            }
        }
    }
}

/// The chat.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "a schema, never a value")]
struct ChatPathSchema {
    /// A phone number, an e-mail address, a group, or a comma-separated list of numbers and addresses in any order.
    #[param(
        rename = "chatId",
        pattern = "^((grp|chat)_[A-Za-z0-9_-]{1,128}|(\\+[1-9][0-9]{1,14}|[A-Za-z0-9_+-]+(\\.[A-Za-z0-9_+-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z0-9]+)(,(\\+[1-9][0-9]{1,14}|[A-Za-z0-9_+-]+(\\.[A-Za-z0-9_+-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z0-9]+)){0,31})$",
        max_length = 8160,
        example = "+15551234567"
    )]
    chat_id: String,
}

/// What a change depends on.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "a schema, never a value")]
struct Conditions {
    /// The version that the change may follow, quoted.
    #[param(rename = "If-Match", value_type = String, required = false, pattern = "^([*]|\"[0-9]{1,18}\"(, \"[0-9]{1,18}\")*)$")]
    if_match: Option<String>,
    /// The same key and request get the same answer.
    #[param(rename = "Idempotency-Key", value_type = String, required = false, min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    idempotency_key: Option<String>,
}

/// The upload.
#[derive(ToSchema)]
#[schema(as = Upload)]
#[expect(dead_code, reason = "a schema, never a value")]
struct UploadForm {
    /// The image file: JPEG, PNG, GIF, WebP or HEIC, at most 10 MiB.
    #[schema(value_type = String, format = Binary)]
    background: Vec<u8>,
}

/// Sets the background from one uploaded image.
#[utoipa::path(
    put,
    path = "/chats/{chatId}/background",
    params(
        ChatPathSchema,
        ("dry_run" = Option<bool>, Query, description = "Validate and answer the receipt; store and send nothing"),
        ("receipt" = Option<bool>, Query, description = "Add what was done to the image, and facts of the picture"),
        Conditions,
    ),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The background is set", body = BackgroundBody),
        (status = 400, description = "The request or the upload is at fault; code says how", body = ErrorBody),
        (status = 401, description = "A valid API key is required", body = ErrorBody),
        (status = 409, description = "The idempotency key was used for another request", body = ErrorBody),
        (status = 412, description = "The background has another version", body = ErrorBody),
        (status = 429, description = "A limit of the key or the address is reached, where one is configured; Retry-After says for how long", body = ErrorBody),
        (status = 502, description = "The device has not taken the change; it is tried again", body = ErrorBody),
        (status = 503, description = "No active number, no capacity, or no state database", body = ErrorBody),
    ),
    security(("bearer" = []))
)]
#[expect(dead_code, reason = "carries the attribute")]
fn put_background() {}

/// Answers the background's state.
#[utoipa::path(
    get,
    path = "/chats/{chatId}/background",
    params(ChatPathSchema),
    responses(
        (status = 200, description = "The state", body = BackgroundBody),
        (status = 400, description = "The chat id is none", body = ErrorBody),
        (status = 401, description = "A valid API key is required", body = ErrorBody),
        (status = 429, description = "A limit of the key or the address is reached, where one is configured; Retry-After says for how long", body = ErrorBody),
        (status = 503, description = "No state database", body = ErrorBody),
    ),
    security(("bearer" = []))
)]
#[expect(dead_code, reason = "carries the attribute")]
fn get_background() {}

/// Removes the background.
#[utoipa::path(
    delete,
    path = "/chats/{chatId}/background",
    params(
        ChatPathSchema,
        ("dry_run" = Option<bool>, Query, description = "Answer what would change; store and send nothing"),
        Conditions,
    ),
    responses(
        (status = 200, description = "There is no background", body = BackgroundBody),
        (status = 400, description = "The request is at fault", body = ErrorBody),
        (status = 401, description = "A valid API key is required", body = ErrorBody),
        (status = 409, description = "The idempotency key was used for another request", body = ErrorBody),
        (status = 412, description = "The background has another version", body = ErrorBody),
        (status = 429, description = "A limit of the key or the address is reached, where one is configured; Retry-After says for how long", body = ErrorBody),
        (status = 502, description = "The device has not taken the removal; it is tried again", body = ErrorBody),
        (status = 503, description = "No active number, or no state database", body = ErrorBody),
    ),
    security(("bearer" = []))
)]
#[expect(dead_code, reason = "carries the attribute")]
fn delete_background() {}

/// A stored canonical image or rendition.
#[utoipa::path(
    get,
    path = "/objects/{token}",
    params(("token" = String, Path, description = "From background_url, or the url of a rendition", pattern = "^[0-9a-f]{32}$")),
    responses(
        (status = 200, description = "The image", body = Vec<u8>, content_type = "image/jpeg"),
        (status = 304, description = "The image that If-None-Match names"),
        (status = 404, description = "No chat has this image", body = ErrorBody),
        (status = 429, description = "A limit of the address is reached, where one is configured; Retry-After says for how long", body = ErrorBody),
        (status = 503, description = "The store cannot be read, or too many objects are being sent", body = ErrorBody),
    )
)]
#[expect(dead_code, reason = "carries the attribute")]
fn get_object() {}

/// The process answers.
#[utoipa::path(get, path = "/healthz", responses((status = 200, description = "It does", body = Object)))]
#[expect(dead_code, reason = "carries the attribute")]
fn healthz() {}

/// The server can work.
#[utoipa::path(get, path = "/readyz", responses(
    (status = 200, description = "It can", body = Object),
    (status = 503, description = "No state database, or no object store", body = ErrorBody),
))]
#[expect(dead_code, reason = "carries the attribute")]
fn readyz() {}

/// Numbers for Prometheus.
#[utoipa::path(get, path = "/metrics", responses((status = 200, description = "The numbers", body = String, content_type = "text/plain")))]
#[expect(dead_code, reason = "carries the attribute")]
fn metrics() {}

/// The limits in force.
#[utoipa::path(get, path = "/limits", responses((status = 200, description = "The limits", body = Object)))]
#[expect(dead_code, reason = "carries the attribute")]
fn limits() {}

/// The answers to a request's head, before it is known what is called.
struct Heads;

impl Modify for Heads {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for item in document.paths.paths.values_mut() {
            let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                for (status, description) in [
                    ("400", "The request's head is at fault"),
                    ("408", "The request's head is not complete in time"),
                    ("414", "The request's target is too long"),
                    ("431", "The request's head is too large"),
                ] {
                    let body = Content::new(Some(Ref::from_schema_name("ErrorBody")));
                    let response = ResponseBuilder::new().description(description).content("application/json", body);
                    operation.responses.responses.entry(status.to_owned()).or_insert_with(|| response.build().into());
                }
            }
        }
    }
}

/// A change for a device.
#[derive(ToSchema)]
#[schema(as = AgentChange)]
#[expect(dead_code, reason = "a schema, never a value")]
struct AgentChangeSchema {
    /// The number that the chat is reached by.
    number: String,
    /// The account whose chat it is.
    account: String,
    /// The chat id, normalised.
    chat: String,
    /// The version of this change.
    version: i64,
    /// The image that the chat is to have; null after a removal.
    #[schema(required = true)]
    content_id: Option<String>,
    /// Where the image is; null where it is not stored.
    #[schema(required = true)]
    url: Option<String>,
    /// The image in base64, where it is not stored.
    #[schema(required = true)]
    bytes: Option<String>,
    /// The image's renditions that are stored; absent where there is none.
    #[schema(required = false)]
    renditions: Vec<AgentRenditionSchema>,
}

/// A stored rendition of a change's image.
#[derive(ToSchema)]
#[schema(as = AgentRendition)]
#[expect(dead_code, reason = "a schema, never a value")]
struct AgentRenditionSchema {
    /// The name of its specification, which decides its bytes.
    #[schema(example = "r1-cover1170x2532-jpeg85")]
    fingerprint: String,
    /// BLAKE3 of its bytes, as `obj_` and 64 hex digits.
    content_id: String,
    /// Where it is.
    url: String,
}

/// What became of a change.
#[derive(ToSchema)]
#[schema(as = AgentReply)]
#[expect(dead_code, reason = "a schema, never a value")]
struct AgentReplySchema {
    /// As in the change.
    number: String,
    /// As in the change.
    chat: String,
    /// The version of the change; where the outcome is `shows`, the one that the device shows.
    version: i64,
    /// The image that the device shows, or that it refused.
    #[schema(required = true)]
    content_id: Option<String>,
    /// `applied`, `refused`, or `shows`: the device shows another version or image, which the chat's version then goes
    /// past.
    #[schema(pattern = "^(applied|refused|shows)$")]
    outcome: String,
    /// The reason of a refusal: lower-case letters, digits and underscores.
    code: Option<String>,
}

/// Changes for the numbers of an agent, as soon as there are any.
#[utoipa::path(
    get,
    path = "/agent/v1/changes",
    params(("wait" = Option<u32>, Query, description = "Seconds to wait for a change, at most 60", maximum = 60)),
    responses(
        (status = 200, description = "Changes, at most 16; each is given again after 30 s without an answer", body = Vec<AgentChangeSchema>),
        (status = 400, description = "The wait is no number", body = ErrorBody),
        (status = 401, description = "A valid credential of an agent is required", body = ErrorBody),
        (status = 503, description = "No state database", body = ErrorBody),
    ),
    security(("agent" = []))
)]
#[expect(dead_code, reason = "carries the attribute")]
fn get_changes() {}

/// Takes an agent's answer for a change.
#[utoipa::path(
    post,
    path = "/agent/v1/applied",
    request_body(content = AgentReplySchema, content_type = "application/json"),
    responses(
        (status = 200, description = "The answer is recorded", body = Object),
        (status = 400, description = "The answer cannot be read, or is longer than 64 KiB", body = ErrorBody),
        (status = 401, description = "A valid credential of an agent is required", body = ErrorBody),
        (status = 404, description = "The agent has no such number, or the number no such chat", body = ErrorBody),
        (status = 503, description = "No state database", body = ErrorBody),
    ),
    security(("agent" = []))
)]
#[expect(dead_code, reason = "carries the attribute")]
fn post_applied() {}
