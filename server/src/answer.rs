//! The answers to PUT, GET and DELETE of a background.

use image_ingest::Background;
use serde::Serialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::state::{Chat, ChatKey};

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
    /// Present, and true, where nothing was stored or sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dry_run: Option<bool>,
    /// What was done to the image, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) receipt: Option<Value>,
}

/// The answer to a PUT or DELETE, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) version: Option<i64>,
    /// Whether this is the answer that was stored for the idempotency key.
    pub(crate) replayed: bool,
}

impl App {
    /// The answer's fields for the state of `chat`.
    pub(crate) fn body(&self, key: &ChatKey, chat: &Chat, changed: Option<bool>) -> BackgroundBody {
        let url = |token| self.objects.url(&self.public_url, token);
        BackgroundBody {
            chat_id: key.chat.to_string(),
            has_background: chat.content_id.is_some(),
            background_id: chat.content_id.map(|id| id.to_string()),
            background_url: chat.token.as_deref().map(url),
            background_version: chat.shown_version(),
            changed,
            dry_run: None,
            receipt: None,
        }
    }
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
