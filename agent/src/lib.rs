//! Puts a chat's background on a device: takes the rendition that fits the screen, or crops the image to it, verifies
//! what it fetches, and replaces the old picture atomically.
//!
//! The server embeds [`Device`] for its own device. The binary `image-ingest-agent` opens a connection to the server,
//! asks for changes and answers for them ([`Agent`]), so that it needs no address of its own.
#![forbid(unsafe_code)]

mod agent;
mod device;
mod fetch;
mod message;

pub use agent::{Agent, AgentConfig};
pub use device::{ChatRef, Device, DeviceError, Held};
pub use message::{AgentChange, AgentRendition, AgentReply, Outcome};
