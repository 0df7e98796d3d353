//! The HTTP endpoint: connections, routes and responses.

mod agents;
mod auth;
mod base_path;
mod body;
mod caller;
mod chats;
mod drain;
mod listen;
mod object_urls;
mod observe;
mod openapi;
mod operations;
mod request_id;
mod response;
mod return_on_drop;
mod router;
mod tracked_body;
mod wasm;

pub(crate) use auth::{new_agent_credential, new_key};
pub(crate) use base_path::BASE_PATH;
pub(crate) use listen::serve;
