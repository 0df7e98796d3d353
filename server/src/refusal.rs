//! Every way that a call can fail, with its code, message and HTTP status.

use std::time::Duration;

use axum::http::StatusCode;
use image_ingest::{Blame, Error};
use serde::Serialize;
use serde_json::{Value, json};

/// Why a call failed.
#[derive(Debug)]
pub(crate) enum Refusal {
    InvalidChatId,
    /// A query parameter or a header of the contract cannot be read.
    InvalidParameter(&'static str),
    /// A query parameter is nearly this one of the contract.
    Misspelled {
        meant: &'static str,
    },
    /// The head of the request breaks HTTP.
    BadRequest(&'static str),
    HeadTimeout,
    TargetTooLong,
    HeadTooLarge,
    MissingFile,
    DuplicateFile,
    NotMultipart(&'static str),
    /// The body is not multipart, and its first bytes tell what it is.
    BareFile {
        seen: String,
    },
    UploadTimeout,
    /// The library refused; `announced` is the body's Content-Length.
    Upload {
        error: Error,
        announced: Option<u64>,
    },
    Unauthenticated,
    NotFound,
    MethodNotAllowed,
    IdempotencyConflict,
    VersionMismatch {
        version: Option<i64>,
    },
    Device {
        failure: DeviceFailure,
        version: i64,
    },
    NoActiveNumber,
    /// A limit of requests is reached, for `wait`.
    RateLimited {
        limit: &'static str,
        wait: Duration,
    },
    Overloaded,
    StorageUnavailable,
    Internal,
}

/// Why a device did not take a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeviceFailure {
    Refused,
    Unreachable,
    Timeout,
}

impl DeviceFailure {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Refused => "device_refused",
            Self::Unreachable => "device_unreachable",
            Self::Timeout => "device_timeout",
        }
    }
}

/// The body of an error answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ErrorBody {
    /// The status in words.
    #[schema(example = "bad_request")]
    error: &'static str,
    /// A message for people. Programs must not parse it.
    message: String,
    #[schema(example = 400)]
    status: u16,
    /// The reason, stable.
    #[schema(example = "too_large")]
    code: &'static str,
    /// Figures of the reason, if it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    details: Option<Value>,
}

impl Refusal {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::InvalidChatId
            | Self::InvalidParameter(_)
            | Self::Misspelled { .. }
            | Self::BadRequest(_)
            | Self::MissingFile
            | Self::DuplicateFile
            | Self::NotMultipart(_)
            | Self::BareFile { .. }
            | Self::UploadTimeout => StatusCode::BAD_REQUEST,
            Self::HeadTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Upload { error, .. } => upload_status(error),
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::IdempotencyConflict => StatusCode::CONFLICT,
            Self::VersionMismatch { .. } => StatusCode::PRECONDITION_FAILED,
            Self::Device { .. } => StatusCode::BAD_GATEWAY,
            Self::NoActiveNumber | Self::Overloaded | Self::StorageUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::InvalidChatId => "invalid_chat_id",
            Self::InvalidParameter(_) | Self::Misspelled { .. } => "invalid_parameter",
            Self::BadRequest(_) => "bad_request",
            Self::HeadTimeout => "head_timeout",
            Self::TargetTooLong => "target_too_long",
            Self::HeadTooLarge => "head_too_large",
            Self::MissingFile => "missing_file",
            Self::DuplicateFile => "duplicate_file",
            Self::NotMultipart(_) | Self::BareFile { .. } => "not_multipart",
            Self::UploadTimeout => "upload_timeout",
            Self::Upload { error, .. } => upload_code(error),
            Self::Unauthenticated => "unauthenticated",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::VersionMismatch { .. } => "version_mismatch",
            Self::Device { failure, .. } => failure.code(),
            Self::NoActiveNumber => "no_active_number",
            Self::RateLimited { .. } => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::StorageUnavailable => "storage_unavailable",
            Self::Internal => "internal",
        }
    }

    fn message(&self) -> String {
        let text = match self {
            Self::InvalidChatId => "the chat id is no phone number, e-mail address, group or list of them",
            Self::InvalidParameter(what) | Self::BadRequest(what) | Self::NotMultipart(what) => what,
            Self::Misspelled { meant } => return format!("there is no such query parameter; did you mean {meant}?"),
            Self::BareFile { seen } => {
                return format!(
                    "the body is no multipart/form-data with a boundary; {seen}: send it as the file part named background"
                );
            }
            Self::HeadTimeout => "the head of the request did not come in time",
            Self::TargetTooLong => "the request's target is too long",
            Self::HeadTooLarge => "the head of the request is too large",
            Self::MissingFile => "there is no file part named background",
            Self::DuplicateFile => "there is more than one file part named background or file",
            Self::UploadTimeout => "the upload came too slowly",
            Self::Upload { error, .. } if error.blame() == Blame::Upload => return error.to_string(),
            Self::Upload { .. } | Self::Internal => "the service failed",
            Self::Unauthenticated => "a valid API key is required",
            Self::NotFound => "there is nothing here",
            Self::MethodNotAllowed => "the method is not allowed here",
            Self::IdempotencyConflict => "the idempotency key was used for another request",
            Self::VersionMismatch { .. } => "the background has another version",
            Self::Device { .. } => "the device has not taken the change yet; it is tried again",
            Self::NoActiveNumber => "the account has no active number",
            Self::RateLimited { limit, .. } => return format!("too many: the limit is of {limit}"),
            Self::Overloaded => "the service is at its capacity",
            Self::StorageUnavailable => "the state cannot be read or written",
        };
        text.into()
    }

    fn details(&self) -> Option<Value> {
        match self {
            Self::Upload { error, announced } if error.blame() == Blame::Upload => {
                let (limit, actual) = error.limit_and_actual()?;
                let announced = announced.filter(|_| matches!(error, Error::TooLarge { .. }));
                Some(json!({ "limit": limit, "actual": announced.unwrap_or(actual) }))
            }
            Self::VersionMismatch { version } => Some(json!({ "background_version": version })),
            Self::Device { version, .. } => Some(json!({ "background_version": version, "pending": true })),
            _ => None,
        }
    }

    pub(crate) fn body(&self) -> ErrorBody {
        let status = self.status();
        ErrorBody {
            error: error_name(status),
            message: self.message(),
            status: status.as_u16(),
            code: self.code(),
            details: self.details(),
        }
    }
}

/// The status of an error of the library. Faults of the upload are 400, and so is exceeding the limit of CPU time.
/// Among faults of the service, a lack of memory and a cancelled job are an overload, and all others are bugs.
fn upload_status(error: &Error) -> StatusCode {
    match error.blame() {
        Blame::Upload => StatusCode::BAD_REQUEST,
        Blame::Service if upload_code(error) == "overloaded" => StatusCode::SERVICE_UNAVAILABLE,
        Blame::Service => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn upload_code(error: &Error) -> &'static str {
    match error {
        Error::OutOfMemory { .. } | Error::Cancelled => "overloaded",
        other => other.code(),
    }
}

fn error_name(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "bad_request",
        401 => "unauthorized",
        404 => "not_found",
        405 => "method_not_allowed",
        408 => "request_timeout",
        409 => "conflict",
        412 => "precondition_failed",
        414 => "uri_too_long",
        429 => "too_many_requests",
        431 => "request_header_fields_too_large",
        502 => "bad_gateway",
        503 => "service_unavailable",
        _ => "internal_server_error",
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(error = %error, "state database");
        metrics::counter!("ingest_database_errors_total").increment(1);
        Self::StorageUnavailable
    }
}

#[cfg(test)]
mod tests {
    use image_ingest::{Limits, Upload};

    use super::*;

    #[test]
    fn a_want_of_memory_is_an_overload() {
        for error in [Error::OutOfMemory { bytes: 1 }, Error::Cancelled] {
            let refusal = Refusal::Upload { error, announced: None };
            assert_eq!((refusal.status().as_u16(), refusal.code(), refusal.details()), (503, "overloaded", None));
        }
    }

    #[test]
    fn too_large_says_what_was_announced() {
        let refusal = |announced| Refusal::Upload { error: Error::TooLarge { limit: 10, actual: 11 }, announced };
        assert_eq!(refusal(Some(99)).details(), Some(json!({ "limit": 10, "actual": 99 })));
        assert_eq!(refusal(None).details(), Some(json!({ "limit": 10, "actual": 11 })));
    }

    #[test]
    fn the_upload_is_never_blamed_with_another_status_than_400() {
        let deadline = Error::Deadline { limit: Default::default(), actual: Default::default() };
        let unknown = Upload::new(&Limits::default()).push(&b"BM"[..]).unwrap_err();
        for error in [Error::Empty, Error::TooLarge { limit: 1, actual: 2 }, unknown, deadline] {
            assert_eq!(Refusal::Upload { error, announced: None }.status(), 400);
        }
    }
}
