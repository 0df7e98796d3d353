//! Limits for one key or one address, and for looking up keys that nobody knows. Each server counts alone.
//!
//! The counts are by the generic cell rate algorithm: a limit of 60 a minute allows 60 at once, and one more each second.
//! A table of counts is bounded. When it is full of recent addresses, further ones share counts by their hash.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::future::Cache;

use crate::bounded_counts::BoundedCounts;
use crate::config::LimitsConfig;
use crate::refusal::Refusal;

/// The limits of this server.
pub(crate) struct RateLimits {
    pub(crate) key_requests: Option<RateLimit<String>>,
    pub(crate) key_uploads: Option<RateLimit<String>>,
    pub(crate) address_requests: Option<RateLimit<IpAddr>>,
    pub(crate) address_uploads: Option<RateLimit<IpAddr>>,
    address_unknown_keys: Option<RateLimit<IpAddr>>,
    unknown_keys: DefaultDirectRateLimiter,
    /// Keys and credentials that were good within the last hour: they are looked up without a limit.
    good: Cache<String, ()>,
}

impl RateLimits {
    pub(crate) fn new(config: &LimitsConfig) -> Self {
        let unknown = NonZeroU32::new(config.unknown_keys_per_second).unwrap_or(NonZeroU32::MIN);
        let burst = unknown.saturating_mul(NonZeroU32::MIN.saturating_add(4));
        Self {
            key_requests: RateLimit::new(
                "key-minute",
                "requests with a key in a minute",
                config.key_requests_per_minute,
                MINUTE,
            ),
            key_uploads: RateLimit::new("key-day", "uploads with a key in a day", config.key_uploads_per_day, DAY),
            address_requests: RateLimit::new(
                "address-minute",
                "requests from an address in a minute",
                config.address_requests_per_minute,
                MINUTE,
            ),
            address_uploads: RateLimit::new(
                "address-day",
                "uploads from an address in a day",
                config.address_uploads_per_day,
                DAY,
            ),
            address_unknown_keys: RateLimit::new(
                "address-keys",
                "unknown keys from an address in a minute",
                config.address_unknown_keys_per_minute,
                MINUTE,
            ),
            unknown_keys: RateLimiter::direct(Quota::per_second(unknown).allow_burst(burst)),
            good: Cache::builder().max_capacity(GOOD_KEYS).time_to_live(Duration::from_secs(3600)).build(),
        }
    }

    /// Refuses to look up a key or credential in the database if too many unknown ones were looked up lately.
    pub(crate) fn look_up(&self, credential: &str, address: Option<IpAddr>) -> Result<(), Refusal> {
        if self.good.contains_key(credential) {
            return Ok(());
        }
        if let (Some(limit), Some(address)) = (&self.address_unknown_keys, address) {
            limit.take(&network(address)).1?;
        }
        self.unknown_keys.check().map_err(|_| Refusal::Overloaded)
    }

    /// Remembers that a key or credential was good.
    pub(crate) async fn was_good(&self, credential: String) {
        self.good.insert(credential, ()).await;
    }
}

const MINUTE: u32 = 60;
const DAY: u32 = 24 * 60 * 60;
const GOOD_KEYS: u64 = 50_000;

/// What stands for an address: an IPv4 address, or the 64 bits of an IPv6 network, since one client has all of them.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        v4 => v4,
    }
}

/// A limit for each `K`.
pub(crate) struct RateLimit<K: Hash + Eq + Clone> {
    counts: RateLimiter<K, BoundedCounts<K>, DefaultClock, StateInformationMiddleware>,
    /// Whether the table of counts is full.
    is_full: Arc<AtomicBool>,
    tidied: Mutex<Instant>,
    /// Its name in header fields, and in words.
    name: &'static str,
    words: &'static str,
    quota: u32,
    window_seconds: u32,
}

/// What is left of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Remaining {
    pub(crate) name: &'static str,
    pub(crate) quota: u32,
    pub(crate) window_seconds: u32,
    pub(crate) remaining: u32,
}

impl Remaining {
    /// Seconds until the whole quota is there again.
    pub(crate) fn reset_seconds(&self) -> u64 {
        let used = u64::from(self.quota - self.remaining.min(self.quota));
        (used * u64::from(self.window_seconds)).div_ceil(u64::from(self.quota.max(1)))
    }
}

impl<K: Hash + Eq + Clone> RateLimit<K> {
    /// A limit of `quota` in `window_seconds`; `None` if it is 0.
    fn new(name: &'static str, words: &'static str, quota: u32, window_seconds: u32) -> Option<Self> {
        let most = NonZeroU32::new(quota)?;
        let interval = Duration::from_secs(window_seconds.into()) / quota;
        let rate = Quota::with_period(interval)?.allow_burst(most);
        let is_full = Arc::new(AtomicBool::new(false));
        let counts = BoundedCounts::new(MAX_COUNTS, Arc::clone(&is_full));
        let counts = RateLimiter::new(rate, counts, DefaultClock::default());
        Some(Self { counts, is_full, tidied: Mutex::new(Instant::now()), name, words, quota, window_seconds })
    }

    /// Counts one for `key`, and refuses if that is too many.
    pub(crate) fn take(&self, key: &K) -> (Remaining, Result<(), Refusal>) {
        self.tidy();
        let state = |remaining| Remaining {
            name: self.name,
            quota: self.quota,
            window_seconds: self.window_seconds,
            remaining,
        };
        match self.counts.check_key(key) {
            Ok(left) => (state(left.remaining_burst_capacity()), Ok(())),
            Err(not_until) => {
                metrics::counter!("ingest_rate_limited_total", "limit" => self.name).increment(1);
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                (state(0), Err(Refusal::RateLimited { limit: self.words, wait: wait.max(Duration::from_secs(1)) }))
            }
        }
    }

    /// Forgets counts that allow everything again, when the table is full, at most once a second.
    fn tidy(&self) {
        if !self.is_full.load(Ordering::Relaxed) {
            return;
        }
        let mut tidied = self.tidied.lock().unwrap_or_else(PoisonError::into_inner);
        if tidied.elapsed() >= Duration::from_secs(1) {
            *tidied = Instant::now();
            self.counts.retain_recent();
        }
    }
}

/// The most counts of one limit, about 8 MB.
const MAX_COUNTS: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_says_what_is_left_and_when_to_come_again() {
        let limit = RateLimit::new("name", "words", 3, MINUTE).unwrap();
        let left: Vec<u32> = (0..3).map(|_| limit.take(&"a").0.remaining).collect();
        assert_eq!(left, [2, 1, 0]);
        let (state, refused) = limit.take(&"a");
        assert_eq!((state.remaining, state.reset_seconds()), (0, 60));
        let Err(Refusal::RateLimited { wait, .. }) = refused else { panic!("it is allowed") };
        assert!((18..=20).contains(&wait.as_secs()), "{wait:?}");
        assert!(limit.take(&"b").1.is_ok(), "another has a count of its own");
    }

    #[test]
    fn no_quota_is_no_limit() {
        assert!(RateLimit::<String>::new("name", "words", 0, DAY).is_none());
        assert!(RateLimit::<String>::new("name", "words", u32::MAX, DAY).is_some());
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!([of("2001:db8::1"), of("2001:db8::ffff:1")], ["2001:db8::", "2001:db8::"]);
        assert_eq!([of("192.0.2.1"), of("::ffff:192.0.2.1")], ["192.0.2.1", "192.0.2.1"]);
    }

    #[test]
    fn unknown_keys_are_looked_up_a_limited_number_of_times_and_good_ones_always() {
        let limits = RateLimits::new(&LimitsConfig { unknown_keys_per_second: 2, ..LimitsConfig::default() });
        let allowed = (0..100).filter(|_| limits.look_up("key:x", None).is_ok()).count();
        assert!((10..20).contains(&allowed), "{allowed}");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(limits.was_good("key:good".into()));
        assert!((0..100).all(|_| limits.look_up("key:good", None).is_ok()));
    }
}
