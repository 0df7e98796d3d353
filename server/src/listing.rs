//! What a store lists: objects in the order of their tokens, a range of them at a time.

use std::time::SystemTime;

use crate::token::token_of;

/// Tokens after `from` and before `to`, as texts: a beginning of tokens stands before all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenRange {
    pub(crate) from: String,
    pub(crate) to: String,
}

impl TokenRange {
    /// Stands after every token.
    pub(crate) const END: &'static str = "g";

    /// `count` ranges, at most 256, that together are all tokens.
    pub(crate) fn equal_parts(count: usize) -> Vec<Self> {
        let count = count.clamp(1, 256);
        let bound = |part: usize| match part * 256 / count {
            0 => String::new(),
            256 => Self::END.to_owned(),
            at => format!("{at:02x}"),
        };
        (0..count).map(|part| Self { from: bound(part), to: bound(part + 1) }).collect()
    }
}

/// An object as its store lists it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListedObject {
    /// Its token as a number: a third of the memory that the text takes.
    pub(crate) token: u128,
    pub(crate) bytes: u64,
    pub(crate) stored_at: SystemTime,
}

impl ListedObject {
    /// Its token.
    pub(crate) fn name(&self) -> String {
        format!("{:032x}", self.token)
    }
}

/// The objects of a range.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) objects: Vec<ListedObject>,
    /// Names that are no tokens, the first hundred of them.
    pub(crate) strangers: Vec<String>,
}

impl Listing {
    pub(crate) fn add(&mut self, name: &str, bytes: u64, stored_at: SystemTime) {
        match token_of(name) {
            Some(token) => self.objects.push(ListedObject { token, bytes, stored_at }),
            None if self.strangers.len() < 100 => self.strangers.push(name.escape_default().to_string()),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::token;

    #[test]
    fn every_token_is_in_one_range() {
        for count in [1, 3, 64, 256, 1_000] {
            let ranges = TokenRange::equal_parts(count);
            assert_eq!((ranges[0].from.as_str(), ranges[ranges.len() - 1].to.as_str()), ("", TokenRange::END));
            assert!(ranges.windows(2).all(|pair| pair[0].to == pair[1].from));
            for token in [token(), "0".repeat(32), "f".repeat(32), format!("80{}", "0".repeat(30))] {
                assert_eq!(ranges.iter().filter(|r| r.from < token && token < r.to).count(), 1, "{token} of {count}");
            }
        }
    }

    #[test]
    fn what_is_no_token_is_a_stranger() {
        let mut listing = Listing::default();
        for name in ["0123456789abcdef0123456789abcdef", "0123456789ABCDEF0123456789ABCDEF", "photo\n.jpg", "+1"] {
            listing.add(name, 1, SystemTime::UNIX_EPOCH);
        }
        assert_eq!(listing.objects[0].name(), "0123456789abcdef0123456789abcdef");
        assert_eq!(listing.strangers, ["0123456789ABCDEF0123456789ABCDEF", "photo\\n.jpg", "+1"]);
    }
}
