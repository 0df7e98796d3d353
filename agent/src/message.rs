//! The JSON messages between server and agent.

use serde::{Deserialize, Serialize};

/// An element of the answer to `GET /agent/v1/changes`: the background that a chat is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentChange {
    /// The number that the chat is reached by.
    pub number: String,
    /// The account whose chat it is.
    pub account: String,
    /// The chat, normalised.
    pub chat: String,
    /// The version of this change.
    pub version: u64,
    /// The new image, `obj_` and 64 hex digits; `None` removes the background.
    pub content_id: Option<String>,
    /// The URL of the image, if it is stored.
    pub url: Option<String>,
    /// The image in base64, if it is not stored and so has no URL.
    pub bytes: Option<String>,
    /// The image's renditions that are stored. A device shows the one that is its crop; without one, it crops the
    /// image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renditions: Vec<AgentRendition>,
}

/// A stored rendition of the image of an [`AgentChange`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentRendition {
    /// [`RenditionSpec::fingerprint`](image_ingest::rendition::RenditionSpec::fingerprint).
    pub fingerprint: String,
    /// The BLAKE3 of its bytes, as `obj_` and 64 hex digits.
    pub content_id: String,
    /// Where it is.
    pub url: String,
}

/// The body of `POST /agent/v1/applied`: what became of an [`AgentChange`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentReply {
    /// As in the change.
    pub number: String,
    /// As in the change.
    pub chat: String,
    /// The version of the change; if the device shows another one, that.
    pub version: u64,
    /// The image that the device shows, or that it refused; `None` if there is none.
    pub content_id: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// The reason of a refusal, such as `wrong_object`: lower-case letters, digits and underscores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The device shows it.
    Applied,
    /// The device cannot show it.
    Refused,
    /// The device shows another version or content, which is not older.
    Shows,
}
