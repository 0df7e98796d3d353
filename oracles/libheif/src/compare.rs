//! Compares how our crates and libheif decode one file.

use image_ingest_oracles::hevc::first_difference;
use image_ingest_samples::Size;
use libheif_rs::{HeifError, LibHeif};

use crate::ours::OurPicture;
use crate::theirs::{TheirPicture, view};

/// How the two sides compare on one file.
pub enum HeifOutcome {
    /// All that is compared is the same.
    Same,
    /// Both sides refuse the file.
    Refused,
    /// The sides cannot be compared, for this known reason.
    PassedOver(&'static str),
    /// What differs, a line for each.
    Different(Vec<String>),
}

/// What is known to differ: the end of the file's name, empty for any file; words of the difference; the reason.
const KNOWN: &[(&str, &str, &str)] = &[
    // libheif 1.23.1 allows a coded picture the pixels that `clap` leaves, and 64 more each way (its pull request 1895).
    ("", "exceeds the maximum image size", "libheif holds a coded picture to its size after clap"),
    // ISO/IEC 14496-12 § 8.11.12 has a value at most once in a reference. We read it, and lay the picture twice.
    ("", "'iref' has double references", "libheif refuses a picture that lies twice on an overlay"),
    ("", "Unknown color profile type", "libheif refuses a colr of an unknown type"),
    ("heic_hidden.heic", "'pitm' box references", "libheif refuses a primary item that is hidden"),
    // Its plugin for libde265 takes every length for one of four bytes, whatever the configuration says.
    ("heic_short_lengths.heic", "Unexpected end of file", "libheif reads no lengths of NAL units below four bytes"),
    // `ispe` has to be the size that the source has after its own turn. libheif goes by it; we go by the source.
    ("heic_iden_turned_back.heic", "displayed size", "the ispe of an identity is wrong in the file"),
];

/// Decodes a file by both sides. `name` is the file's.
pub fn compare(library: &LibHeif, file: &[u8], name: &str) -> HeifOutcome {
    let ours = OurPicture::read(file);
    let alpha_item = ours.as_ref().ok().and_then(|ours| ours.alpha.as_ref()).map(|(item, _)| *item);
    let differences = match (&ours, TheirPicture::read(library, file, alpha_item)) {
        (Ok(ours), Ok(theirs)) => differences(ours, &theirs),
        (Err(refusal), Ok(TheirPicture { decoded: Ok(_), .. })) => vec![format!("ours alone refuses: {refusal}")],
        (Err(_), _) => return HeifOutcome::Refused,
        (Ok(_), Err(error)) => vec![their_refusal(&error)],
    };
    let is_known = |&&(end, words, _): &&(&str, &str, _)| {
        name.ends_with(end) && differences.iter().all(|difference| difference.contains(words))
    };
    match (differences.is_empty(), KNOWN.iter().find(is_known)) {
        (true, _) if ours.is_ok_and(|ours| ours.planes.is_none()) => {
            HeifOutcome::PassedOver("libheif composes overlays in RGB")
        }
        (true, _) => HeifOutcome::Same,
        (false, Some((.., reason))) => HeifOutcome::PassedOver(reason),
        (false, None) => HeifOutcome::Different(differences),
    }
}

/// What differs; of an overlay, the displayed size alone is compared.
fn differences(ours: &OurPicture, theirs: &TheirPicture) -> Vec<String> {
    let mut differences = Vec::new();
    let mut expect = |what: &str, here: String, there: String| {
        if here != there {
            differences.push(format!("{what}: {here} here, {there} there"));
        }
    };
    let text = |size: Size| format!("{} × {}", size.width, size.height);
    expect("displayed size", text(ours.displayed), text(theirs.displayed));
    let (primary, alpha) = match &theirs.decoded {
        Ok((primary, alpha)) => (primary, alpha),
        Err(error) => {
            differences.push(their_refusal(error));
            return differences;
        }
    };
    let Some(planes) = &ours.planes else { return differences };
    expect("has alpha", ours.alpha.is_some().to_string(), theirs.has_alpha.to_string());
    expect("is premultiplied", ours.is_premultiplied.to_string(), theirs.is_premultiplied.to_string());
    differences.extend(first_difference(&planes.view(), &view(primary)));
    if let (Some((_, ours)), Some(theirs)) = (&ours.alpha, alpha) {
        let difference = first_difference(&ours.view(), &view(theirs));
        differences.extend(difference.map(|difference| format!("alpha: {difference}")));
    }
    differences
}

fn their_refusal(error: &HeifError) -> String {
    format!("libheif alone refuses: {}", error.to_string().trim_end())
}
