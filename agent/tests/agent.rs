//! Tests of the built agent over TCP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image_ingest::{ContentId, Ingest, Source, inspect};
use image_ingest_agent::signature::{now, sign};
use image_ingest_agent::{Change, ChatRef, Device, ObjectRef};

const SECRET: &str = "a secret of tests with more than 32 bytes";

struct Agent {
    child: Child,
    address: String,
    folder: tempfile::TempDir,
}

impl Agent {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_image-ingest-agent"))
            .arg("--root")
            .arg(folder.path().join("root"))
            .arg("--secret-file")
            .arg(folder.path().join("secret"))
            .args(["--listen", "127.0.0.1:0", "--width", "30", "--height", "60"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, address, folder }
    }

    /// Status and body of a signed call.
    fn call(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let at = now();
        let signature = sign(SECRET.as_bytes(), path, at, body.as_bytes());
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Timestamp: {at}\r\nX-Signature: {signature}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + body).as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        let status = reply.split(' ').nth(1).unwrap().parse().unwrap();
        (status, reply.split("\r\n\r\n").nth(1).unwrap().to_owned())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn change(version: u64, id: ContentId, bytes: &[u8]) -> String {
    let object = ObjectRef { id: id.to_string(), url: None, bytes: Some(STANDARD.encode(bytes)) };
    let (number, account, chat) = ("+15550000001".into(), "demo".into(), "grp_1".into());
    serde_json::to_string(&Change { number, account, chat, version, object: Some(object) }).unwrap()
}

#[test]
fn a_change_is_put_in_place_and_reported() {
    let agent = Agent::start();
    let ingest = Ingest::default();
    let source = Source::new(image_ingest::samples()[0].bytes, ingest.limits()).unwrap();
    let background = ingest.ingest(source).unwrap();
    let (status, reply) = agent.call("PUT", "/v1/background", &change(4, background.id, &background.bytes));
    assert_eq!((status, reply.as_str()), (200, r#"{"version":4}"#));

    let state = agent.call("POST", "/v1/state", r#"{"number":"+15550000001","account":"demo","chat":"grp_1"}"#);
    assert_eq!(state, (200, format!("{{\"version\":4,\"id\":\"{}\"}}", background.id)));
    let device = Device::open(agent.folder.path().join("root"), 30, 60).unwrap();
    let chat = ChatRef { number: "+15550000001", account: "demo", chat: "grp_1" };
    let picture = std::fs::read(device.picture(chat).unwrap().unwrap()).unwrap();
    let size = Ingest::default().source(picture).and_then(|source| inspect(&source)).unwrap().header.size();
    assert_eq!((size.width, size.height), (30, 60));
}

#[test]
fn other_bytes_than_the_id_says_are_refused() {
    let agent = Agent::start();
    let (status, reply) = agent.call("PUT", "/v1/background", &change(1, ContentId::of(b"other"), b"bytes"));
    assert_eq!((status, reply.as_str()), (422, r#"{"code":"wrong_object"}"#));
    assert_eq!(agent.call("PUT", "/v1/background", "{}").0, 400);
}

#[test]
fn a_short_secret_is_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "short").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_image-ingest-agent"));
    command.arg("--root").arg(folder.path()).arg("--secret-file").arg(folder.path().join("secret"));
    let output = command.output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("fewer than 32 bytes"));
}
