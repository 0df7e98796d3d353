//! The renditions of the configuration: names, each with a specification as the command line reads it.

use std::collections::BTreeMap;

use image_ingest::rendition::RenditionSpec;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Renditions by name, in the order of their names; `card = "fit:640"` in a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RenditionSettings(pub(crate) BTreeMap<String, RenditionSpec>);

impl<'de> Deserialize<'de> for RenditionSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A file that has a name twice is refused by its parser.
        let texts = BTreeMap::<String, String>::deserialize(deserializer)?;
        let specs = texts.into_iter().map(|(name, text)| {
            let (name, spec) = RenditionSpec::parse_named(&format!("{name}={text}"))
                .map_err(|error| D::Error::custom(format!("renditions.{name}: {error}")))?;
            if spec.encoding.is_built_in() {
                return Ok((name, spec));
            }
            let reason = "is WebP, and this server was built without the feature webp-encode";
            Err(D::Error::custom(format!("renditions.{name}: it {reason}")))
        });
        specs.collect::<Result<_, _>>().map(Self)
    }
}

impl Serialize for RenditionSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, spec)| (name, spec.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, String> {
        let read: Result<RenditionSettings, _> = toml::from_str(text);
        let pair = |(name, spec): (&String, &RenditionSpec)| (name.clone(), spec.to_string());
        read.map(|settings| settings.0.iter().map(pair).collect()).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn names_have_specifications_as_on_the_command_line() {
        let settings = read("thumb = \"cover:256x256@0.5,0.3\"\ncard = \"fit:640\"").unwrap();
        let expected = [("card", "fit:640:jpeg85"), ("thumb", "cover:256x256@0.5,0.3:jpeg85")];
        assert_eq!(settings, expected.map(|(name, spec)| (name.to_owned(), spec.to_owned())));
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, named) in [
            ("card = \"fit:0\"", "renditions.card"),
            ("card = \"640\"", "expected fit:N or cover:WxH"),
            ("Card = \"fit:640\"", "the name of a rendition is"),
            ("\"a=b\" = \"fit:640\"", "renditions.a=b"),
            ("card = \"fit:640\"\ncard = \"fit:320\"", "duplicate key"),
            ("card = 640", "expected a string"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(named), "{text}: {error}");
        }
    }

    #[test]
    fn webp_takes_its_encoder() {
        let settings = read("card = \"fit:640:webp80\"");
        if cfg!(feature = "webp-encode") {
            assert_eq!(settings.unwrap()[0].1, "fit:640:webp80");
        } else {
            assert!(settings.unwrap_err().contains("without the feature webp-encode"));
        }
    }
}
