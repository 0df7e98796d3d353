//! The configuration: defaults, overridden by a TOML file, overridden by the environment. It is checked before the
//! server starts.

mod check;
mod error;
mod load;
mod print;
mod secret;
mod settings;

pub(crate) use settings::{
    Config, CorsConfig, LimitsConfig, LogFormat, LogLevel, MigrationsMode, ObjectsConfig, ObjectsKind, StoredEncoding,
    Times,
};
