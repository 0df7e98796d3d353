//! Refuses settings that cannot work, each with a sentence.

use super::error::ConfigError;
use super::settings::{Config, ObjectsKind, StoredEncoding};

impl Config {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let require = |holds: bool, what| if holds { Ok(()) } else { Err(ConfigError::Wrong(what)) };
        let is_url =
            |url: &Option<String>| url.as_deref().is_none_or(|u| u.starts_with("http://") || u.starts_with("https://"));
        let s3 = self.objects.kind == ObjectsKind::S3;
        let work = &self.work;
        require(
            self.encoding == StoredEncoding::Jpeg || cfg!(feature = "webp-encode"),
            "encoding is webp, and this server was built without the feature webp-encode",
        )?;
        require(is_url(&self.public_url), "public_url is no http or https URL")?;
        require(is_url(&self.objects.public_url), "objects.public_url is no http or https URL")?;
        require(is_url(&self.objects.endpoint), "objects.endpoint is no http or https URL")?;
        require(!s3 || self.objects.bucket.is_some(), "objects.bucket is missing")?;
        require(!s3 || self.objects.public_url.is_some(), "objects.public_url is missing")?;
        require((1..=16_383).contains(&self.device.width), "device.width is outside 1 to 16 383")?;
        require((1..=16_383).contains(&self.device.height), "device.height is outside 1 to 16 383")?;
        require(work.pixel_threads <= 1024, "work.pixel_threads is over 1024")?;
        require((1..=1 << 20).contains(&work.connections), "work.connections is outside 1 to 1 048 576")?;
        require(work.drains <= 1 << 20, "work.drains is over 1 048 576")?;
        require(self.times.drain_ms <= 600_000, "times.drain_ms is over 600 000")?;
        require(self.times.hold_ms <= self.times.drain_ms, "times.hold_ms is over times.drain_ms")?;
        require(work.max_upload_bytes > 0, "work.max_upload_bytes is 0")?;
        require(work.upload_bytes >= work.max_upload_bytes, "work.upload_bytes is below work.max_upload_bytes")?;
        require(self.database.connections > 0, "database.connections is 0")?;
        require(self.times.statement_ms > 0 && self.times.answer_ms > 0, "times.statement_ms or answer_ms is 0")?;
        require(self.times.history_days <= 36_500, "times.history_days is over 36 500")?;
        require(self.times.repair_ms > 0, "times.repair_ms is 0")
    }
}
