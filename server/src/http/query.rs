//! Reads query parameters. One that is nearly a known one is refused, since a misspelled `dry_run` would change something.

use std::borrow::Cow;

use crate::refusal::Refusal;

/// The parameters of a query that are known, by name.
#[derive(Debug)]
pub(super) struct Query<'q>(Vec<(&'static str, Cow<'q, str>)>);

impl<'q> Query<'q> {
    /// The parameters of `query` whose names are `known`. Others are ignored, unless they resemble a known one.
    pub(super) fn of(query: &'q str, known: &[&'static str]) -> Result<Self, Refusal> {
        let mut parameters = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if let Some(name) = known.iter().find(|known| **known == name) {
                parameters.push((*name, value));
            } else if let Some(meant) = known.iter().find(|known| resembles(&name, known)) {
                return Err(Refusal::Misspelled { meant });
            }
        }
        Ok(Self(parameters))
    }

    /// The first value of a parameter.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// A parameter that is `true` or `false`; false if it is absent.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        let mut values = self.values(name);
        match (values.next(), values.next()) {
            (None, _) | (Some("false"), None) => Ok(false),
            (Some("true"), None) => Ok(true),
            _ => Err(Refusal::InvalidParameter("dry_run and receipt are true or false, and given once")),
        }
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value.as_ref())
    }
}

/// Whether two names are equal but for case, dashes, underscores, and one letter that is more, less, another or swapped.
fn resembles(name: &str, known: &str) -> bool {
    let plain = |text: &str| text.replace(['-', '_'], "").to_lowercase();
    let (name, known) = (plain(name), plain(known));
    // The distance is only computed between short names.
    name.len().abs_diff(known.len()) <= MAX_LETTER_BYTES && strsim::osa_distance(&name, &known) <= 1
}

/// The most bytes of a letter in UTF-8.
const MAX_LETTER_BYTES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 2] = ["dry_run", "receipt"];

    #[test]
    fn flags_are_true_or_false_and_given_once() {
        for (query, expected) in [
            ("", Some(false)),
            ("dry_run=true", Some(true)),
            ("dry%5Frun=true", Some(true)),
            ("x=1&dry_run=false", Some(false)),
            ("dry_run", None),
            ("dry_run=1", None),
            ("dry_run=true&dry_run=true", None),
        ] {
            assert_eq!(Query::of(query, &KNOWN).and_then(|query| query.flag("dry_run")).ok(), expected, "{query}");
        }
    }

    #[test]
    fn a_misspelled_name_is_refused_with_a_hint_and_others_are_ignored() {
        for name in ["dryrun", "dry-run", "DRY_RUN", "dry_rum", "dr_run", "dry_runs", "dyr_run", "DryRn", "dry%2Drun"] {
            let refused = Query::of(name, &KNOWN).unwrap_err();
            assert!(matches!(refused, Refusal::Misspelled { meant: "dry_run" }), "{name}");
        }
        for name in ["dry", "run", "x", "utm_source", "recipe", "dry_running", "\u{1F600}"] {
            assert!(Query::of(name, &KNOWN).is_ok(), "{name}");
        }
        assert!(Query::of(&"_".repeat(60_000), &KNOWN).is_ok());
    }
}
