//! The HTTP endpoint: connections, routes and responses.

mod address;
mod agents;
mod auth;
mod base_path;
mod body;
mod caller;
mod chats;
mod chunks;
mod connection_state;
mod cors;
mod drain;
mod guarded_stream;
mod head;
mod listen;
mod multipart;
mod object_body;
mod object_urls;
mod observe;
mod openapi;
mod operations;
mod parameter;
mod query;
mod rate_limit;
mod request_id;
mod response;
mod return_on_drop;
mod router;
mod tracked_body;
mod wasm;
mod write_limit;

pub(crate) use auth::{new_agent_credential, new_key};
pub(crate) use base_path::BASE_PATH;
pub(crate) use listen::{Listeners, serve};
