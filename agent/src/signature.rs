//! Proves that a request comes from the server: HMAC-SHA-256 (RFC 2104) over path, time and body.
//!
//! A captured request can be replayed only within [`WINDOW`], and then repeats a version that the device already has.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header with the time of signing, in milliseconds since 1970.
pub const TIMESTAMP_HEADER: &str = "x-timestamp";

/// The header with the signature in hex digits.
pub const SIGNATURE_HEADER: &str = "x-signature";

/// How far the clocks of server and agent may differ.
pub const WINDOW: Duration = Duration::from_secs(60);

/// The signature of `body` sent to `path` at `timestamp`, in hex digits.
#[must_use]
pub fn sign(secret: &[u8], path: &str, timestamp: u64, body: &[u8]) -> String {
    let tag = mac(secret, path, timestamp, body).finalize().into_bytes();
    tag.iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Whether `signature` was made with `secret` and `timestamp` is within [`WINDOW`] of `now`. The signature is compared
/// in constant time.
#[must_use]
pub fn verify(secret: &[u8], path: &str, timestamp: u64, body: &[u8], signature: &str, now: u64) -> bool {
    let in_window = u128::from(now.abs_diff(timestamp)) <= WINDOW.as_millis();
    let Some(tag) = from_hex(signature) else {
        return false;
    };
    in_window && mac(secret, path, timestamp, body).verify_slice(&tag).is_ok()
}

/// Milliseconds since 1970.
#[must_use]
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn mac(secret: &[u8], path: &str, timestamp: u64, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    // Neither a path nor a decimal number holds a line feed, so the parts cannot be shifted into each other.
    mac.update(path.as_bytes());
    mac.update(b"\n");
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b"\n");
    mac.update(body);
    mac
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let pairs = text.as_bytes().chunks_exact(2);
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let digits = std::str::from_utf8(pair).ok().filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: u64 = 1_700_000_000_000;

    fn accepted(secret: &[u8], path: &str, body: &[u8], now: u64) -> bool {
        verify(secret, path, AT, body, &sign(b"secret", "/v1/background", AT, b"{}"), now)
    }

    #[test]
    fn only_the_same_secret_path_and_body_verify() {
        assert!(accepted(b"secret", "/v1/background", b"{}", AT));
        assert!(!accepted(b"other", "/v1/background", b"{}", AT));
        assert!(!accepted(b"secret", "/v1/state", b"{}", AT));
        assert!(!accepted(b"secret", "/v1/background", b"{ }", AT));
    }

    #[test]
    fn the_window_is_inclusive_on_both_sides() {
        for (now, expected) in [(AT + 60_000, true), (AT - 60_000, true), (AT + 60_001, false), (AT - 60_001, false)] {
            assert_eq!(accepted(b"secret", "/v1/background", b"{}", now), expected, "{now}");
        }
    }

    #[test]
    fn the_timestamp_is_signed() {
        let signature = sign(b"secret", "/", AT, b"");
        assert!(!verify(b"secret", "/", AT + 1, b"", &signature, AT));
    }

    #[test]
    fn other_text_is_no_signature() {
        for text in ["", "00", &"g".repeat(64), &"+1".repeat(32), &"é".repeat(32)] {
            assert!(!verify(b"secret", "/", AT, b"", text, AT), "{text}");
        }
    }

    #[test]
    fn it_is_hmac_sha_256() {
        // Made with Python's hmac module.
        assert_eq!(
            sign(b"Jefe", "/v1/background", AT, b"what do ya want for nothing?"),
            "5c6a0dd6d3aacfa07716f062cbe9fe20693a0cdd5fc919a599bebd47f2bafe64",
        );
    }
}
