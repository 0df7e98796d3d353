//! Refuses settings that cannot work, each with a sentence.

use std::net::IpAddr;

use ipnet::IpNet;

use super::error::ConfigError;
use super::settings::{Config, DeviceConfig, ObjectsConfig, ObjectsKind, StoredEncoding, Times, WorkConfig};

type Checked = Result<(), ConfigError>;

impl Config {
    pub(super) fn check(&self) -> Checked {
        require(
            self.encoding == StoredEncoding::Jpeg || cfg!(feature = "webp-encode"),
            "encoding is webp, and this server was built without the feature webp-encode",
        )?;
        self.check_addresses()?;
        check_objects(&self.objects)?;
        check_device(&self.device)?;
        check_work(&self.work)?;
        check_times(&self.times)?;
        require(self.objects.spool_bytes <= MAX_BYTES, "objects.spool_bytes is over 2^50")?;
        require((1..=10_000).contains(&self.database.connections), "database.connections is outside 1 to 10 000")?;
        require(self.limits.unknown_keys_per_second > 0, "limits.unknown_keys_per_second is 0: no key could be used")
    }

    fn check_addresses(&self) -> Checked {
        require(is_url(self.public_url.as_ref()), "public_url is no http or https URL")?;
        require(
            self.public_url.is_some() || !self.listen.ip().is_unspecified(),
            "public_url is missing: listen is an address that no client can use, so URLs of backgrounds need it",
        )?;
        require(
            self.operations_listen.is_none_or(|o| o != self.listen || o.port() == 0),
            "operations_listen is listen",
        )?;
        self.trusted_proxies()?;
        for origin in &self.cors.origins {
            require(
                is_origin(origin),
                format!("cors.origins has {origin:?}, which is no origin such as https://app.example"),
            )?;
        }
        Ok(())
    }

    /// The networks of `trusted_proxies`; an address is a network of one.
    pub(crate) fn trusted_proxies(&self) -> Result<Vec<IpNet>, ConfigError> {
        let network = |text: &String| {
            let network = text.parse().or_else(|_| text.parse().map(|address: IpAddr| IpNet::from(address)));
            network.map_err(|_| {
                ConfigError::Wrong(format!("trusted_proxies has {text:?}, which is no address or network"))
            })
        };
        self.trusted_proxies.iter().map(network).collect()
    }
}

fn check_objects(objects: &ObjectsConfig) -> Checked {
    require(is_url(objects.public_url.as_ref()), "objects.public_url is no http or https URL")?;
    require(is_url(objects.endpoint.as_ref()), "objects.endpoint is no http or https URL")?;
    if objects.kind == ObjectsKind::S3 {
        require(objects.bucket.as_ref().is_some_and(|bucket| !bucket.is_empty()), "objects.bucket is missing")?;
        require(objects.public_url.is_some(), "objects.public_url is missing")?;
        return require(
            objects.access_key_id.is_some() == objects.secret_access_key.is_some(),
            "objects.access_key_id and objects.secret_access_key go together, and one is missing",
        );
    }
    for (name, is_set) in [
        ("bucket", objects.bucket.is_some()),
        ("region", objects.region.is_some()),
        ("endpoint", objects.endpoint.is_some()),
        ("public_url", objects.public_url.is_some()),
        ("access_key_id", objects.access_key_id.is_some()),
        ("secret_access_key", objects.secret_access_key.is_some()),
    ] {
        require(!is_set, format!("objects.{name} is set, and objects.kind is local: did you mean kind = \"s3\"?"))?;
    }
    Ok(())
}

fn check_device(device: &DeviceConfig) -> Checked {
    require((1..=16_383).contains(&device.width), "device.width is outside 1 to 16 383")?;
    require((1..=16_383).contains(&device.height), "device.height is outside 1 to 16 383")
}

fn check_work(work: &WorkConfig) -> Checked {
    require(work.pixel_threads <= 1024, "work.pixel_threads is over 1024")?;
    for (name, number) in [("connections", work.connections), ("readers", work.readers)] {
        require((1..=1 << 20).contains(&number), format!("work.{name} is outside 1 to 1 048 576"))?;
    }
    for (name, number) in [("queue", work.queue), ("drains", work.drains)] {
        require(number <= 1 << 20, format!("work.{name} is over 1 048 576"))?;
    }
    for (name, bytes) in [
        ("upload_bytes", work.upload_bytes),
        ("job_bytes", work.job_bytes),
        ("max_upload_bytes", work.max_upload_bytes),
    ] {
        require((1..=MAX_BYTES).contains(&bytes), format!("work.{name} is outside 1 to 2^50"))?;
    }
    require(work.upload_bytes >= work.max_upload_bytes, "work.upload_bytes is below work.max_upload_bytes")
}

fn check_times(times: &Times) -> Checked {
    for (name, milliseconds) in [
        ("header_ms", times.header_ms),
        ("keep_alive_ms", times.keep_alive_ms),
        ("write_ms", times.write_ms),
        ("idle_ms", times.idle_ms),
        ("body_ms", times.body_ms),
        ("slow_ms", times.slow_ms),
        ("drain_ms", times.drain_ms),
        ("queue_ms", times.queue_ms),
        ("pixels_ms", times.pixels_ms),
        ("device_ms", times.device_ms),
        ("objects_ms", times.objects_ms),
        ("statement_ms", times.statement_ms),
        ("answer_ms", times.answer_ms),
        ("stop_ms", times.stop_ms),
        ("repair_ms", times.repair_ms),
        ("grace_ms", times.grace_ms),
    ] {
        require(milliseconds > 0, format!("times.{name} is 0"))?;
        require(milliseconds <= MAX_MS, format!("times.{name} is over 30 days"))?;
    }
    for (name, rate) in [
        ("body_bytes_per_second", times.body_bytes_per_second),
        ("write_bytes_per_second", times.write_bytes_per_second),
        ("drain_bytes_per_second", times.drain_bytes_per_second),
    ] {
        require(rate <= MAX_RATE, format!("times.{name} is over 2^30"))?;
    }
    require(times.drain_ms <= 600_000, "times.drain_ms is over 600 000")?;
    require(times.hold_ms <= times.drain_ms, "times.hold_ms is over times.drain_ms")?;
    require(times.history_days <= 36_500, "times.history_days is over 36 500")
}

/// The most bytes of a size, so that sums and products of sizes do not overflow.
const MAX_BYTES: u64 = 1 << 50;

/// The longest time, so that the sum of a time and the clock does not overflow.
const MAX_MS: u64 = 30 * 24 * 60 * 60 * 1000;

const MAX_RATE: u64 = 1 << 30;

fn require(holds: bool, what: impl Into<String>) -> Checked {
    if holds { Ok(()) } else { Err(ConfigError::Wrong(what.into())) }
}

fn is_url(url: Option<&String>) -> bool {
    url.is_none_or(|url| url.starts_with("http://") || url.starts_with("https://"))
}

/// Whether a browser could send this as `Origin`: a scheme and an authority, without a slash at the end.
fn is_origin(origin: &str) -> bool {
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    let is_authority =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
    origin == "*" || authority.is_some_and(is_authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a configuration; empty if it can be used.
    fn said(text: &str) -> String {
        let config: Config = toml::from_str(text).unwrap();
        config.check().map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn the_defaults_can_be_used() {
        assert_eq!(said(""), "");
    }

    #[test]
    fn an_address_of_all_interfaces_needs_a_public_url() {
        for address in ["0.0.0.0:8080", "[::]:8080"] {
            assert!(said(&format!("listen = \"{address}\"")).contains("public_url is missing"));
            assert_eq!(said(&format!("listen = \"{address}\"\npublic_url = \"https://a.example\"")), "");
        }
        assert_eq!(said("listen = \"192.0.2.1:8080\""), "");
    }

    #[test]
    fn a_time_of_nothing_or_of_a_month_is_refused() {
        let names =
            ["header_ms", "keep_alive_ms", "write_ms", "idle_ms", "queue_ms", "device_ms", "stop_ms", "grace_ms"];
        for name in names {
            assert!(said(&format!("[times]\n{name} = 0")).contains(&format!("times.{name} is 0")));
            assert!(said(&format!("[times]\n{name} = 2592000001")).contains("over 30 days"), "{name}");
            assert_eq!(said(&format!("[times]\n{name} = 2592000000")), "");
        }
        assert_eq!(said("[times]\nhold_ms = 0\nhistory_days = 0"), "", "these two mean something");
    }

    #[test]
    fn sizes_that_overflow_are_refused() {
        for name in ["upload_bytes", "job_bytes"] {
            assert!(said(&format!("[work]\n{name} = {}", i64::MAX)).contains(name));
            assert!(said(&format!("[work]\n{name} = 0")).contains(name));
        }
        assert!(said(&format!("[objects]\nspool_bytes = {}", i64::MAX)).contains("spool_bytes"));
        assert!(said(&format!("[work]\nqueue = {}", i64::MAX)).contains("work.queue"));
    }

    #[test]
    fn settings_of_a_bucket_need_the_kind_s3() {
        for (name, value) in [("bucket", "b"), ("region", "auto"), ("endpoint", "https://s3.example")] {
            assert!(said(&format!("[objects]\n{name} = \"{value}\"")).contains("objects.kind is local"), "{name}");
        }
        let s3 = "[objects]\nkind = \"s3\"\nbucket = \"b\"\npublic_url = \"https://b.example\"\n";
        assert_eq!(said(s3), "");
        assert!(said(&format!("{s3}access_key_id = \"a\"")).contains("go together"));
    }

    #[test]
    fn proxies_are_addresses_or_networks() {
        let proxies = |text: &str| toml::from_str::<Config>(text).unwrap().trusted_proxies();
        let networks = proxies("trusted_proxies = [\"10.0.0.0/8\", \"::1\"]").unwrap();
        assert_eq!(networks.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.0.0.0/8", "::1/128"]);
        assert!(said("trusted_proxies = [\"proxy\"]").contains("no address or network"));
    }

    #[test]
    fn origins_are_what_browsers_send() {
        for (origin, ok) in [
            ("*", true),
            ("https://app.example", true),
            ("http://[::1]:3000", true),
            ("https://app.example/", false),
            ("app.example", false),
            ("https://", false),
        ] {
            assert_eq!(said(&format!("[cors]\norigins = [\"{origin}\"]")).is_empty(), ok, "{origin}");
        }
    }
}
