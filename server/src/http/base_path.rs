//! The base path of the HTTP contract.

/// The prefix of every path of the contract. Each route is also served without it.
pub(crate) const BASE_PATH: &str = "/v2/api";
