//! Prints the settings in force, without secrets.

use super::settings::Config;

impl Config {
    /// The settings in force as TOML that can be read again, but for the secrets, which are hidden. Fields that are not
    /// set and have no default are left out.
    pub(crate) fn in_force(&self) -> String {
        let settings = toml::to_string(self).unwrap_or_else(|error| format!("# {error}\n"));
        format!("# public_url in force: {}\n{settings}", self.public_url(self.listen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_read_again_and_hides_secrets() {
        let mut config: Config = toml::from_str("[database]\nurl = \"postgres://u:canary@h/d\"").unwrap();
        let printed = config.in_force();
        assert!(!printed.contains("canary") && printed.contains("url = \"(secret)\""), "{printed}");
        assert!(printed.contains("header_ms = 10000") && printed.contains("try_page = true"), "{printed}");
        config = toml::from_str(&printed).unwrap();
        assert_eq!(config.in_force(), printed);
    }
}
