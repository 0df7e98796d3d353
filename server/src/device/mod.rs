//! The devices that show backgrounds: the interface to them, and its two implementations.

mod embedded;
mod gateway;
mod http;

pub(crate) use embedded::Embedded;
pub(crate) use gateway::{CanonicalImage, Gateway, Route};
pub(crate) use http::HttpGateway;
