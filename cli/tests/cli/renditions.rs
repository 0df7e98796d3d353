//! Renditions, facts and the report.

use super::*;

#[test]
fn renditions_are_stored_beside_the_canonical_image_and_facts_are_in_the_line() {
    let dir = pictures(&["a.jpg"]);
    let out = dir.path().join("out");
    let plain = &json(&run(&["ingest"], &[dir.path().join("a.jpg")]))[0];
    assert!(plain.get("renditions").is_none() && plain.get("facts").is_none());
    let args = ["ingest", "--facts", "--rendition", "card=fit:32", "--rendition", "thumb=cover:20x40@0.5,0.3:jpeg70"];
    let output = run(&[&args[..], &["--out", out.to_str().unwrap()]].concat(), &[dir.path().join("a.jpg")]);
    assert_eq!(output.status.code(), Some(0));
    let line = &json(&output)[0];
    assert_eq!(line["id"], plain["id"], "the canonical image does not change");
    let stored = fs::read_dir(&out).unwrap().count();
    assert_eq!(stored, 3);
    for (name, width, height) in [("card", 32, 24), ("thumb", 20, 40)] {
        let made = &line["renditions"][name];
        assert_eq!((made["width"].as_u64(), made["height"].as_u64()), (Some(width), Some(height)), "{name}");
        let file = PathBuf::from(made["output"].as_str().unwrap());
        let bytes = fs::read(&file).unwrap();
        let id = made["id"].as_str().unwrap();
        assert_eq!(file, out.join(format!("{id}.jpg")));
        assert_eq!(
            (id, made["bytes"].as_u64()),
            (&*format!("obj_{}", blake3::hash(&bytes).to_hex()), Some(bytes.len() as u64))
        );
    }
    let facts = line["facts"].as_object().unwrap();
    let names: Vec<_> = facts.keys().map(String::as_str).collect();
    assert_eq!(names, ["average", "dominant", "high_key", "luminance", "pdq", "pdq_quality", "thumbhash"]);
    assert_eq!(facts["pdq"].as_str().unwrap().len(), 64);
    assert!(facts["average"].as_str().unwrap().starts_with('#'));
    assert!((0.0..=1.0).contains(&facts["luminance"].as_f64().unwrap()));
}

#[test]
fn bad_renditions_are_usage_errors() {
    let dir = pictures(&["a.jpg"]);
    let path = dir.path().join("a.jpg");
    for specs in
        [&["fit:640"][..], &["a=fit:0"], &["A=fit:5"], &["a=cover:5"], &["a=fit:5:gif"], &["a=fit:5", "a=fit:6"]]
    {
        let args = specs.iter().flat_map(|spec| ["--rendition", spec]);
        let output = run(&["ingest"].into_iter().chain(args).collect::<Vec<_>>(), std::slice::from_ref(&path));
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{specs:?}");
        assert!(!output.stderr.is_empty());
    }
    let output = run(&["ingest", "--rendition", "a=fit:5:webp"], &[path]);
    assert_eq!(output.status.code(), Some(if cfg!(feature = "webp-encode") { 0 } else { 2 }));
}

#[test]
fn a_report_is_one_page_that_holds_all_it_shows() {
    let dir = pictures(&["photos/a.jpg", "photos/deep/b&c.jpg"]);
    fs::write(dir.path().join("photos/<note>.txt"), b"%PDF-1.7 and so on").unwrap();
    let page = dir.path().join("report.html");
    let report = |more: &[&str]| {
        let args = [&["report", "-o", page.to_str().unwrap()], more].concat();
        let output = run(&args, &[dir.path().join("photos")]);
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        (json(&output), fs::read_to_string(&page).unwrap())
    };
    let (lines, html) = report(&[]);
    assert_eq!(lines.len(), 3);
    let count = |html: &str, what: &str| html.matches(what).count();
    assert_eq!((count(&html, "<article"), count(&html, "<tr class=refused>")), (2, 1));
    // Before, after, the placeholder and three renditions.
    assert_eq!((count(&html, "<img "), count(&html, "src=\"data:image/")), (12, 12));
    assert!(html.contains("&lt;note&gt;.txt") && html.contains("b&amp;c.jpg") && html.contains("unknown_format"));
    for line in lines.iter().filter(|line| line.get("error").is_none()) {
        let made = line["renditions"].as_object().unwrap();
        assert!(["card", "device", "thumb"].iter().all(|name| html.contains(made[*name]["id"].as_str().unwrap())));
        assert!(html.contains(line["facts"]["pdq"].as_str().unwrap()));
    }
    for foreign in ["<script", "http:", "https:", "src=\"/", "@import", "url("] {
        assert!(!html.contains(foreign), "{foreign}");
    }
    let (_, small) = report(&["--max-pictures", "0", "--rendition", "only=fit:8"]);
    assert!(small.len() < html.len() && count(&small, "--max-pictures allows") == 2);
    let nowhere = dir.path().join("no/such/../");
    let output = run(&["report", "-o", nowhere.to_str().unwrap()], &[dir.path().join("photos")]);
    assert_eq!(output.status.code(), Some(2));
}
