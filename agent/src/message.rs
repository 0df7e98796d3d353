//! What server and agent say to each other, as JSON.

use serde::{Deserialize, Serialize};

/// `PUT /v1/background`: what a chat's background shall be.
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
    /// The picture, or nothing to remove it.
    pub object: Option<ObjectRef>,
}

/// A canonical image by its id, and where its bytes are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRef {
    /// The content id, `obj_` and 64 hex digits.
    pub id: String,
    /// Where to fetch it.
    pub url: Option<String>,
    /// The bytes in base64, where the object could not be stored and so has no address.
    pub bytes: Option<String>,
}

/// The answer to a [`Change`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeReply {
    /// The version that the device has now: the change's, or a newer one.
    pub version: u64,
}

/// `POST /v1/state`: which background a chat has on the device.
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
    /// The last version applied; nothing where the device never had one.
    pub version: Option<u64>,
    /// The content id in place; nothing after a removal.
    pub id: Option<String>,
}

/// The agent's error answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// A stable code, such as `bad_signature` or `wrong_object`.
    pub code: String,
}
