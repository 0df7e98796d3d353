//! Normalises a chat id: a phone number, an e-mail address, a group, or a list of numbers and addresses.

use std::fmt;

/// A chat id in its one normal form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ChatId(String);

impl ChatId {
    /// The normal form of `text`, which is percent-decoded already; `None` if it is not a chat id.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        if !text.contains(',') {
            return group(text).or_else(|| participant(text)).map(Self);
        }
        let blanks = [' ', '\t'];
        let participants = text.split(',').map(|text| participant(text.trim_matches(blanks)));
        let mut participants = participants.collect::<Option<Vec<_>>>()?;
        if participants.len() > MAX_PARTICIPANTS {
            return None;
        }
        participants.sort_unstable();
        participants.dedup();
        // The same number twice is no group, and hardly meant as the chat with that number.
        (participants.len() >= 2).then(|| Self(participants.join(",")))
    }

    /// The chat's key in the database: the chat itself, or the BLAKE3 of one that is too long for an index.
    pub(crate) fn key(&self) -> String {
        if self.0.len() <= MAX_KEY_BYTES {
            return self.0.clone();
        }
        format!("list_{}", blake3::hash(self.0.as_bytes()).to_hex())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// PostgreSQL's indexes take rows of 2704 bytes. No other chat id begins like the key of a long one.
const MAX_KEY_BYTES: usize = 1024;

const MAX_PARTICIPANTS: usize = 32;

/// Enough for a full list of the longest addresses (RFC 5321 § 4.5.3.1).
const MAX_BYTES: usize = 32 * 255;

fn group(text: &str) -> Option<String> {
    let name = text.strip_prefix("grp_").or_else(|| text.strip_prefix("chat_"))?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    ((1..=128).contains(&name.len()) && name.bytes().all(allowed)).then(|| text.to_owned())
}

fn participant(text: &str) -> Option<String> {
    phone(text).or_else(|| email(text))
}

/// E.164: a plus sign, then up to 15 digits of which the first is not 0.
pub(crate) fn phone(text: &str) -> Option<String> {
    let digits = text.strip_prefix('+')?;
    let in_range = (2..=15).contains(&digits.len()) && !digits.starts_with('0');
    (in_range && digits.bytes().all(|b| b.is_ascii_digit())).then(|| text.to_owned())
}

/// An address by RFC 5321 § 4.1.2, except quoted local parts and address literals.
fn email(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    let local_ok = (1..=64).contains(&local.len()) && local.split('.').all(|a| !a.is_empty() && a.bytes().all(atom));
    (local_ok && is_domain(domain)).then(|| format!("{local}@{}", domain.to_ascii_lowercase()))
}

fn is_domain(text: &str) -> bool {
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    text.len() <= 190 && text.contains('.') && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> Option<String> {
        ChatId::parse(text).map(|id| id.to_string())
    }

    #[test]
    fn single_ids_keep_their_form_but_for_the_domain() {
        for text in ["+15551234567", "grp_a1B2-x", "chat_a1b2c3d4", "Jo.Doe+x@example.com"] {
            assert_eq!(normal(text).as_deref(), Some(text));
        }
        assert_eq!(normal("Jo@EXAMPLE.Com").as_deref(), Some("Jo@example.com"));
    }

    #[test]
    fn lists_are_sorted_and_without_duplicates() {
        let expected = Some("+15551234567,+15559876543,a@b.de".to_owned());
        assert_eq!(normal("a@B.de,+15559876543,+15551234567"), expected);
        assert_eq!(normal("+15551234567,+15559876543,a@b.de,a@b.DE"), expected);
    }

    #[test]
    fn a_list_of_one_repeated_number_is_none() {
        for text in ["+15551234567,+15551234567", "a@b.de,a@B.de, a@b.DE"] {
            assert_eq!(normal(text), None, "{text}");
        }
    }

    #[test]
    fn blanks_around_commas_are_trimmed() {
        assert_eq!(normal(" +15559876543 ,\t+15551234567").as_deref(), Some("+15551234567,+15559876543"));
        assert_eq!(normal(" +15551234567"), None, "there is no comma");
    }

    #[test]
    fn a_long_list_has_a_short_key_of_its_own() {
        let list = |n: usize| {
            let address = |i| format!("{}{i:02}@{}.example.com", "a".repeat(40), "b".repeat(20));
            ChatId::parse(&(0..n).map(address).collect::<Vec<_>>().join(",")).unwrap()
        };
        assert_eq!(list(12).key(), list(12).to_string());
        assert_eq!((list(30).key().len(), list(30).key() == list(31).key()), (69, false));
        assert_eq!(ChatId::parse(&list(30).key()), None);
    }

    #[test]
    fn lists_have_at_most_32() {
        let list = |n: u32| (0..n).map(|i| format!("+1555123{i:04}")).collect::<Vec<_>>().join(",");
        assert!(normal(&list(32)).is_some());
        assert!(normal(&list(33)).is_none());
    }

    #[test]
    fn others_are_none() {
        for text in [
            "",
            "+",
            "+0123",
            "15551234567",
            "+1555123456789012",
            "+1555 123",
            "grp_",
            "grp_a/b",
            "a@b",
            "@b.de",
            "a@b..de",
            "a b@c.de",
            "a@-b.de",
            "+15551234567,",
            ",",
            "+15551234567,grp_1",
            "+1555 1234567,+15559876543",
            "chat_ä",
            "a@b.de@",
            "+١٢٣٤٥",
        ] {
            assert_eq!(normal(text), None, "{text}");
        }
    }
}
