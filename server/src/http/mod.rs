//! The HTTP endpoint: connections, routes and responses.

mod auth;
mod base_path;
mod body;
mod chats;
mod drain;
mod listen;
mod objects;
mod observe;
mod openapi;
mod operations;
mod response;
mod return_on_drop;
mod router;
mod tracked_body;

pub(crate) use auth::new_key;
pub(crate) use base_path::BASE_PATH;
pub(crate) use listen::serve;
