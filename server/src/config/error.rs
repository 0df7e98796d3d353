//! Why a configuration cannot be used.

#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("configuration {0}: {1}")]
    Unreadable(String, #[source] std::io::Error),
    /// The parser's message without the line that it would quote, which may hold a secret.
    #[error("configuration: {0}")]
    Malformed(String),
    #[error("configuration: {0}")]
    Wrong(String),
}
