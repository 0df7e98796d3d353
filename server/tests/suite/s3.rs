//! Tests of objects in a bucket: moto's S3 server behind a proxy that can fail.
//!
//! `IMAGE_INGEST_MOTO` names the program `moto_server` (PyPI: `moto[server]`).

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::client::{Reply, Request};
use crate::server::{CHAT, Server, eventually, pictures, testdata};

struct Moto {
    program: Child,
    address: SocketAddr,
}

impl Moto {
    /// A running store with the bucket `backgrounds`; `None` if moto is not installed.
    fn start() -> Option<Self> {
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

const PASSES: u8 = 0;
const REFUSES: u8 = 1;
const HANGS: u8 = 2;
/// The store takes the object, and its reply is lost.
const DROPS_REPLY: u8 = 3;

/// A proxy to the store that fails as `fault` says.
fn proxy(store: SocketAddr) -> (SocketAddr, Arc<AtomicU8>) {
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
    let (public, endpoint) = (format!("http://{}/backgrounds", moto.address), format!("http://{endpoint}"));
    Server::with(&[
        ("IMAGE_INGEST__OBJECTS__KIND", "s3"),
        ("IMAGE_INGEST__OBJECTS__BUCKET", "backgrounds"),
        ("IMAGE_INGEST__OBJECTS__ENDPOINT", &endpoint),
        ("IMAGE_INGEST__OBJECTS__PUBLIC_URL", &public),
        ("IMAGE_INGEST__OBJECTS__ACCESS_KEY_ID", "test"),
        ("IMAGE_INGEST__OBJECTS__SECRET_ACCESS_KEY", "canary-secret"),
        ("IMAGE_INGEST__TIMES__OBJECTS_MS", "1500"),
        ("IMAGE_INGEST__TIMES__REPAIR_MS", "100"),
        ("IMAGE_INGEST__TIMES__GRACE_MS", "1000"),
    ])
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
    let here = path(&set["background_url"]).replace("/backgrounds", "");
    assert_eq!(server.send(&Request::new("GET", here)).status, 404, "the bucket serves its own objects");

    // Pictures that the store has not: one that it has would be taken again.
    let others = [other, testdata("webp/lossy_333x251.webp"), testdata("png/display_p3.png")];
    for (mode, upload) in [REFUSES, HANGS, DROPS_REPLY].into_iter().zip(&others) {
        fault.store(mode, Ordering::SeqCst);
        let broken = server.put(CHAT, upload).json();
        assert_eq!((&broken["background_url"], &broken["changed"]), (&serde_json::Value::Null, &true.into()), "{mode}");
        fault.store(PASSES, Ordering::SeqCst);
        eventually("it has no url", || !server.get(CHAT)["background_url"].is_null());
        let state = server.get(CHAT);
        assert_eq!(state["background_version"], broken["background_version"]);
        assert_eq!(moto.get(&path(&state["background_url"])).status, 200);
    }

    let last = path(&server.get(CHAT)["background_url"]);
    server.delete(CHAT);
    eventually("the object is kept", || moto.get(&last).status == 404);
    let listed = || String::from_utf8(moto.get("/backgrounds?list-type=2").body).unwrap();
    eventually("objects are left over", || !listed().contains("<Key>"));
    assert!(!server.home().log().contains("canary"));
    let (ok, text) = server.kill().admin(&["check", "--devices"]);
    assert!(ok, "{text}");
}
