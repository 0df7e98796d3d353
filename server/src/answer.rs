//! The answers to PUT, GET and DELETE of a background.

use std::collections::BTreeMap;

use image_ingest::Background;
use serde::Serialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::change_request::ChangeRequest;
use crate::state::{Chat, ChatKey, Delivery, StoredRendition};

/// A chat's background.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct BackgroundBody {
    /// The chat id, normalised.
    #[schema(example = "+15551234567")]
    pub(crate) chat_id: String,
    pub(crate) has_background: bool,
    /// BLAKE3 of the canonical image, as `obj_` and 64 hex digits.
    #[schema(required = true)]
    pub(crate) background_id: Option<String>,
    /// Where the canonical image is; null while it could not be stored.
    #[schema(required = true)]
    pub(crate) background_url: Option<String>,
    /// Grows by 1 with every change; null for a chat never set.
    #[schema(required = true)]
    pub(crate) background_version: Option<i64>,
    /// Whether this call changed the background; PUT and DELETE only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) changed: Option<bool>,
    /// What became of the last change: `applied` by the device, `pending`, or `failed`: the device refused it, and it
    /// is tried again. Absent for a chat never set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "applied")]
    pub(crate) background_state: Option<&'static str>,
    /// The device's reason, where the state is `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device_code: Option<String>,
    /// Further sizes of the background by the names of the server's configuration; absent if it has none. A rendition
    /// that is not stored, or not yet, is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) background_renditions: Option<BTreeMap<String, RenditionBody>>,
    /// Present, and true, where nothing was stored or sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dry_run: Option<bool>,
    /// What was done to the image, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) receipt: Option<Value>,
}

/// A further size of a background.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct RenditionBody {
    /// Where it is. It answers 404 when the background is removed or replaced, as `background_url` does.
    pub(crate) url: String,
    /// In pixels.
    pub(crate) width: i64,
    /// In pixels.
    pub(crate) height: i64,
    /// The length of the file.
    pub(crate) bytes: i64,
}

/// The answer to a PUT or DELETE, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) version: Option<i64>,
    /// Whether this is the answer that was stored for the idempotency key.
    pub(crate) replayed: bool,
}

/// The answer's fields for a chat.
pub(crate) fn body(app: &App, key: &ChatKey, chat: &Chat, changed: Option<bool>) -> BackgroundBody {
    let url = |token: &str| app.objects.url(&app.public_url, token);
    let (background_state, device_code) = match chat.delivery() {
        Delivery::Applied => ("applied", None),
        Delivery::Pending => ("pending", None),
        Delivery::Failed(code) => ("failed", Some(code)),
    };
    let rendition = |(name, stored): (&String, &StoredRendition)| {
        let StoredRendition { token, width, height, bytes, .. } = stored;
        (name.clone(), RenditionBody { url: url(token), width: *width, height: *height, bytes: *bytes })
    };
    let renditions = app.renditions.named(&chat.renditions).map(rendition);
    BackgroundBody {
        chat_id: key.chat.to_string(),
        has_background: chat.content_id.is_some(),
        background_id: chat.content_id.map(|id| id.to_string()),
        background_url: chat.token.as_deref().map(url),
        background_version: chat.shown_version(),
        changed,
        background_state: chat.shown_version().map(|_| background_state),
        device_code,
        background_renditions: (!app.renditions.is_empty()).then(|| renditions.collect()),
        dry_run: None,
        receipt: None,
    }
}

/// The answer to a change request that left `chat`.
pub(crate) fn answer(app: &App, request: &ChangeRequest, chat: &Chat, changed: bool) -> Answer {
    let receipt = chat.receipt.as_deref().filter(|_| request.receipt || request.dry_run);
    let mut body = body(app, &request.key, chat, Some(changed));
    body.receipt = receipt.and_then(|text| serde_json::from_str(text).ok());
    render(request, body)
}

/// The answer to a dry run of an upload.
pub(crate) fn dry_run(app: &App, request: &ChangeRequest, chat: &Chat, background: &Background) -> Answer {
    let changed = chat.content_id != Some(background.id);
    let mut body = body(app, &request.key, chat, Some(changed));
    body.has_background = true;
    body.background_id = Some(background.id.to_string());
    if changed {
        body.background_url = None;
        body.background_renditions = body.background_renditions.map(|_| BTreeMap::new());
    }
    body.receipt = serde_json::from_str(&receipt(background)).ok();
    render(request, body)
}

fn render(request: &ChangeRequest, mut body: BackgroundBody) -> Answer {
    body.dry_run = request.dry_run.then_some(true);
    let text = serde_json::to_string(&body).expect("strings and numbers always serialise");
    Answer { text, version: body.background_version, replayed: false }
}

/// The receipt of an image as JSON text: what the library did, and the size and length of the result.
pub(crate) fn receipt(background: &Background) -> String {
    let mut receipt = serde_json::to_value(&background.receipt).unwrap_or_default();
    if let Value::Object(fields) = &mut receipt {
        fields.insert("width".into(), json!(background.size.width));
        fields.insert("height".into(), json!(background.size.height));
        fields.insert("bytes".into(), json!(background.bytes.len()));
    }
    receipt.to_string()
}
