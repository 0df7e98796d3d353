//! Tests of the page at /try: plain, and with a build of the library for browsers.

use std::path::Path;

use crate::client::Request;
use crate::server::{Home, Server};

const FILES: [&str; 6] =
    ["index.js", "instance.js", "load.js", "worker.js", "image_ingest.wasm", "image_ingest_simd.wasm"];

fn build_in(folder: &Path) {
    for file in FILES {
        std::fs::write(folder.join(file), format!("the bytes of {file}")).unwrap();
    }
}

fn page(server: &Server) -> (String, String) {
    let reply = server.send(&Request::new("GET", "/v2/api/try"));
    assert_eq!(reply.status, 200);
    let policy = reply.header("content-security-policy").unwrap().to_owned();
    (String::from_utf8(reply.body).unwrap(), policy)
}

#[test]
fn without_a_build_the_page_is_plain() {
    let server = Server::start();
    let (text, policy) = page(&server);
    assert!(!text.contains("type=\"module\"") && !policy.contains("wasm"), "{policy}");
    for file in ["index.js", "ahead.js", "image_ingest.wasm"] {
        let reply = server.send(&Request::new("GET", format!("/v2/api/wasm/{file}")));
        assert_eq!(reply.refusal(), (404, "not_found".into()));
    }
}

#[test]
fn with_a_build_the_page_loads_it_from_this_server() {
    let folder = tempfile::tempdir().unwrap();
    build_in(folder.path());
    let server = Server::with(&[("IMAGE_INGEST__PAGE__WASM_DIR", folder.path().to_str().unwrap())]);
    let (text, policy) = page(&server);
    assert!(text.contains("<script type=\"module\" src=\"wasm/ahead.js\"></script>"));
    assert!(policy.contains("'wasm-unsafe-eval'") && policy.contains("worker-src 'self'"), "{policy}");
    for base in ["", "/v2/api"] {
        for (file, kind) in FILES.iter().map(|file| (*file, file.rsplit('.').next().unwrap())) {
            let reply = server.send(&Request::new("GET", format!("{base}/wasm/{file}")));
            let expected = if kind == "js" { "text/javascript; charset=utf-8" } else { "application/wasm" };
            assert_eq!((reply.status, reply.header("content-type")), (200, Some(expected)), "{file}");
            assert_eq!(reply.body, format!("the bytes of {file}").into_bytes());
            let tag = reply.header("etag").unwrap().to_owned();
            let again = Request::new("GET", format!("{base}/wasm/{file}")).header("If-None-Match", tag);
            assert_eq!(server.send(&again).status, 304);
        }
    }
    let ahead = server.send(&Request::new("GET", "/wasm/ahead.js"));
    assert!(String::from_utf8(ahead.body).unwrap().contains("from './index.js'"));
    for path in ["/wasm/none.js", "/wasm/..%2Findex.js", "/wasm/"] {
        assert_eq!(server.send(&Request::new("GET", path)).status, 404, "{path}");
    }
}

#[test]
fn a_folder_that_is_no_build_is_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    build_in(folder.path());
    std::fs::remove_file(folder.path().join("worker.js")).unwrap();
    let home = Home::new(&[("IMAGE_INGEST__PAGE__WASM_DIR", folder.path().to_str().unwrap())]);
    let (ok, text) = home.admin(&["serve"]);
    assert!(!ok && text.contains("page.wasm_dir") && text.contains("worker.js"), "{text}");
}
