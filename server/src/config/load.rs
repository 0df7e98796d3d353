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
        let mut over = toml::Table::new();
        for (name, value) in environment {
            if let Some(path) = name.strip_prefix("IMAGE_INGEST__") {
                set(&mut over, &known, &path.to_ascii_lowercase(), value)?;
            }
        }
        read_secrets(&mut table)?;
        read_secrets(&mut over)?;
        merge(&mut table, over);
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

/// Sets `section__field` or `field` in `table`. The value gets the type of the default, so that a secret may consist of
/// digits. A list is separated by commas.
fn set(table: &mut toml::Table, known: &toml::Table, path: &str, value: String) -> Result<(), ConfigError> {
    let (table, known, field) = match path.split_once("__") {
        None => (table, Some(known), path),
        Some((section, field)) => {
            let inner = table.entry(section).or_insert_with(|| toml::Table::new().into());
            let inner = inner
                .as_table_mut()
                .ok_or_else(|| ConfigError::Wrong("the environment names a field as a section".into()))?;
            (inner, known.get(section).and_then(toml::Value::as_table), field)
        }
    };
    let default = known.and_then(|known| known.get(field));
    table.insert(field.to_owned(), typed(default, value));
    Ok(())
}

/// The value with the type of `default`. One that has another form stays text, and is refused with its field's name.
fn typed(default: Option<&toml::Value>, value: String) -> toml::Value {
    let typed = match default {
        Some(toml::Value::Integer(_)) => value.parse().ok().map(toml::Value::Integer),
        Some(toml::Value::Boolean(_)) => value.parse().ok().map(toml::Value::Boolean),
        Some(toml::Value::Array(_)) => {
            let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(toml::Value::Array(items.map(|item| item.to_owned().into()).collect()))
        }
        _ => None,
    };
    typed.unwrap_or(toml::Value::String(value))
}

/// Replaces each `NAME_file` of a secret by what that file has, without line ends after it.
fn read_secrets(table: &mut toml::Table) -> Result<(), ConfigError> {
    for (section, field) in SECRETS {
        let Some(section_table) = table.get_mut(section).and_then(toml::Value::as_table_mut) else {
            continue;
        };
        let Some(path) = section_table.remove(&format!("{field}_file")) else {
            continue;
        };
        let wrong = |what: &str| ConfigError::Wrong(format!("{section}.{field}_file {what}"));
        let path = path.as_str().ok_or_else(|| wrong("is no path"))?;
        if section_table.contains_key(field) {
            return Err(wrong("is given beside the secret itself"));
        }
        let text = read(Path::new(path))?;
        let secret = text.trim_end_matches(['\r', '\n']);
        if secret.is_empty() {
            return Err(wrong("names an empty file"));
        }
        section_table.insert(field.to_owned(), secret.to_owned().into());
    }
    Ok(())
}

/// The secrets, each of which a file may hold.
const SECRETS: [(&str, &str); 4] =
    [("database", "url"), ("database", "listen_url"), ("objects", "access_key_id"), ("objects", "secret_access_key")];

/// Puts the fields of `over` in place of those of `table`.
fn merge(table: &mut toml::Table, over: toml::Table) {
    for (name, value) in over {
        match (table.get_mut(&name), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(over)) => merge(inner, over),
            (_, value) => {
                table.insert(name, value);
            }
        }
    }
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

    const S3: &str =
        "[objects]\nkind = \"s3\"\nbucket = \"b\"\npublic_url = \"https://b.example\"\naccess_key_id = \"a\"\n";

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_defaults() {
        let file = "data = \"/srv\"\n[work]\nqueue = 3\npixel_threads = 5\n";
        let config =
            load(file, &[("IMAGE_INGEST__WORK__QUEUE", "9"), ("IMAGE_INGEST__LISTEN", "127.0.0.2:1")]).unwrap();
        assert_eq!((config.work.queue, config.work.pixel_threads, config.listen.port()), (9, 5, 1));
        assert_eq!((config.data, config.times.device_ms), (PathBuf::from("/srv"), 10_000));
    }

    #[test]
    fn a_secret_of_digits_stays_text() {
        let digits = "1".repeat(40);
        let environment = [("IMAGE_INGEST__OBJECTS__SECRET_ACCESS_KEY", digits.as_str())];
        assert_eq!(load(S3, &environment).unwrap().objects.secret_access_key.unwrap().expose(), digits);
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
        let file = format!("[database]\nurl = \"postgres://u:canary@h/d\"\n{S3}secret_access_key = \"canary\"");
        assert!(!format!("{:?}", load(&file, &[]).unwrap()).contains("canary"));
        let error = load("[objects]\nsecret_access_key = \"canary\nwidth = 3", &[]).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }

    fn file_with(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn a_secret_may_be_in_a_file() {
        let (key, other) = (file_with("canary\n"), file_with("other\r\n"));
        let (key, other) = (key.path().display().to_string(), other.path().display().to_string());
        let secret = |config: Config| config.objects.secret_access_key.unwrap().expose().to_owned();
        let in_file = format!("{S3}secret_access_key_file = \"{key}\"");
        assert_eq!(secret(load(&in_file, &[]).unwrap()), "canary");
        let name = "IMAGE_INGEST__OBJECTS__SECRET_ACCESS_KEY_FILE";
        assert_eq!(secret(load(S3, &[(name, &key)]).unwrap()), "canary");
        assert_eq!(secret(load(&in_file, &[(name, &other)]).unwrap()), "other", "the environment wins");
        let url = load("", &[("IMAGE_INGEST__DATABASE__URL_FILE", &key)]).unwrap().database.url;
        assert_eq!(url.unwrap().expose(), "canary");
    }

    #[test]
    fn a_file_of_a_secret_that_cannot_be_read_is_named() {
        let (empty, key) = (file_with("\n"), file_with("canary"));
        let (empty, key) = (empty.path().display().to_string(), key.path().display().to_string());
        for (file, named) in [
            (format!("{S3}secret_access_key_file = \"/nothing/here\""), "/nothing/here"),
            (format!("{S3}secret_access_key_file = \"{empty}\""), "names an empty file"),
            (format!("{S3}secret_access_key = \"a\"\nsecret_access_key_file = \"{key}\""), "beside the secret itself"),
            (format!("{S3}bucket_file = \"{key}\""), "bucket_file"),
        ] {
            let error = load(&file, &[]).unwrap_err().to_string();
            assert!(error.contains(named) && !error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn lists_and_switches_come_from_the_environment_too() {
        let environment = [
            ("IMAGE_INGEST__TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1"),
            ("IMAGE_INGEST__TRY_PAGE", "false"),
            ("IMAGE_INGEST__CORS__ORIGINS", "https://app.example"),
        ];
        let config = load("", &environment).unwrap();
        assert_eq!(config.trusted_proxies, ["10.0.0.0/8", "127.0.0.1"]);
        assert_eq!((config.try_page, config.cors.origins), (false, vec!["https://app.example".to_owned()]));
        assert!(load("", &[("IMAGE_INGEST__TRY_PAGE", "maybe")]).is_err());
    }
}
