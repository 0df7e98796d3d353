//! Generates metadata: Exif blocks, ICC profiles and XMP packets.

pub(crate) mod exif;
pub(crate) mod icc;
pub(crate) mod icc_table;
pub(crate) mod samsung;

/// An XMP packet that says what it is and carries a canary.
pub(crate) fn xmp() -> Vec<u8> {
    let open = r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">"#;
    let rdf = concat!(
        r#"<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" "#,
        r#"xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>CANARY-XMP-CREATOR</dc:creator>"#,
        r#"</rdf:Description></rdf:RDF>"#
    );
    format!(r#"{open}{rdf}</x:xmpmeta><?xpacket end="w"?>"#).into_bytes()
}
