//! Tests of objects in a bucket: moto's S3 server behind a proxy that can fail.
//!
//! `IMAGE_INGEST_MOTO` names the program `moto_server` (PyPI: `moto[server]`).

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use crate::client::{Reply, Request};
use crate::server::{CHAT, Home, Server, eventually, pictures, testdata};

pub(crate) struct Moto {
    program: Child,
    pub(crate) address: SocketAddr,
}

impl Moto {
    /// A running store with the bucket `backgrounds`; `None` if moto is not installed.
    pub(crate) fn start() -> Option<Self> {
        let program = std::env::var_os("IMAGE_INGEST_MOTO").map(PathBuf::from)?;
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(program);
        command.args(["-p", &address.port().to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let moto = Self { program: command.spawn().unwrap(), address };
        eventually("moto is not up", || {
            Request::new("PUT", "/backgrounds").send(address).is_ok_and(|r| r.status == 200)
        });
        let mut policy = Request::new("PUT", "/backgrounds?policy");
        policy.body = PUBLIC.to_vec();
        assert!(policy.send(address).unwrap().status < 300);
        Some(moto)
    }

    fn get(&self, path: &str) -> Reply {
        Request::new("GET", path).send(self.address).unwrap()
    }
}

/// Everyone may read and list.
const PUBLIC: &[u8] = br#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
    "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::backgrounds", "arn:aws:s3:::backgrounds/*"]}]}"#;

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

pub(crate) const PASSES: u8 = 0;
pub(crate) const REFUSES: u8 = 1;
const HANGS: u8 = 2;
/// The store takes the object, and its reply is lost.
const DROPS_REPLY: u8 = 3;

/// A proxy to the store that fails as `fault` says.
pub(crate) fn proxy(store: SocketAddr) -> (SocketAddr, Arc<AtomicU8>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, fault) = (listener.local_addr().unwrap(), Arc::new(AtomicU8::new(PASSES)));
    let told = Arc::clone(&fault);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let told = Arc::clone(&told);
            std::thread::spawn(move || pass(client, store, &told));
        }
    });
    (address, fault)
}

fn pass(mut client: TcpStream, store: SocketAddr, fault: &Arc<AtomicU8>) {
    let mut server = TcpStream::connect(store).unwrap();
    let (mut back, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let told = Arc::clone(fault);
    std::thread::spawn(move || {
        let mut buffer = [0; 64 * 1024];
        while let Ok(n @ 1..) = back.read(&mut buffer) {
            if told.load(Ordering::SeqCst) == DROPS_REPLY || to_client.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let mut buffer = [0; 64 * 1024];
    while let Ok(n @ 1..) = client.read(&mut buffer) {
        match fault.load(Ordering::SeqCst) {
            REFUSES => {
                let _ = client.write_all(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                break;
            }
            HANGS => {
                eventually("it hangs", || fault.load(Ordering::SeqCst) != HANGS);
                break;
            }
            _ if server.write_all(&buffer[..n]).is_err() => break,
            _ => {}
        }
    }
    let _ = server.shutdown(Shutdown::Both);
    let _ = client.shutdown(Shutdown::Both);
}

fn server(moto: &Moto, endpoint: SocketAddr) -> Server {
    home(&format!("http://{}/backgrounds", moto.address), &format!("http://{endpoint}")).start()
}

fn home(public: &str, endpoint: &str) -> Home {
    let mut settings = store_settings(public, endpoint);
    // For objects whose change was not committed with them; unused ones are erased at once.
    settings.push(("IMAGE_INGEST__TIMES__GRACE_MS", "1000".into()));
    settings.push(("IMAGE_INGEST__TIMES__REPAIR_MS", "100".into()));
    settings.push(("IMAGE_INGEST__RENDITIONS__CARD", "fit:100".into()));
    Home::new(&settings.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>())
}

/// Settings for objects in the bucket at `endpoint`.
pub(crate) fn store_settings(public: &str, endpoint: &str) -> Vec<(&'static str, String)> {
    vec![
        ("IMAGE_INGEST__OBJECTS__KIND", "s3".into()),
        ("IMAGE_INGEST__OBJECTS__BUCKET", "backgrounds".into()),
        ("IMAGE_INGEST__OBJECTS__ENDPOINT", endpoint.into()),
        ("IMAGE_INGEST__OBJECTS__PUBLIC_URL", public.into()),
        ("IMAGE_INGEST__OBJECTS__ACCESS_KEY_ID", "test".into()),
        ("IMAGE_INGEST__OBJECTS__SECRET_ACCESS_KEY", "canary-secret".into()),
        ("IMAGE_INGEST__TIMES__OBJECTS_MS", "1500".into()),
    ]
}

#[test]
fn a_bucket_without_conditional_puts_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // It takes every object, also one that exists.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || takes_everything(stream));
        }
    });
    let url = format!("http://{address}");
    let (ok, text) = home(&url, &url).admin(&["serve"]);
    assert!(!ok && text.contains("conditional puts are required"), "{text}");
}

fn takes_everything(mut stream: TcpStream) {
    let mut buffer = [0; 16 * 1024];
    let mut seen = Vec::new();
    while let Ok(n @ 1..) = stream.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..n]);
        // The probe's body is one word.
        if seen.ends_with(b"probe") || seen.starts_with(b"DELETE") && seen.ends_with(b"\r\n\r\n") {
            seen.clear();
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 0\r\n\r\n");
        }
    }
}

fn path(url: &serde_json::Value) -> String {
    format!("/{}", url.as_str().unwrap().splitn(4, '/').nth(3).unwrap())
}

#[test]
fn a_bucket_holds_objects_and_failures_are_repaired() {
    let Some(moto) = Moto::start() else {
        eprintln!("skipped: IMAGE_INGEST_MOTO does not name moto_server");
        return;
    };
    let (endpoint, fault) = proxy(moto.address);
    let server = server(&moto, endpoint);
    let [picture, other] = pictures();
    let set = server.put(CHAT, &picture).json();
    let object = moto.get(&path(&set["background_url"]));
    assert_eq!(object.status, 200, "{}", server.home().log());
    assert_eq!(set["background_id"], format!("obj_{}", blake3::hash(&object.body).to_hex()));
    assert_eq!(object.header("content-type"), Some("image/jpeg"));
    assert_eq!(object.header("cache-control"), Some("public, max-age=86400"));
    let card = &set["background_renditions"]["card"];
    let rendition = moto.get(&path(&card["url"]));
    assert_eq!((rendition.status, rendition.header("content-type")), (200, Some("image/jpeg")));
    assert_eq!(card["bytes"], rendition.body.len());
    let here = path(&set["background_url"]).replace("/backgrounds", "");
    assert_eq!(server.send(&Request::new("GET", here)).status, 404, "the bucket serves its own objects");

    // Pictures that the store has not: one that it has would be taken again.
    let others = [other, testdata("webp/lossy_333x251.webp"), testdata("png/display_p3.png")];
    for (mode, upload) in [REFUSES, HANGS, DROPS_REPLY].into_iter().zip(&others) {
        fault.store(mode, Ordering::SeqCst);
        if mode == REFUSES {
            eventually("it is ready", || server.send(&Request::new("GET", "/readyz")).status == 503);
        }
        let broken = server.put(CHAT, upload).json();
        assert_eq!((&broken["background_url"], &broken["changed"]), (&serde_json::Value::Null, &true.into()), "{mode}");
        // While the store fails, others do not wait for it, and the device gets its change.
        let started = Instant::now();
        let other = server.put("grp_other", upload);
        assert!(other.status == 200 && started.elapsed() < Duration::from_millis(1400), "{:?}", started.elapsed());
        server.delete("grp_other");
        fault.store(PASSES, Ordering::SeqCst);
        eventually("it has no url", || !server.get(CHAT)["background_url"].is_null());
        let state = server.get(CHAT);
        assert_eq!(state["background_version"], broken["background_version"]);
        assert_eq!(moto.get(&path(&state["background_url"])).status, 200);
        assert_eq!(moto.get(&path(&state["background_renditions"]["card"]["url"])).status, 200, "{mode}");
    }

    let state = server.get(CHAT);
    let last = [path(&state["background_url"]), path(&state["background_renditions"]["card"]["url"])];
    server.delete(CHAT);
    let started = Instant::now();
    eventually("the objects are kept", || last.iter().all(|path| moto.get(path).status == 404));
    println!("the URL of a removed background answers 404 after {:?}", started.elapsed());
    let listed = || String::from_utf8(moto.get("/backgrounds?list-type=2").body).unwrap();
    eventually("objects are left over", || !listed().contains("<Key>"));
    assert!(!server.home().log().contains("canary"));
    let (ok, text) = server.kill().admin(&["check", "--deep", "--devices"]);
    assert!(ok, "{text}");
}
