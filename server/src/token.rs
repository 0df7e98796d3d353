//! Random tokens that cannot be guessed.

use std::fmt::Write as _;

/// 128 random bits in hex digits.
pub(crate) fn token() -> String {
    hex(&random::<16>())
}

/// `N` random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Without random bytes every token could be guessed, so the process must not go on.
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Whether `text` has the form of a token.
pub(crate) fn is_token(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// A token's bits as a number, whose order is that of the texts.
pub(crate) fn token_of(text: &str) -> Option<u128> {
    u128::from_str_radix(text, 16).ok().filter(|_| is_token(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_tokens_and_differ() {
        let (a, b) = (token(), token());
        assert!(is_token(&a) && is_token(&b) && a != b);
        assert!(!is_token("ABCDEFABCDEFABCDEFABCDEFABCDEFAB") && !is_token(""));
    }
}
