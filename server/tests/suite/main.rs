//! Tests of the built server over TCP.

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
