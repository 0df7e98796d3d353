//! Where a job's files lie below `STATE/NAME/`.

use object_store::path::Path;

/// The paths of one job's files.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: Path,
}

impl Layout {
    /// The paths of the job of this name.
    pub(crate) fn of(name: &str) -> Self {
        Self { root: Path::from(name) }
    }

    /// The description of the job. It is written first, and claims the name.
    pub(crate) fn job(&self) -> Path {
        self.root.clone().join("job.json")
    }

    /// The rows of a shard's part of the manifest.
    pub(crate) fn shard(&self, shard: u32) -> Path {
        self.root.clone().join("shards").join(file(shard))
    }

    /// The marks of the attempts on a shard, each named by its number.
    pub(crate) fn attempts(&self, shard: u32) -> Path {
        self.root.clone().join("attempts").join(format!("{shard:05}"))
    }

    pub(crate) fn attempt(&self, shard: u32, attempt: u32) -> Path {
        self.attempts(shard).join(attempt.to_string())
    }

    pub(crate) fn results(&self) -> Path {
        self.root.clone().join("results")
    }

    /// The results of a shard. It is done when they are there.
    pub(crate) fn result(&self, shard: u32) -> Path {
        self.results().join(file(shard))
    }

    /// Results that `retry` took back, from which the rows that stand are carried over.
    pub(crate) fn taken_back(&self, shard: u32) -> Path {
        self.root.clone().join("retried").join(format!("{shard:05}"))
    }

    /// The job's last file, which names all results.
    pub(crate) fn manifest(&self) -> Path {
        self.root.clone().join("manifest.json")
    }
}

/// The name of a shard's file.
pub(crate) fn file(shard: u32) -> String {
    format!("{shard:05}.parquet")
}

/// The number that names a file, such as `00012.parquet` or `3`.
pub(crate) fn number(name: &str) -> Option<u32> {
    name.strip_suffix(".parquet").unwrap_or(name).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_lie_below_the_job_s_name() {
        let layout = Layout::of("first");
        assert_eq!(layout.result(12).as_ref(), "first/results/00012.parquet");
        assert_eq!(layout.attempt(123_456, 1).as_ref(), "first/attempts/123456/1");
        assert_eq!(number(&file(123_456)), Some(123_456));
    }
}
