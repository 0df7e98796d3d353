//! The server as its clients see it: the built binary, over TCP.

mod client;
mod contract;
#[cfg(debug_assertions)]
mod crashes;
mod devices;
mod limits;
mod operations;
mod postgres;
mod server;
mod uploads;
