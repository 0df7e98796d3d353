//! Tests of renditions: made with the image, stored, shown, and erased with it; and of facts.

use image_ingest::{Background, Ingest, inspect};
use serde_json::{Value, json};

use crate::client::Request;
use crate::postgres::{on_postgres, sql};
use crate::server::{CHAT, Home, Server, eventually, pictures};

pub(crate) const RENDITIONS: [(&str, &str); 2] =
    [("IMAGE_INGEST__RENDITIONS__CARD", "fit:100"), ("IMAGE_INGEST__RENDITIONS__DEVICE", "cover:1170x2532")];

pub(crate) const QUICK: [(&str, &str); 2] =
    [("IMAGE_INGEST__TIMES__REPAIR_MS", "50"), ("IMAGE_INGEST__TIMES__GRACE_MS", "1000")];

/// A home with [`RENDITIONS`] and quick repairs.
pub(crate) fn configured() -> Home {
    Home::new(&[&RENDITIONS[..], &QUICK].concat())
}

/// A home with the state of a server without renditions that has set the first picture.
fn configured_after() -> (Home, Value) {
    let server = Home::new(&QUICK).start();
    let set = server.put(CHAT, &pictures()[0]).json();
    let mut home = server.kill();
    RENDITIONS.iter().for_each(|(name, value)| home.set(name, value));
    (home, set)
}

/// What the library makes of an upload.
pub(crate) fn made(upload: &[u8]) -> Background {
    let builder = Ingest::builder().facts(true).rendition("card", "fit:100".parse().unwrap());
    let ingest = builder.rendition("device", "cover:1170x2532".parse().unwrap()).build().unwrap();
    ingest.ingest(ingest.source(upload.to_vec()).unwrap()).unwrap()
}

/// The renditions of an answer are those that the library makes of the upload, and are there.
fn are_right(server: &Server, answer: &Value, upload: &[u8]) {
    let shown = &answer["background_renditions"];
    let made = made(upload);
    assert_eq!(shown.as_object().unwrap().len(), made.renditions.len(), "{answer}");
    for rendition in &made.renditions {
        let shown = &shown[&rendition.name];
        assert_eq!((&shown["width"], &shown["height"]), (&json!(rendition.size.width), &json!(rendition.size.height)));
        assert_eq!(shown["bytes"], rendition.bytes.len());
        let object = server.object(&shown["url"]);
        assert_eq!((object.status, object.header("content-type")), (200, Some("image/jpeg")));
        assert!(object.body == rendition.bytes, "{}", rendition.name);
    }
}

/// Every URL of an answer.
fn urls(answer: &Value) -> Vec<Value> {
    let renditions = answer["background_renditions"].as_object().unwrap();
    [answer["background_url"].clone()].into_iter().chain(renditions.values().map(|r| r["url"].clone())).collect()
}

/// The last part of a URL; a server that starts again has another address.
pub(crate) fn token(url: &Value) -> &str {
    url.as_str().unwrap().rsplit('/').next().unwrap()
}

pub(crate) fn files(home: &Home) -> usize {
    std::fs::read_dir(home.data().join("objects")).map_or(0, Iterator::count)
}

pub(crate) fn decoded(server: &Server) -> f64 {
    server.metric("ingest_pixel_seconds_count")
}

#[test]
pub(crate) fn renditions_are_made_shown_and_erased_with_the_background() {
    let server = configured().start();
    assert_eq!(server.get(CHAT)["background_renditions"], json!({}));
    let [picture, other] = pictures();
    let set = server.put(CHAT, &picture).json();
    are_right(&server, &set, &picture);
    assert_eq!(server.get(CHAT)["background_renditions"], set["background_renditions"]);
    assert_eq!(decoded(&server), 1.0, "one decode makes all");

    server.put("grp_2", &picture);
    let replaced = server.put(CHAT, &other).json();
    are_right(&server, &replaced, &other);
    assert!(urls(&set).iter().all(|url| server.object(url).status == 200), "another chat has them");
    let removed = server.delete("grp_2").json();
    assert_eq!(removed["background_renditions"], json!({}));
    for url in urls(&set) {
        assert_eq!(server.object(&url).refusal(), (404, "not_found".into()));
    }
    server.delete(CHAT);
    eventually("files are left over", || files(server.home()) == 0);
    server.settle();
    let (ok, text) = server.kill().admin(&["check", "--devices"]);
    assert!(ok && text.contains("objects 0, pending changes 0, renditions 0"), "{text}");
}

#[test]
fn a_server_without_renditions_has_no_field_for_them() {
    let server = Server::start();
    let set = server.put(CHAT, &pictures()[0]).json();
    assert_eq!((set.get("background_renditions"), server.get(CHAT).get("background_renditions")), (None, None));
    assert_eq!(set["background_id"], made(&pictures()[0]).id.to_string(), "the canonical image is the same");
}

#[test]
fn an_answer_for_an_idempotency_key_has_the_renditions_of_its_change() {
    let server = configured().start();
    let put = server.background("PUT", CHAT).header("Idempotency-Key", "k").parts(&[("background", &pictures()[0])]);
    let first = server.send(&put);
    are_right(&server, &first.json(), &pictures()[0]);
    assert_eq!(server.send(&put).body, first.body);
}

#[test]
pub(crate) fn an_account_has_renditions_of_its_own() {
    let server = configured().start();
    let set = server.put(CHAT, &pictures()[0]).json();
    server.home().admin(&["numbers", "add", "other", "+15550000002"]);
    let (_, key) = server.home().admin(&["keys", "add", "other"]);
    let request = Request::new("PUT", format!("/v2/api/chats/{CHAT}/background"))
        .header("Authorization", format!("Bearer {}", key.trim()))
        .parts(&[("background", &pictures()[0])]);
    let theirs = server.send(&request).json();
    assert_eq!(theirs["background_id"], set["background_id"]);
    for url in urls(&theirs) {
        assert!(!urls(&set).contains(&url), "a shared URL would tell that others have the picture");
    }
    assert!(server.home().admin(&["accounts", "erase", "demo", "--confirm", "demo"]).0);
    assert!(urls(&set).iter().all(|url| server.object(url).status == 404));
    eventually("files of the account are left", || files(server.home()) == 3);
    are_right(&server, &theirs, &pictures()[0]);
    assert!(server.kill().admin(&["check"]).0);
}

#[test]
pub(crate) fn a_background_of_before_the_setting_gets_its_renditions_by_the_same_upload() {
    let (home, before) = configured_after();
    let server = home.start();
    assert_eq!(server.get(CHAT)["background_renditions"], json!({}), "absent until they are made");
    let again = server.put(CHAT, &pictures()[0]).json();
    assert_eq!((&again["changed"], &again["background_version"]), (&json!(false), &json!(1)));
    assert_eq!(token(&again["background_url"]), token(&before["background_url"]));
    are_right(&server, &again, &pictures()[0]);
    let count = decoded(&server);
    assert_eq!(server.put(CHAT, &pictures()[0]).json(), again);
    assert_eq!(decoded(&server), count, "nothing is lacking any more");
    server.settle();
    let (ok, text) = server.kill().admin(&["check", "--devices"]);
    assert!(ok && text.contains("objects 1, pending changes 0, renditions 2"), "{text}");
}

#[test]
fn a_background_that_is_put_back_gets_renditions_and_stays_itself() {
    let (home, before) = configured_after();
    let server = home.start();
    let canonical = server.object(&before["background_url"]).body;
    let again = server.put(CHAT, &canonical).json();
    assert_eq!((&again["changed"], &again["background_id"]), (&json!(false), &before["background_id"]));
    let card = server.object(&again["background_renditions"]["card"]["url"]).body;
    let source = Ingest::default().source(card).unwrap();
    assert_eq!(inspect(&source).unwrap().header.size(), made(&pictures()[0]).renditions[0].size);
}

#[test]
fn a_chat_that_shares_an_object_of_before_the_setting_completes_it() {
    let (home, before) = configured_after();
    let server = home.start();
    let set = server.put("grp_2", &pictures()[0]).json();
    assert_eq!((&set["changed"], token(&set["background_url"])), (&json!(true), token(&before["background_url"])));
    are_right(&server, &set, &pictures()[0]);
    assert_eq!(server.get(CHAT)["background_renditions"], set["background_renditions"]);
    assert_eq!(files(server.home()), 3);
}

#[test]
pub(crate) fn check_repair_makes_the_renditions_that_are_lacking() {
    let (home, _) = configured_after();
    let server = home.start();
    let (ok, text) = server.home().admin(&["check"]);
    assert!(ok && text.contains("note: 1 objects lack renditions") && text.contains("renditions 0"), "{text}");
    let (ok, text) = server.home().admin(&["check", "--repair"]);
    assert!(ok && text.contains("note: 1 objects got the renditions"), "{text}");
    let state = server.get(CHAT);
    assert_eq!(state["background_version"], 1);
    let size = made(&pictures()[0]).renditions[0].size;
    let card = &state["background_renditions"]["card"];
    assert_eq!((&card["width"], &card["height"]), (&json!(size.width), &json!(size.height)));
    assert_eq!(server.object(&card["url"]).status, 200);
    let (ok, text) = server.home().admin(&["check"]);
    assert!(ok && text.contains("renditions 2") && !text.contains("lack"), "{text}");
}

#[test]
fn check_finds_a_rendition_that_is_wrong() {
    let server = configured().start();
    let card = server.put(CHAT, &pictures()[0]).json()["background_renditions"]["card"]["url"].clone();
    let home = server.kill();
    assert!(home.admin(&["check"]).0);
    let file = home.data().join("objects").join(token(&card));
    std::fs::write(&file, b"other bytes").unwrap();
    let (ok, text) = home.admin(&["check", "--deep"]);
    assert!(!ok && text.contains("fault: rendition") && text.contains("has other bytes"), "{text}");
    std::fs::remove_file(&file).unwrap();
    let (ok, text) = home.admin(&["check"]);
    assert!(!ok && text.contains("is missing"), "{text}");
}

#[test]
fn a_name_that_is_given_to_another_specification_is_absent_until_that_is_made() {
    let server = configured().start();
    let set = server.put(CHAT, &pictures()[0]).json();
    let mut home = server.kill();
    home.set("IMAGE_INGEST__RENDITIONS__CARD", "fit:50");
    home.set("IMAGE_INGEST__RENDITIONS__SMALL", "fit:100");
    let server = home.start();
    let state = server.get(CHAT)["background_renditions"].clone();
    assert_eq!(
        (state.get("card"), state["small"]["width"].as_i64()),
        (None, set["background_renditions"]["card"]["width"].as_i64())
    );
    let again = server.put(CHAT, &pictures()[0]).json()["background_renditions"].clone();
    let card = &again["card"];
    assert_eq!(card["width"].as_i64().max(card["height"].as_i64()), Some(50));
    assert_eq!(again["small"], state["small"]);
    server.delete(CHAT);
    eventually("files are left over", || files(server.home()) == 0);
}

#[test]
fn a_rendition_that_is_the_whole_image_is_its_file() {
    let home = Home::new(&[("IMAGE_INGEST__RENDITIONS__FULL", "fit:2048"), QUICK[0]]);
    let server = home.start();
    let set = server.put(CHAT, &pictures()[0]).json();
    assert_eq!(set["background_renditions"]["full"]["url"], set["background_url"]);
    assert_eq!(files(server.home()), 1);
    assert_eq!(server.object(&set["background_url"]).status, 200);
    assert!(server.home().admin(&["check"]).0);
    server.delete(CHAT);
    eventually("files are left over", || files(server.home()) == 0);
}

#[test]
fn unchanged_uploads_at_once_leave_one_set_of_renditions() {
    let (mut home, _) = configured_after();
    home.set("IMAGE_INGEST__WORK__QUEUE", "64");
    let server = home.start();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let again = server.put(CHAT, &pictures()[0]).json();
                assert_eq!((&again["changed"], &again["background_version"]), (&json!(false), &json!(1)), "{again}");
                are_right(&server, &again, &pictures()[0]);
            });
        }
    });
    assert!(server.home().admin(&["check"]).0);
    eventually("files are left over", || files(server.home()) == 3);
}

#[test]
fn an_image_that_waits_for_the_store_keeps_its_renditions() {
    let home = configured();
    let objects = home.data().join("objects");
    std::fs::create_dir_all(home.data()).unwrap();
    std::fs::write(&objects, b"").unwrap();
    let server = home.start();
    let set = server.put(CHAT, &pictures()[0]).json();
    assert_eq!((&set["background_url"], &set["background_renditions"]), (&Value::Null, &json!({})));
    std::fs::remove_file(&objects).unwrap();
    eventually("it has no url", || !server.get(CHAT)["background_url"].is_null());
    are_right(&server, &server.get(CHAT), &pictures()[0]);
    assert_eq!(decoded(&server), 1.0);
    assert_eq!(files(server.home()), 3);
}

#[test]
fn an_unchanged_upload_is_not_decoded_for_a_store_that_fails() {
    let (home, _) = configured_after();
    let objects = home.data().join("objects");
    let kept = home.data().join("kept");
    std::fs::rename(&objects, &kept).unwrap();
    std::fs::write(&objects, b"").unwrap();
    let server = home.start();
    for _ in 0..3 {
        let again = server.put(CHAT, &pictures()[0]).json();
        assert_eq!((&again["changed"], &again["background_renditions"]), (&json!(false), &json!({})));
    }
    assert_eq!(decoded(&server), 1.0, "the first finds out that it fails");
    std::fs::remove_file(&objects).unwrap();
    std::fs::rename(&kept, &objects).unwrap();
    eventually("it has no renditions", || {
        server.put(CHAT, &pictures()[0]).json()["background_renditions"].as_object().unwrap().len() == RENDITIONS.len()
    });
    are_right(&server, &server.get(CHAT), &pictures()[0]);
    eventually("files are left over", || files(server.home()) == 3);
}

#[test]
fn settings_that_are_no_renditions_end_the_start() {
    for (name, value, said) in [
        ("CARD", "fit:0", "renditions.card"),
        ("CARD", "640", "expected fit:N or cover:WxH"),
        ("A.B", "fit:640", "the name of a rendition is"),
        #[cfg(not(feature = "webp-encode"))]
        ("CARD", "fit:640:webp80", "without the feature webp-encode"),
    ] {
        let setting = format!("IMAGE_INGEST__RENDITIONS__{name}");
        let home = Home::new(&[(setting.as_str(), value)]);
        let (ok, text) = home.admin(&["serve"]);
        assert!(!ok && text.contains(said) && text.lines().count() == 1, "{name} = {value}: {text}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[renditions]\ncard = \"fit:640\"\ncard = \"fit:320\"\n").unwrap();
    let (ok, text) = Home::new(&[]).admin(&["--config", file.path().to_str().unwrap(), "serve"]);
    assert!(!ok && text.contains("duplicate key"), "{text}");
}

#[test]
fn the_limits_tell_the_renditions() {
    let server = configured().start();
    let limits = server.send(&Request::new("GET", "/v2/api/limits")).json();
    assert_eq!(limits["renditions"], json!({ "card": "fit:100:jpeg85", "device": "cover:1170x2532:jpeg85" }));
}

#[cfg(feature = "webp-encode")]
#[test]
fn a_rendition_may_be_webp() {
    let server = Server::with(&[("IMAGE_INGEST__RENDITIONS__CARD", "fit:100:webp80")]);
    let card = server.put(CHAT, &pictures()[0]).json()["background_renditions"]["card"]["url"].clone();
    assert_eq!(server.object(&card).header("content-type"), Some("image/webp"));
}

#[test]
pub(crate) fn a_receipt_has_the_facts_of_the_picture() {
    let server = Server::start();
    let put = |query: &str, upload: &[u8]| {
        let request = server.request("PUT", &format!("/chats/{CHAT}/background?{query}"));
        server.send(&request.parts(&[("background", upload)])).json()["receipt"]["facts"].clone()
    };
    let [picture, other] = pictures();
    let facts = serde_json::to_value(made(&picture).receipt.facts).unwrap();
    assert_eq!(facts.as_object().unwrap().len(), 7);
    assert_eq!(put("receipt=true", &picture), facts);
    assert_eq!(put("receipt=true", &picture), facts, "also if it is unchanged");
    assert_eq!(put("dry_run=true", &other), serde_json::to_value(made(&other).receipt.facts).unwrap());
}

#[test]
fn renditions_hold_on_postgresql() {
    on_postgres(|| {
        renditions_are_made_shown_and_erased_with_the_background();
        an_account_has_renditions_of_its_own();
        a_background_of_before_the_setting_gets_its_renditions_by_the_same_upload();
        a_background_that_is_put_back_gets_renditions_and_stays_itself();
        a_chat_that_shares_an_object_of_before_the_setting_completes_it();
        check_repair_makes_the_renditions_that_are_lacking();
        a_name_that_is_given_to_another_specification_is_absent_until_that_is_made();
        a_rendition_that_is_the_whole_image_is_its_file();
        unchanged_uploads_at_once_leave_one_set_of_renditions();
        an_image_that_waits_for_the_store_keeps_its_renditions();
        crate::device_crops::an_agent_shows_its_rendition_or_crops_an_image_that_has_none();
    });
}

#[test]
fn renditions_of_an_object_that_an_earlier_server_erases_are_erased() {
    on_postgres(|| {
        let server = Home::new(&[RENDITIONS[0], ("IMAGE_INGEST__TIMES__REPAIR_MS", "600000")]).start();
        let set = server.put(CHAT, &pictures()[0]).json();
        server.delete(CHAT);
        let url = server.home().setting("IMAGE_INGEST__DATABASE__URL").unwrap();
        let mut home = server.kill();
        // What a server that knows no renditions does: the object's bytes, then its row.
        let token = token(&set["background_url"]);
        std::fs::remove_file(home.data().join("objects").join(token)).unwrap();
        let erased =
            format!("UPDATE objects SET erasing = 1 WHERE token = '{token}'; DELETE FROM objects WHERE erasing = 1;");
        assert!(sql(&url, &erased).wait().unwrap().success());
        assert!(home.admin(&["check"]).0, "they are known as abandoned");
        assert_eq!(files(&home), 1);
        home.set("IMAGE_INGEST__TIMES__REPAIR_MS", "50");
        let server = home.start();
        eventually("files are left over", || files(server.home()) == 0);
    });
}
