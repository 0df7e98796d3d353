//! Puts a chat's background on a device: verifies the object, crops it to the screen and replaces the old picture
//! atomically.
//!
//! The server embeds [`Device`] for its in-process gateway. The binary `image-ingest-agent` serves the same over HTTP,
//! to requests that the server has signed ([`signature`]).
#![forbid(unsafe_code)]

mod device;
mod fetch;
mod message;
mod serve;
pub mod signature;

pub use device::{ChatRef, Device, DeviceError, Held};
pub use message::{Change, ChangeReply, ErrorReply, ObjectRef, StateReply, StateRequest};
pub use serve::{AgentConfig, router};
