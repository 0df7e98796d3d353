//! Tests of a server that strangers reach: limits of requests, keys that end, other origins, and what is not public.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::client::{Reply, Request};
use crate::postgres::{holds, on_postgres};
use crate::server::{CHAT, Home, Server, eventually, pictures};

fn get_with(server: &Server, key: &str, address: &str) -> Reply {
    let request = Request::new("GET", format!("/v2/api/chats/{CHAT}/background"))
        .header("Authorization", format!("Bearer {key}"))
        .header("X-Forwarded-For", address);
    server.send(&request)
}

fn new_key(home: &Home, args: &[&str]) -> String {
    let (ok, key) = home.admin(&[&["keys", "add", "demo"][..], args].concat());
    assert!(ok, "{key}");
    key.trim().to_owned()
}

#[test]
fn no_limit_is_told_where_none_is_set() {
    let server = Server::start();
    let reply = server.send(&server.background("GET", CHAT));
    assert_eq!((reply.header("ratelimit"), reply.header("ratelimit-policy")), (None, None));
}

#[test]
fn a_key_over_its_limit_is_told_when_to_come_again() {
    let server = Server::with(&[("IMAGE_INGEST__LIMITS__KEY_REQUESTS_PER_MINUTE", "3")]);
    let other = new_key(server.home(), &[]);
    for left in ["2", "1", "0"] {
        let reply = get_with(&server, &server.key, "");
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("ratelimit-policy"), Some("\"key-minute\";q=3;w=60"));
        assert!(reply.header("ratelimit").unwrap().starts_with(&format!("\"key-minute\";r={left};t=")), "{reply:?}");
    }
    let refused = get_with(&server, &server.key, "");
    assert_eq!(refused.refusal(), (429, "rate_limited".into()));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    assert!(refused.header("ratelimit").unwrap().starts_with("\"key-minute\";r=0;t="));
    assert_eq!(get_with(&server, &other, "").status, 200, "another key has a limit of its own");
    // Operations and a wrong key count against nobody.
    assert_eq!(server.send(&Request::new("GET", "/healthz")).status, 200);
    assert_eq!(get_with(&server, &format!("{}x", other), "").status, 401);
    assert_eq!(server.metric("ingest_rate_limited_total{limit=\"key-minute\"}"), 1.0);
}

#[test]
fn uploads_of_a_key_in_a_day_are_limited_apart_from_reading() {
    let server = Server::with(&[("IMAGE_INGEST__LIMITS__KEY_UPLOADS_PER_DAY", "2")]);
    assert_eq!([0, 1].map(|i| server.put(CHAT, &pictures()[i]).status), [200, 200]);
    let refused = server.put(CHAT, &pictures()[0]);
    assert_eq!(refused.refusal(), (429, "rate_limited".into()));
    assert_eq!(refused.header("ratelimit-policy"), Some("\"key-day\";q=2;w=86400"));
    assert_eq!((server.get(CHAT)["background_version"].as_i64(), server.delete(CHAT).status), (Some(2), 200));
}

#[test]
fn an_address_is_the_connections_unless_a_trusted_proxy_tells_another() {
    let limit = ("IMAGE_INGEST__LIMITS__ADDRESS_REQUESTS_PER_MINUTE", "2");
    let server = Server::with(&[limit]);
    let statuses =
        ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|address| get_with(&server, &server.key, address).status);
    assert_eq!(statuses, [200, 200, 429], "anyone may write X-Forwarded-For");

    let server = Server::with(&[limit, ("IMAGE_INGEST__TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1")]);
    let status = |address: &str| get_with(&server, &server.key, address).status;
    assert_eq!(["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"].map(status), [200, 200, 429, 200]);
    assert_eq!(["1.1.1.1, 192.0.2.2", "2.2.2.2, 192.0.2.2"].map(status), [200, 429], "the client wrote the first one");
    assert_eq!(["2001:db8::1", "2001:db8::2", "2001:db8::3"].map(status), [200, 200, 429], "one network");
    let object = Request::new("GET", format!("/objects/{}", "0".repeat(32))).header("X-Forwarded-For", "192.0.2.1");
    assert_eq!(server.send(&object).refusal(), (429, "rate_limited".into()), "objects count, too");
}

#[test]
fn unknown_keys_are_looked_up_a_limited_number_of_times_and_known_ones_go_on() {
    let server = Server::with(&[("IMAGE_INGEST__LIMITS__UNKNOWN_KEYS_PER_SECOND", "1")]);
    assert_eq!(get_with(&server, &server.key, "").status, 200);
    let unknown = |i: usize| get_with(&server, &format!("bl_live_{i:012x}_{}", "0".repeat(48)), "").status;
    let statuses: Vec<u16> = (0..40).map(unknown).collect();
    assert!(statuses.starts_with(&[401, 401]) && statuses.ends_with(&[503]), "{statuses:?}");
    assert!(statuses.iter().all(|status| [401, 503].contains(status)));
    // It is not remembered any more, but was good lately.
    std::thread::sleep(std::time::Duration::from_millis(5_200));
    assert!((0..40).map(unknown).any(|status| status == 503));
    assert_eq!(get_with(&server, &server.key, "").status, 200);
}

#[test]
fn unknown_keys_from_one_address_do_not_hinder_others() {
    let settings = [
        ("IMAGE_INGEST__LIMITS__ADDRESS_UNKNOWN_KEYS_PER_MINUTE", "3"),
        ("IMAGE_INGEST__TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let server = Server::with(&settings);
    let unknown = |i: usize| get_with(&server, &format!("bl_live_{i:012x}_{}", "0".repeat(48)), "192.0.2.1").status;
    assert_eq!((0..5).map(unknown).collect::<Vec<_>>(), [401, 401, 401, 429, 429]);
    assert_eq!(get_with(&server, &server.key, "192.0.2.2").status, 200);
    assert_eq!(get_with(&server, &server.key, "192.0.2.1").status, 200, "a key that was good goes on");
}

#[test]
pub(crate) fn answers_for_idempotency_keys_are_bounded_for_each_account() {
    let server = Server::with(&[("IMAGE_INGEST__LIMITS__IDEMPOTENCY_KEYS", "3")]);
    let put = |key: &str| {
        let request = server.background("PUT", CHAT).header("Idempotency-Key", key);
        server.send(&request.parts(&[("background", &pictures()[0])]))
    };
    assert_eq!(["a", "b", "c"].map(|key| put(key).status), [200; 3]);
    let refused = put("d");
    assert_eq!(refused.refusal(), (429, "rate_limited".into()));
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(put("a").header("idempotency-replayed"), Some("true"), "what is stored is still answered");
    assert_eq!(server.put(CHAT, &pictures()[1]).status, 200, "and changes without a key go on");
    let delete = server.send(&server.background("DELETE", CHAT).header("Idempotency-Key", "e"));
    assert_eq!(delete.status, 429);
}

#[test]
pub(crate) fn a_key_ends_at_its_time_and_its_last_use_is_listed() {
    let server = Server::start();
    let (ok, said) = server.home().admin(&["keys", "add", "demo", "--expires", "2020-01-01"]);
    assert!(!ok && said.contains("in the past"), "{said}");
    let (ok, said) = server.home().admin(&["keys", "add", "demo", "--expires", "soon"]);
    assert!(!ok && said.contains("90d"), "{said}");
    let lasting = new_key(server.home(), &["--expires", "90d"]);
    let short = new_key(server.home(), &["--expires", "3s", "--label", "short"]);
    assert_eq!([&lasting, &short].map(|key| get_with(&server, key, "").status), [200, 200]);
    eventually("an ended key is taken", || get_with(&server, &short, "").status == 401);
    assert_eq!(get_with(&server, &lasting, "").status, 200);

    let row = |listed: &str, key: &str| -> Vec<String> {
        let id = key.split('_').nth(2).unwrap();
        let line = listed.lines().find(|line| line.starts_with(id)).unwrap();
        line.split('\t').map(str::to_owned).collect()
    };
    let (_, listed) = server.home().admin(&["keys", "list"]);
    assert_eq!(listed.lines().next().unwrap(), "id\taccount\tcreated_ms\trevoked_ms\texpires_ms\tused_ms\tlabel");
    assert_eq!(row(&listed, &lasting)[5], "-", "uses are written once a minute");
    server.signal("-TERM");
    let (_, home) = server.ended();
    let (_, listed) = home.admin(&["keys", "list"]);
    let [lasting, short] = [row(&listed, &lasting), row(&listed, &short)];
    let ms = |text: &str| text.parse::<i64>().unwrap();
    assert!((89..=90).contains(&((ms(&lasting[4]) - ms(&lasting[2])) / 86_400_000)), "{lasting:?}");
    assert!(ms(&lasting[5]) >= ms(&lasting[2]) && ms(&short[5]) <= ms(&short[4]), "{lasting:?} {short:?}");
}

#[test]
fn operations_are_not_public_where_they_have_a_listener() {
    let server = Server::with(&[("IMAGE_INGEST__OPERATIONS_LISTEN", "127.0.0.1:0")]);
    let operations = server.operations.unwrap();
    for path in ["/healthz", "/readyz", "/metrics"] {
        for base in ["", "/v2/api"] {
            let request = Request::new("GET", format!("{base}{path}"));
            assert_eq!(server.send(&request).refusal(), (404, "not_found".into()), "{base}{path}");
            assert_eq!(request.send(operations).unwrap().status, 200, "{base}{path}");
        }
    }
    for path in ["/try", "/limits", "/openapi.json"] {
        assert_eq!(Request::new("GET", path).send(operations).unwrap().status, 404, "{path}");
        assert_eq!(server.send(&Request::new("GET", path)).status, 200, "{path}");
    }
    assert_eq!(server.put(CHAT, &pictures()[0]).status, 200);
    let metrics = String::from_utf8(Request::new("GET", "/metrics").send(operations).unwrap().body).unwrap();
    assert!(metrics.contains("ingest_requests_total{method=\"PUT\""));
    server.signal("-TERM");
    assert!(server.ended().0.success());
}

#[test]
fn the_page_can_be_switched_off() {
    let server = Server::with(&[("IMAGE_INGEST__TRY_PAGE", "false")]);
    assert_eq!(server.send(&Request::new("GET", "/try")).status, 404);
    assert_eq!(server.send(&Request::new("GET", "/v2/api/try")).status, 404);
    assert_eq!(server.send(&Request::new("GET", "/limits")).status, 200);
}

#[test]
fn pages_of_named_origins_may_call_and_others_not() {
    let server = Server::with(&[("IMAGE_INGEST__CORS__ORIGINS", "https://app.example, http://localhost:3000")]);
    let path = format!("/v2/api/chats/{CHAT}/background");
    let preflight = |origin: &str| {
        let request = Request::new("OPTIONS", path.clone())
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "PUT")
            .header("Access-Control-Request-Headers", "authorization,idempotency-key");
        server.send(&request)
    };
    let allowed = preflight("https://app.example");
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example"));
    assert!(allowed.header("access-control-allow-methods").unwrap().contains("PUT"));
    let headers = allowed.header("access-control-allow-headers").unwrap().to_lowercase();
    assert!(["authorization", "content-type", "idempotency-key", "if-match"].iter().all(|name| headers.contains(name)));
    assert_eq!(allowed.header("access-control-max-age"), Some("600"));
    assert_eq!(preflight("https://evil.example").header("access-control-allow-origin"), None);

    let with_origin = |request: Request| server.send(&request.header("Origin", "http://localhost:3000"));
    let set = with_origin(server.background("PUT", CHAT).parts(&[("background", &pictures()[0])]));
    assert_eq!((set.status, set.header("access-control-allow-origin")), (200, Some("http://localhost:3000")));
    let exposed = set.header("access-control-expose-headers").unwrap().to_lowercase();
    assert!(
        ["etag", "retry-after", "x-request-id", "ratelimit"].iter().all(|name| exposed.contains(name)),
        "{exposed}"
    );
    assert!(set.header("access-control-allow-credentials").is_none(), "keys are no cookies");
    let refused = with_origin(Request::new("GET", path.clone()));
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, Some("http://localhost:3000")));

    let closed = Server::start();
    let answer = closed.send(&Request::new("OPTIONS", path).header("Origin", "https://app.example"));
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (405, None));
}

/// Every file and folder under a folder, with its mode.
fn modes(folder: &Path) -> Vec<(String, bool, u32)> {
    let mode = |path: &Path| {
        let meta = std::fs::metadata(path).unwrap();
        (path.display().to_string(), meta.is_dir(), meta.permissions().mode() & 0o777)
    };
    let mut found = vec![mode(folder)];
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() { found.extend(modes(&entry.path())) } else { found.push(mode(&entry.path())) }
    }
    found
}

#[test]
fn the_data_folder_is_its_owners_alone() {
    let home = Home::new(&[]);
    // As an earlier version, or a careless operator, made it.
    std::fs::create_dir_all(home.data()).unwrap();
    std::fs::set_permissions(home.data(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let server = home.start();
    assert_eq!(server.put(CHAT, &pictures()[0]).status, 200);
    server.settle();
    let modes = modes(&server.home().data());
    assert!(modes.len() > 5 && modes.iter().any(|(path, ..)| path.contains("/objects/")), "{modes:?}");
    for (path, is_folder, mode) in modes {
        assert_eq!(mode, if is_folder { 0o700 } else { 0o600 }, "{path} {mode:o}");
    }
}

fn config_check(settings: &[(&str, &str)]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_image-ingest-server"));
    command.env_clear().args(["config", "check"]).envs(settings.iter().copied());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

#[test]
fn config_check_prints_what_is_in_force_or_the_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("key");
    std::fs::write(&secret, "canary\n").unwrap();
    let secret = secret.display().to_string();
    let (ok, text) = config_check(&[
        ("IMAGE_INGEST__WORK__QUEUE", "7"),
        ("IMAGE_INGEST__DATABASE__URL", "postgres://u:canary@h/d"),
        ("IMAGE_INGEST__OBJECTS__KIND", "s3"),
        ("IMAGE_INGEST__OBJECTS__BUCKET", "b"),
        ("IMAGE_INGEST__OBJECTS__PUBLIC_URL", "https://b.example"),
        ("IMAGE_INGEST__OBJECTS__ACCESS_KEY_ID", "canary"),
        ("IMAGE_INGEST__OBJECTS__SECRET_ACCESS_KEY_FILE", &secret),
    ]);
    assert!(ok && text.contains("queue = 7") && text.contains("secret_access_key = \"(secret)\""), "{text}");
    assert!(text.contains("keep_alive_ms = 75000") && !text.contains("canary"), "{text}");
    for (settings, sentence) in [
        (&[("IMAGE_INGEST__LISTEN", "0.0.0.0:8080")][..], "public_url is missing"),
        (&[("IMAGE_INGEST__TIMES__HEADER_MS", "0")], "times.header_ms is 0"),
        (&[("IMAGE_INGEST__WORK__JOB_BYTES", "9223372036854775807")], "work.job_bytes is outside"),
        (&[("IMAGE_INGEST__WORK__JOB_BYTES", "99999999999999999999")], "invalid type"),
        (&[("IMAGE_INGEST__OBJECTS__BUCKET", "b")], "objects.bucket is set, and objects.kind is local"),
        (&[("IMAGE_INGEST__OBJECTS__SECRET_ACCESS_KEY_FILE", "/nothing")], "/nothing"),
        (&[("IMAGE_INGEST__NOTHING", "1")], "nothing"),
    ] {
        let (ok, text) = config_check(settings);
        assert!(!ok && text.contains(sentence), "{settings:?}: {text}");
    }
}

#[test]
fn the_embedded_device_is_refused_on_postgresql() {
    on_postgres(|| {
        let mut home = Home::new(&[]);
        home.set("IMAGE_INGEST__DEVICE__SHARED_FOLDER", "false");
        for args in [&["serve", "--demo"][..], &["numbers", "add", "demo", "+15550000001"]] {
            let (ok, text) = home.admin(args);
            assert!(!ok && text.contains("give the number an agent"), "{text}");
        }
        let url = home.setting("IMAGE_INGEST__DATABASE__URL").unwrap();
        assert!(holds(&url, "(SELECT COUNT(*) FROM numbers) = 0"));
    });
}

#[test]
fn keys_and_answers_are_bounded_on_postgresql() {
    on_postgres(|| {
        a_key_ends_at_its_time_and_its_last_use_is_listed();
        answers_for_idempotency_keys_are_bounded_for_each_account();
    });
}
