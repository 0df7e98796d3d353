//! Puts a chat's background on a device: verifies the object, crops it to the screen and writes it in one step.
//!
//! The server embeds [`Device`] for its in-process gateway; the binary `image-ingest-agent` serves the same over HTTP,
//! to requests that [`signature`] proves to be the server's.

mod device;
mod fetch;
mod message;
mod serve;
pub mod signature;

pub use device::{Device, DeviceError, Held, Place};
pub use message::{Change, ChangeReply, ObjectRef, Refusal, StateReply, StateRequest};
pub use serve::{AgentConfig, router};
