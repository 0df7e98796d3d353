//! What a PUT or DELETE asks for.

use crate::preconditions::{Idempotency, IfMatch};
use crate::state::ChatKey;

/// A change request: a PUT or DELETE of a background, without the uploaded image.
#[derive(Debug, Clone)]
pub(crate) struct ChangeRequest {
    pub(crate) key: ChatKey,
    pub(crate) request_id: String,
    pub(crate) if_match: IfMatch,
    pub(crate) idempotency: Option<Idempotency>,
    pub(crate) dry_run: bool,
    pub(crate) receipt: bool,
}
