//! Reads the settings: defaults, overridden by a TOML file, overridden by the environment.

use std::path::Path;

use super::error::ConfigError;
use super::settings::Config;

impl Config {
    /// The configuration of `file`, where one is named, and of `environment`.
    pub(crate) fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut table = match file {
            Some(file) => parse(&read(file)?)?,
            None => toml::Table::new(),
        };
        let known = toml::Table::try_from(Self::default()).map_err(|e| ConfigError::Malformed(e.to_string()))?;
        for (name, value) in environment {
            if let Some(path) = name.strip_prefix("IMAGE_INGEST__") {
                set(&mut table, &known, &path.to_ascii_lowercase(), value)?;
            }
        }
        let config: Self = table.try_into().map_err(|e: toml::de::Error| ConfigError::Malformed(e.message().into()))?;
        config.check()?;
        Ok(config)
    }
}

fn read(file: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(file).map_err(|e| ConfigError::Unreadable(file.display().to_string(), e))
}

fn parse(text: &str) -> Result<toml::Table, ConfigError> {
    text.parse::<toml::Table>().map_err(|e| {
        let line = e.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count().max(1));
        ConfigError::Malformed(format!("line {line}: {}", e.message()))
    })
}

/// Sets `section__field` or `field` in `table`. The value becomes a number only if the default is a number, so that a
/// secret may consist of digits.
fn set(table: &mut toml::Table, known: &toml::Table, path: &str, value: String) -> Result<(), ConfigError> {
    let (table, known, field) = match path.split_once("__") {
        None => (table, Some(known), path),
        Some((section, field)) => {
            let inner = table.entry(section).or_insert_with(|| toml::Table::new().into());
            let inner = inner.as_table_mut().ok_or(ConfigError::Wrong("the environment names a field as a section"))?;
            (inner, known.get(section).and_then(toml::Value::as_table), field)
        }
    };
    let is_number = known.and_then(|k| k.get(field)).is_some_and(toml::Value::is_integer);
    let value = match value.parse::<i64>() {
        Ok(number) if is_number => toml::Value::Integer(number),
        _ => toml::Value::String(value),
    };
    table.insert(field.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::PathBuf;

    use super::*;
    use crate::config::StoredEncoding;

    fn load(file: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let mut written = tempfile::NamedTempFile::new().unwrap();
        written.write_all(file.as_bytes()).unwrap();
        Config::load(Some(written.path()), environment.iter().map(|(k, v)| ((*k).into(), (*v).into())))
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_defaults() {
        let file = "data = \"/srv\"\n[work]\nqueue = 3\npixel_threads = 5\n";
        let config = load(file, &[("IMAGE_INGEST__WORK__QUEUE", "9"), ("IMAGE_INGEST__LISTEN", "0.0.0.0:1")]).unwrap();
        assert_eq!((config.work.queue, config.work.pixel_threads, config.listen.port()), (9, 5, 1));
        assert_eq!((config.data, config.times.device_ms), (PathBuf::from("/srv"), 10_000));
    }

    #[test]
    fn a_secret_of_digits_stays_text() {
        let digits = "1".repeat(40);
        let environment = [("IMAGE_INGEST__OBJECTS__SECRET_ACCESS_KEY", digits.as_str())];
        assert_eq!(load("", &environment).unwrap().objects.secret_access_key.unwrap().expose(), digits);
    }

    #[test]
    fn mistakes_are_named() {
        for (file, named) in [
            ("quue = 1", "quue"),
            ("[work]\nqueue = \"many\"", "expected"),
            ("[objects]\nkind = \"s3\"", "objects.bucket is missing"),
            ("[device]\ngateway = \"http\"", "gateway"),
            ("public_url = \"ftp://x\"", "public_url"),
            ("[work]\ndrains = 2000000", "work.drains"),
            ("[times]\ndrain_ms = 3600000", "times.drain_ms"),
            ("[times]\ndrain_ms = 1000", "times.hold_ms"),
            ("listen = ", "line 1"),
        ] {
            let error = load(file, &[]).unwrap_err().to_string();
            assert!(error.contains(named), "{file}: {error}");
        }
    }

    #[test]
    fn webp_takes_its_encoder() {
        let webp = load("", &[("IMAGE_INGEST__ENCODING", "webp")]);
        if cfg!(feature = "webp-encode") {
            assert_eq!(webp.unwrap().encoding, StoredEncoding::Webp);
        } else {
            let error = webp.unwrap_err().to_string();
            assert!(error.contains("built without the feature webp-encode"), "{error}");
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        let file = "[database]\nurl = \"postgres://u:canary@h/d\"\n[objects]\nsecret_access_key = \"canary\"";
        assert!(!format!("{:?}", load(file, &[]).unwrap()).contains("canary"));
        let error = load("[objects]\nsecret_access_key = \"canary\nwidth = 3", &[]).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
