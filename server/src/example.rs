//! Tests that `deploy/server.toml` has every field of the configuration, with its default.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::config::Config;

fn example() -> (PathBuf, String) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/server.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    (file, text)
}

fn table(config: &Config) -> toml::Table {
    toml::Table::try_from(config).unwrap()
}

#[test]
fn the_example_says_the_defaults() {
    let (file, text) = example();
    let config = Config::load(Some(&file), std::iter::empty()).unwrap();
    assert_eq!(table(&config), table(&Config::default()));
    // Each default is written out, too, and not only left to the program.
    assert_eq!(text.parse::<toml::Table>().unwrap(), table(&Config::default()));
}

#[test]
fn the_example_names_every_field_and_no_other() {
    // Renditions have names of their own.
    let named = named_fields(&example().1).into_iter().map(|name| match name.split_once('.') {
        Some(("renditions", _)) => "renditions".to_owned(),
        _ => name,
    });
    let named: BTreeSet<_> = named.collect();
    let mut fields = BTreeSet::new();
    for field in fields_of("") {
        let section = fields_of(&field);
        match section.is_empty() {
            true => assert!(fields.insert(field)),
            false => fields.extend(section.iter().map(|inner| format!("{field}.{inner}"))),
        }
    }
    assert_eq!(named.difference(&fields).collect::<Vec<_>>(), [""; 0], "named, and no field");
    assert_eq!(fields.difference(&named).collect::<Vec<_>>(), [""; 0], "a field, and not named");
}

#[test]
fn what_is_commented_out_can_be_used() {
    let (_, text) = example();
    let used: String =
        text.lines().map(|line| commented_field(line).map_or(line, |_| &line[2..]).to_owned() + "\n").collect();
    let config: Config = toml::from_str(&used).unwrap();
    assert!(config.public_url.is_some() && config.objects.bucket.is_some() && config.page.wasm_dir.is_some());
}

/// The names of a section's fields, as the configuration's parser lists them for a field that it does not know.
fn fields_of(section: &str) -> Vec<String> {
    let heading = if section.is_empty() { String::new() } else { format!("[{section}]\n") };
    let error = toml::from_str::<Config>(&format!("{heading}no_such_field = 1")).unwrap_err();
    let message = error.message().to_owned();
    let Some((_, expected)) = message.split_once("unknown field `no_such_field`, expected ") else {
        return Vec::new();
    };
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Every field that the text names, set or commented out.
fn named_fields(text: &str) -> BTreeSet<String> {
    let (mut section, mut named) = (String::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
        }
        let set = line.split_once(" = ").map(|(name, _)| name).filter(|name| !name.contains(['#', ' ']));
        if let Some(name) = commented_field(line).or(set) {
            assert!(named.insert(format!("{section}{name}")), "{name} is named twice");
        }
    }
    named
}

/// The field of a line such as `# name = value`.
fn commented_field(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix("# ")?.split_once(" = ")?;
    (!name.contains(' ')).then_some(name)
}
