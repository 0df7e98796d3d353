//! The server as its clients see it: the built binary, over TCP.

mod client;
mod contract;
#[cfg(debug_assertions)]
mod crashes;
mod devices;
mod early;
mod kills;
mod limits;
mod load;
mod operations;
mod postgres;
mod s3;
mod server;
mod uploads;
