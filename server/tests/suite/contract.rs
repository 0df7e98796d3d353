//! Tests of PUT, GET and DELETE by the contract, and of additions to it.

use serde_json::{Value, json};

use crate::client::Request;
use crate::noise::crc32;
#[cfg(feature = "webp-encode")]
use crate::server::Home;
use crate::server::{CHAT, Server, eventually, pictures, testdata};

#[test]
pub(crate) fn a_background_is_set_shown_and_removed() {
    let server = Server::start();
    let never = json!({ "chat_id": "+15551234567", "has_background": false, "background_id": null,
        "background_url": null, "background_version": null });
    assert_eq!(server.get(CHAT), never);

    let [picture, _] = pictures();
    let set = server.put(CHAT, &picture);
    assert_eq!(set.status, 200);
    let mut set = set.json();
    assert_eq!((&set["changed"], &set["background_version"]), (&json!(true), &json!(1)));
    set.as_object_mut().unwrap().remove("changed");
    assert_eq!(server.get(CHAT), set);

    let removed = server.delete(CHAT).json();
    let expected = json!({ "chat_id": "+15551234567", "has_background": false, "background_id": null,
        "background_url": null, "background_version": 2, "changed": true, "background_state": "applied" });
    assert_eq!(removed, expected);
    assert_eq!(server.delete(CHAT).json()["changed"], false);
    assert_eq!(server.delete(CHAT).json()["background_version"], 2);
}

#[test]
fn removing_what_was_never_set_changes_nothing() {
    let server = Server::start();
    let removed = server.delete("grp_1");
    assert_eq!((removed.status, &removed.json()["background_version"]), (200, &Value::Null));
    assert_eq!(removed.json()["changed"], false);
}

#[test]
pub(crate) fn the_object_is_what_its_id_says_until_no_chat_has_it() {
    let server = Server::start();
    let [picture, other] = pictures();
    let set = server.put(CHAT, &picture).json();
    server.put("grp_2", &picture);
    let object = server.object(&set["background_url"]);
    let id = format!("obj_{}", blake3::hash(&object.body).to_hex());
    assert_eq!((object.status, set["background_id"].as_str()), (200, Some(id.as_str())));
    assert_eq!(object.header("content-type"), Some("image/jpeg"));
    assert_eq!(object.header("cache-control"), Some("public, max-age=86400"));
    assert!(object.header("etag").is_some_and(|tag| !tag.contains(&id[4..])));
    assert!(!set["background_url"].as_str().unwrap().contains(&id[4..]));

    server.put(CHAT, &other);
    assert_eq!(server.object(&set["background_url"]).status, 200, "another chat has it");
    server.delete("grp_2");
    let gone = server.object(&set["background_url"]);
    assert_eq!(gone.refusal(), (404, "not_found".into()));
}

#[cfg(feature = "webp-encode")]
#[test]
fn objects_of_a_server_set_up_for_webp_are_webp() {
    let server = Home::new(&[("IMAGE_INGEST__ENCODING", "webp")]).start();
    let set = server.put(CHAT, &pictures()[0]).json();
    let object = server.object(&set["background_url"]);
    assert_eq!((object.status, object.header("content-type")), (200, Some("image/webp")));
    assert_eq!(&object.body[8..12], b"WEBP");
}

#[test]
fn an_object_that_the_client_has_is_not_sent_again() {
    let server = Server::start();
    let url = server.put(CHAT, &pictures()[0]).json()["background_url"].clone();
    let path = format!("/{}", url.as_str().unwrap().splitn(4, '/').nth(3).unwrap());
    let tag = server.object(&url).header("etag").unwrap().to_owned();
    let reply = server.send(&Request::new("GET", path).header("If-None-Match", tag));
    assert_eq!((reply.status, reply.body.len()), (304, 0));
}

#[test]
pub(crate) fn the_same_upload_is_unchanged_and_not_decoded() {
    let server = Server::start();
    let [picture, _] = pictures();
    let set = server.put(CHAT, &picture).json();
    let decoded = server.metric("ingest_pixel_seconds_count");
    let again = server.put(CHAT, &picture).json();
    assert_eq!((&again["changed"], &again["background_version"]), (&json!(false), &json!(1)));
    assert_eq!(again["background_url"], set["background_url"]);
    let object = server.object(&set["background_url"]).body;
    assert_eq!(server.put(CHAT, &object).json()["changed"], false, "the canonical bytes themselves");
    assert_eq!(server.metric("ingest_pixel_seconds_count"), decoded);
    assert_eq!(server.metric("ingest_device_calls_total{result=\"ok\"}"), 1.0);
}

#[test]
fn the_same_pixels_in_another_file_are_unchanged() {
    let server = Server::start();
    let png = testdata("png/display_p3.png");
    // A chunk that no decoder looks at, before the first IDAT (PNG § 4.3).
    let at = png.windows(4).position(|w| w == b"IDAT").unwrap() - 4;
    let chunk = b"\0\0\0\x04tEXta\0bc".to_vec();
    let crc = crc32(&chunk[4..]).to_be_bytes();
    let other = [&png[..at], &chunk, &crc, &png[at..]].concat();
    server.put(CHAT, &png);
    let again = server.put(CHAT, &other).json();
    assert_eq!((&again["changed"], &again["background_version"]), (&json!(false), &json!(1)));
}

#[test]
fn a_list_of_participants_is_one_chat_in_any_order() {
    let server = Server::start();
    let set = server.put("+15559876543,Jo@EXAMPLE.com,%2B15551234567", &pictures()[0]).json();
    assert_eq!(set["chat_id"], "+15551234567,+15559876543,Jo@example.com");
    let same = server.get("%2B15551234567%2C%2B15559876543%2CJo%40example.com%2C%2B15559876543");
    assert_eq!(same["background_id"], set["background_id"]);
}

#[test]
pub(crate) fn a_list_of_the_longest_addresses_is_a_chat() {
    let server = Server::start();
    let address = |n: u32| format!("{}{n:02}@{}.{}.example.com", "a".repeat(60), "b".repeat(60), "c".repeat(60));
    let list = (0..32).map(address).collect::<Vec<_>>().join(",");
    let other = (1..32).map(address).collect::<Vec<_>>().join(",");
    let set = server.put(&list, &pictures()[0]).json();
    assert_eq!((&set["chat_id"], &set["background_version"]), (&json!(list), &json!(1)));
    assert_eq!(server.get(&list)["background_id"], set["background_id"]);
    assert_eq!(server.get(&other)["has_background"], false);
    assert_eq!(server.put(&list, &pictures()[0]).json()["changed"], false);
    assert_eq!(server.delete(&list).json()["background_version"], 2);
    let (ok, text) = server.kill().admin(&["check", "--devices"]);
    assert!(ok, "{text}");
}

#[test]
fn what_is_no_chat_id_is_refused() {
    let server = Server::start();
    for chat in ["%2B15551234567,%2B15551234567", "15551234567", "%2B0", "grp_", "a%2Fb", "%FF", "%2B15551234567,grp_1"]
    {
        for method in ["GET", "DELETE", "PUT"] {
            let reply = server.send(&server.background(method, chat));
            assert_eq!(reply.refusal(), (400, "invalid_chat_id".into()), "{method} {chat}");
        }
    }
}

#[test]
pub(crate) fn there_is_one_answer_to_every_wrong_key() {
    let server = Server::start();
    let (_, key) = server.home().admin(&["keys", "add", "demo"]);
    let key = key.trim();
    let id = key.split('_').nth(2).unwrap();
    let with = |authorization: Option<&str>| {
        let request = Request::new("GET", format!("/v2/api/chats/{CHAT}/background"));
        let request = authorization.into_iter().fold(request, |r, value| r.header("Authorization", value));
        let reply = server.send(&request);
        (reply.status, reply.body)
    };
    assert_eq!(with(Some(&format!("Bearer {key}"))).0, 200);
    assert!(server.home().admin(&["keys", "revoke", id]).0);
    let (status, body) = with(None);
    assert_eq!(status, 401);
    eventually("a revoked key is taken", || with(Some(&format!("Bearer {key}"))).0 == 401);
    let last_digit_wrong = format!("Bearer {}x", &server.key[..server.key.len() - 1]);
    let revoked = format!("Bearer {key}");
    for wrong in ["Bearer", "Bearer x", "Basic abc", "Bearer bl_live_0_0", &revoked, &last_digit_wrong] {
        assert_eq!(with(Some(wrong)), (401, body.clone()), "{wrong}");
    }
}

#[test]
pub(crate) fn an_account_sees_its_own_chats_only() {
    let server = Server::start();
    let set = server.put(CHAT, &pictures()[0]).json();
    server.home().admin(&["numbers", "add", "other", "+15550000002"]);
    let (_, key) = server.home().admin(&["keys", "add", "other"]);
    let other = |method, parts: &[(&str, &[u8])]| {
        let request = Request::new(method, format!("/v2/api/chats/{CHAT}/background"))
            .header("Authorization", format!("Bearer {}", key.trim()));
        server.send(&if parts.is_empty() { request } else { request.parts(parts) }).json()
    };
    assert_eq!(other("GET", &[])["background_version"], Value::Null);
    let theirs = other("PUT", &[("background", &pictures()[0])]);
    assert_eq!((&theirs["background_version"], &theirs["changed"]), (&json!(1), &json!(true)));
    assert_eq!(theirs["background_id"], set["background_id"]);
    assert_ne!(theirs["background_url"], set["background_url"], "a shared URL would tell that others have the picture");
    other("DELETE", &[]);
    assert_eq!(server.get(CHAT)["has_background"], true);
}

#[test]
fn unknown_paths_and_methods_are_told_apart() {
    let server = Server::start();
    for path in ["/", "/v2", "/v2/api/chats", "/v2/api/objects/0", "/v2/api/objects/00000000000000000000000000000000"] {
        assert_eq!(server.send(&Request::new("GET", path)).refusal(), (404, "not_found".into()), "{path}");
    }
    for (method, path) in [("POST", format!("/v2/api/chats/{CHAT}/background")), ("PUT", "/v2/api/limits".into())] {
        let reply = server.send(&Request::new(method, path));
        assert_eq!(reply.refusal(), (405, "method_not_allowed".into()));
        assert!(reply.header("allow").is_some());
    }
}

#[test]
pub(crate) fn without_a_number_nothing_is_stored() {
    let server = Server::start();
    assert!(server.home().admin(&["numbers", "remove", "+15550000001"]).0);
    let reply = server.put(CHAT, &pictures()[0]);
    assert_eq!(reply.refusal(), (503, "no_active_number".into()));
    assert_eq!(server.get(CHAT)["background_version"], Value::Null);
    assert!(std::fs::read_dir(server.home().data().join("objects")).map_or(true, |mut d| d.next().is_none()));
}

#[test]
pub(crate) fn an_idempotency_key_gets_the_same_answer() {
    let server = Server::start();
    let [picture, other] = pictures();
    let put = |upload: &[u8], key: &str| {
        let request = server.background("PUT", CHAT).header("Idempotency-Key", key);
        server.send(&request.parts(&[("background", upload)]))
    };
    let first = put(&picture, "a");
    server.put(CHAT, &other);
    let again = put(&picture, "a");
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(server.get(CHAT)["background_version"], 2);
    assert_eq!(put(&other, "a").refusal(), (409, "idempotency_conflict".into()));
    let unchanged = put(&other, "b");
    server.delete(CHAT);
    assert_eq!(put(&other, "b").body, unchanged.body);
    let delete = || server.send(&server.background("DELETE", CHAT).header("Idempotency-Key", "c"));
    assert_eq!(delete().body, delete().body);
    assert_eq!(put(&other, "c").refusal(), (409, "idempotency_conflict".into()));
    assert_eq!(put(&other, "").refusal(), (400, "invalid_parameter".into()));
}

#[test]
pub(crate) fn if_match_holds_back_a_change_of_another_version() {
    let server = Server::start();
    let [picture, other] = pictures();
    let put = |upload: &[u8], tag: &str| {
        server.send(&server.background("PUT", CHAT).header("If-Match", tag).parts(&[("background", upload)]))
    };
    assert_eq!(put(&picture, "*").refusal(), (412, "version_mismatch".into()));
    let set = server.put(CHAT, &picture);
    assert_eq!(set.header("etag"), Some("\"1\""));
    assert_eq!(put(&other, "\"2\"").refusal(), (412, "version_mismatch".into()));
    assert_eq!(put(&other, "\"2\"").json()["details"]["background_version"], 1);
    assert_eq!(put(&other, "\"1\"").json()["background_version"], 2);
    assert_eq!(put(&other, "1").refusal(), (400, "invalid_parameter".into()));
    let delete = |tag| server.send(&server.background("DELETE", CHAT).header("If-Match", tag));
    assert_eq!(delete("\"1\"").status, 412);
    assert_eq!(delete("\"2\"").json()["background_version"], 3);
}

#[test]
pub(crate) fn a_dry_run_answers_the_receipt_and_does_nothing() {
    let server = Server::start();
    let [picture, other] = pictures();
    let dry = |upload: &[u8]| {
        let request = server.request("PUT", &format!("/chats/{CHAT}/background?dry_run=true"));
        server.send(&request.parts(&[("background", upload)]))
    };
    let would = dry(&picture).json();
    assert_eq!(
        (&would["dry_run"], &would["changed"], &would["background_version"]),
        (&json!(true), &json!(true), &Value::Null)
    );
    assert_eq!(would["receipt"]["source"]["orientation"], 6);
    assert_eq!(server.get(CHAT)["background_version"], Value::Null);
    assert_eq!(server.metric("ingest_device_calls_total{result=\"ok\"}"), 0.0);
    let set = server.put(CHAT, &picture).json();
    assert_eq!(would["background_id"], set["background_id"]);
    assert_eq!((&dry(&picture).json()["changed"], &dry(&other).json()["changed"]), (&json!(false), &json!(true)));
    assert_eq!(dry(b"GIF89a").status, 400);
    assert_eq!(server.get(CHAT)["background_version"], 1);
}

#[test]
fn a_receipt_says_what_was_done() {
    let server = Server::start();
    let put = |upload: &[u8]| {
        let request = server.request("PUT", &format!("/chats/{CHAT}/background?receipt=true"));
        server.send(&request.parts(&[("background", upload)])).json()["receipt"].clone()
    };
    let receipt = put(&pictures()[0]);
    let source = &receipt["source"];
    assert_eq!((&source["format"], &source["orientation"], &source["width"]), (&json!("jpeg"), &json!(6), &json!(480)));
    assert_eq!((&receipt["color_conversion"], &receipt["frames_dropped"]), (&json!("none"), &json!(0)));
    assert!(receipt["timings"]["total"].is_number() && receipt["width"].is_number());
    assert_eq!(put(&pictures()[0]), receipt, "the same upload has the receipt of when it was set");
    assert_eq!(server.put(CHAT, &pictures()[1]).json().get("receipt"), None);
}
