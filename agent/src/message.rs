//! The JSON messages between server and agent.

use serde::{Deserialize, Serialize};

/// The body of `PUT /v1/background`: the new background of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The number that the chat is reached by.
    pub number: String,
    /// The account whose chat it is.
    pub account: String,
    /// The chat, normalised.
    pub chat: String,
    /// The version of this change; one that is not newer than the device's is ignored.
    pub version: u64,
    /// The new image; `None` removes the background.
    pub object: Option<ObjectRef>,
}

/// A canonical image: its id, and its URL or its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRef {
    /// The content id, `obj_` and 64 hex digits.
    pub id: String,
    /// The URL of the object, if it is stored.
    pub url: Option<String>,
    /// The bytes in base64, if the object is not stored and so has no URL.
    pub bytes: Option<String>,
}

/// The answer to a [`Change`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeReply {
    /// The version that the device has now: that of the change, or a newer one.
    pub version: u64,
}

/// The body of `POST /v1/state`: asks which background a chat has on the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateRequest {
    /// As in [`Change`].
    pub number: String,
    /// As in [`Change`].
    pub account: String,
    /// As in [`Change`].
    pub chat: String,
}

/// The answer to a [`StateRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateReply {
    /// The last version applied; `None` if the device never had one.
    pub version: Option<u64>,
    /// The content id that is applied; `None` after a removal.
    pub id: Option<String>,
}

/// The agent's error answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReply {
    /// A stable code, such as `bad_signature` or `wrong_object`.
    pub code: String,
}
