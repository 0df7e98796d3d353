//! Reads when a key ends.

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp, civil::Date, tz::TimeZone};

/// Milliseconds since 1970 of a time from now (`90d`), the start of a day in UTC (`2027-01-31`), or an RFC 3339 time, which
/// must be in the future.
pub(crate) fn expiry(text: &str) -> Result<i64, String> {
    let now = Timestamp::now();
    let at = parse(text, now).ok_or("it is no time such as 90d, 2027-01-31 or 2027-01-31T12:00:00Z")?;
    if at > now { Ok(at.as_millisecond()) } else { Err("it is in the past".into()) }
}

fn parse(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Ok(day) = text.parse::<Date>() {
        return TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok();
    }
    let span: Span = text.parse().ok()?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    now.checked_add(length).ok().filter(|_| length > SignedDuration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_from_a_length_a_day_or_a_time() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("90d", "2026-05-30T12:00:00Z"),
            ("12h", "2026-03-02T00:00:00Z"),
            ("2w", "2026-03-15T12:00:00Z"),
            ("2027-01-31", "2027-01-31T00:00:00Z"),
            ("2027-01-31T12:00:00+02:00", "2027-01-31T10:00:00Z"),
        ] {
            assert_eq!(parse(text, now), Some(expected.parse().unwrap()), "{text}");
        }
        for text in ["", "soon", "-1d", "1 year ago", "2027-13-01", "99999999999d"] {
            assert_eq!(parse(text, now), None, "{text}");
        }
    }

    #[test]
    fn the_past_is_refused() {
        assert!(expiry("2020-01-01").unwrap_err().contains("past"));
        assert!(expiry("1d").is_ok());
    }
}
