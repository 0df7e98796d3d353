//! The HTML page of `report`: one file that holds everything it shows, and has no scripts.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image_ingest::facts::Facts;
use image_ingest::rendition::Rendition;
use image_ingest::{Background, Ingest};

use crate::exit::Fatal;
use crate::ingest::IngestLine;
use crate::lines::Failure;
use crate::placeholder;

/// The page on its way.
pub(crate) struct Page {
    settings: String,
    articles: String,
    refusals: String,
    accepted: u64,
    refused: u64,
}

/// An accepted input.
pub(crate) struct Entry<'a> {
    pub(crate) path: &'a str,
    pub(crate) background: &'a Background,
    pub(crate) before: Before,
    pub(crate) line: &'a IngestLine<'a>,
}

/// What the page shows of an upload.
pub(crate) enum Before {
    /// The upload itself.
    Upload(Vec<u8>),
    /// HEIC.
    NotShownByBrowsers,
    /// It cannot be read a second time.
    Gone,
    /// The page has as many pictures as it may have.
    NoRoom,
}

impl Page {
    /// A page without inputs, for pictures that `ingest` makes.
    pub(crate) fn new(ingest: &Ingest) -> Self {
        let renditions = ingest.renditions().iter().map(|(name, spec)| format!(", {name} = {spec}"));
        let settings = ingest.profile().fingerprint() + &renditions.collect::<String>();
        Self { settings, articles: String::new(), refusals: String::new(), accepted: 0, refused: 0 }
    }

    /// Adds an accepted input.
    ///
    /// # Errors
    ///
    /// Its line cannot be written.
    pub(crate) fn accepted(&mut self, entry: &Entry<'_>) -> Result<(), Fatal> {
        self.accepted += 1;
        let Background { bytes, size, encoding, renditions, receipt, id, .. } = entry.background;
        let receipt_text = serde_json::to_string_pretty(entry.line).map_err(|e| Fatal::new("cannot write JSON", e))?;
        let source = &receipt.source;
        let before = match &entry.before {
            Before::Upload(upload) => img(
                &format!("image/{}", source.format.name()),
                upload,
                "before (not drawn where a browser refuses the file)",
            ),
            Before::NotShownByBrowsers => none("Most browsers do not show HEIC."),
            Before::Gone => none("The upload could not be read a second time."),
            Before::NoRoom => none("The page has as many pictures as --max-pictures allows."),
        };
        let after = match (&entry.before, smallest(renditions)) {
            (Before::NoRoom, Some(small)) => img(small.encoding.media_type(), &small.bytes, "after"),
            (Before::NoRoom, None) => none("The page has as many pictures as --max-pictures allows."),
            _ => img(encoding.media_type(), bytes, "after"),
        };
        let was = format!(
            "before: {}, {}×{}, {} bytes",
            source.format.name(),
            source.size.width,
            source.size.height,
            source.bytes
        );
        let is = format!("after: {}, {}×{}, {} bytes, {id}", encoding.name(), size.width, size.height, bytes.len());
        let mut html = format!("<article class=accepted>\n<h2>{}</h2>\n<div class=row>", escaped(entry.path));
        html += &figure(&before, &was);
        html += &figure(&after, &is);
        html += "</div>\n";
        html += &facts(receipt.facts.as_ref());
        if !matches!(entry.before, Before::NoRoom) {
            html += "<div class=\"row small renditions\">";
            html.extend(renditions.iter().map(rendition));
            html += "</div>\n";
        }
        let _ = write!(
            html,
            "<details><summary>receipt</summary><pre>{}</pre></details>\n</article>\n",
            escaped(&receipt_text)
        );
        self.articles += &html;
        Ok(())
    }

    /// Adds a refused input.
    pub(crate) fn refused(&mut self, path: &str, failure: &Failure) {
        self.refused += 1;
        let limit = failure.limit.zip(failure.actual).map(|(limit, actual)| format!("{actual} of {limit}"));
        let cells = [path, failure.code, &failure.message, &limit.unwrap_or_default()]
            .map(|cell| format!("<td>{}", escaped(cell)));
        let _ = writeln!(self.refusals, "<tr class=refused>{}", cells.concat());
    }

    /// The whole page.
    pub(crate) fn finish(self) -> String {
        let Self { settings, articles, refusals, accepted, refused } = self;
        let refusals = if refused == 0 {
            String::new()
        } else {
            format!("<h2>Refused</h2>\n<table><tr><th>input<th>code<th>message<th>limit\n{refusals}</table>\n")
        };
        format!(
            "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<meta name=viewport content=\"width=device-width\">\n\
             <meta http-equiv=Content-Security-Policy content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n\
             <title>image-ingest: {accepted} accepted, {refused} refused</title>\n<style>\n{STYLE}</style>\n\
             <h1>{accepted} accepted, {refused} refused</h1>\n<p class=quiet>image-ingest {version}, {settings}</p>\n\
             {refusals}{articles}</html>\n",
            version = env!("CARGO_PKG_VERSION"),
            settings = escaped(&settings),
        )
    }
}

fn smallest(renditions: &[Rendition]) -> Option<&Rendition> {
    renditions.iter().min_by_key(|rendition| rendition.bytes.len())
}

/// The placeholder, the colours, and what there is to read.
fn facts(facts: Option<&Facts>) -> String {
    let Some(facts) = facts else { return String::new() };
    let Facts { thumbhash, pdq, pdq_quality, average, dominant, luminance, high_key, .. } = facts;
    let bmp = placeholder::bmp(thumbhash);
    let placeholder = bmp.map_or_else(String::new, |bmp| {
        format!("<img class=placeholder alt=placeholder src=\"{}\">", data("image/bmp", &bmp))
    });
    let text = if *high_key { "black" } else { "white" };
    let swatch = |color: &dyn std::fmt::Display| {
        format!("<div class=swatch style=\"background:{color};color:{text}\">Text</div>")
    };
    let luminance = f64::from(*luminance) / 10_000.0;
    format!(
        "<div class=row>{}{}{}</div>\n<p class=quiet>luminance {luminance}{}, PDQ <code>{pdq}</code>, quality {pdq_quality}</p>\n",
        figure(&placeholder, &format!("placeholder: {thumbhash}")),
        figure(&swatch(average), &format!("average {average}")),
        figure(&swatch(dominant), &format!("dominant {dominant}")),
        if *high_key { ", high-key" } else { "" },
    )
}

fn rendition(rendition: &Rendition) -> String {
    let Rendition { name, bytes, id, size, encoding, .. } = rendition;
    let caption = format!("{name}: {}×{}, {} bytes, {id}", size.width, size.height, bytes.len());
    figure(&img(encoding.media_type(), bytes, name), &caption)
}

fn figure(content: &str, caption: &str) -> String {
    format!("<figure>{content}<figcaption>{}</figcaption></figure>", escaped(caption))
}

fn img(media_type: &str, bytes: &[u8], alt: &str) -> String {
    format!("<img alt=\"{}\" src=\"{}\">", escaped(alt), data(media_type, bytes))
}

fn none(why: &str) -> String {
    format!("<div class=none>{why}</div>")
}

fn data(media_type: &str, bytes: &[u8]) -> String {
    format!("data:{media_type};base64,{}", STANDARD.encode(bytes))
}

/// Text as HTML shows it, also between quotes.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut html, c| {
        match c {
            '&' => html += "&amp;",
            '<' => html += "&lt;",
            '>' => html += "&gt;",
            '"' => html += "&quot;",
            '\'' => html += "&#39;",
            c => html.push(c),
        }
        html
    })
}

const STYLE: &str = include_str!("page.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_text_and_no_markup() {
        let mut page = Page::new(&Ingest::default());
        page.refused("<script>alert(\"1\")</script>&'", &Failure::from(&image_ingest::Error::Empty));
        let html = page.finish();
        assert!(html.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"), "{html}");
        assert!(!html.contains("<script"), "{html}");
    }
}
