//! Tests of the built server over TCP.

mod agents;
mod checks;
mod client;
mod cluster;
mod contract;
#[cfg(debug_assertions)]
mod crashes;
mod device_crops;
mod devices;
mod early;
mod failover;
mod kills;
mod limits;
mod load;
mod nodes;
mod noise;
mod observed;
mod open;
mod operations;
mod page;
mod postgres;
mod proxy;
mod renditions;
mod retention;
mod s3;
mod server;
mod slow_readers;
mod strict;
mod upgrade;
mod uploads;
