//! What image-ingest makes of a file under several profiles, named in one line: the same on every machine.
//!
//! The program `goldens` holds builds for other machines to it, and the test `levels` the code for each instruction set.

use image_ingest::{Background, ContentId, Encoding, Geometry, Ingest, IngestBuilder, Profile};

/// One for each profile: they do not reduce, reduce by an exact half where there is one, or by a filter, and crop; each with
/// renditions of the canonical rows, of parts of them, and of halves, and with facts.
#[derive(Debug)]
pub struct Ingests(Vec<Ingest>);

impl Default for Ingests {
    fn default() -> Self {
        let fit = |max_edge| Geometry::Fit { max_edge };
        let cover = Geometry::Cover { width: 45, height: 62 };
        let of = |(geometry, quality, matte)| {
            let mut profile = Profile::default();
            (profile.geometry, profile.encoding, profile.matte) = (geometry, Encoding::Jpeg { quality }, matte);
            let renditions = [("same", "fit:2048:jpeg40"), ("part", "cover:31x40@0.2,0.9"), ("small", "fit:20")];
            let rendition = |builder: IngestBuilder, (name, spec): (&str, &str)| {
                builder.rendition(name, spec.parse().expect("the specifications are right"))
            };
            let builder = renditions.into_iter().fold(Ingest::builder().profile(profile).facts(true), rendition);
            builder.build().expect("the profiles are right")
        };
        let white = [255; 3];
        let profiles =
            [(fit(2048), 85, white), (fit(80), 75, white), (fit(67), 100, [90, 10, 200]), (cover, 30, white)];
        Self(profiles.map(of).into())
    }
}

impl Ingests {
    /// The id of everything that is made of a file: content ids, ids of renditions, and facts.
    ///
    /// # Errors
    ///
    /// Those of the first ingest that refuses the file.
    pub fn id_of_all(&self, file: &[u8]) -> Result<ContentId, image_ingest::Error> {
        let mut lines = String::new();
        for ingest in &self.0 {
            let Background { id, renditions, receipt, .. } = ingest.ingest(ingest.source(file.to_vec())?)?;
            let renditions: Vec<_> = renditions.iter().map(|rendition| rendition.id).collect();
            lines += &format!("{id} {renditions:?} {:?}\n", receipt.facts);
        }
        Ok(ContentId::of(lines.as_bytes()))
    }
}
