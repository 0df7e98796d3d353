//! Tests of the built agent over TCP, with a server that the tests play.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image_ingest::{ContentId, Ingest, Source, inspect};
use image_ingest_agent::{AgentChange, AgentRendition, AgentReply, ChatRef, Device, Outcome};

const CREDENTIAL: &str = "bl_agent_phone_0123456789";

struct Played {
    agent: Child,
    changes: Sender<String>,
    replies: Receiver<AgentReply>,
    folder: tempfile::TempDir,
}

impl Played {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("credential"), format!("{CREDENTIAL}\n")).unwrap();
        let agent = Command::new(env!("CARGO_BIN_EXE_image-ingest-agent"))
            .arg("--server")
            .arg(format!("http://{}/", listener.local_addr().unwrap()))
            .arg("--credential-file")
            .arg(folder.path().join("credential"))
            .arg("--root")
            .arg(folder.path().join("root"))
            .args(["--width", "30", "--height", "60"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ((changes, given), (told, replies)) = (channel(), channel());
        let given = Arc::new(Mutex::new(given));
        std::thread::spawn(move || {
            // A client may open a connection before it closes another.
            for stream in listener.incoming().flatten() {
                let (given, told) = (Arc::clone(&given), told.clone());
                std::thread::spawn(move || serve(stream, &given, &told));
            }
        });
        Self { agent, changes, replies, folder }
    }

    fn apply(&self, change: &AgentChange) -> AgentReply {
        self.changes.send(serde_json::to_string(&[change]).unwrap()).unwrap();
        self.replies.recv_timeout(Duration::from_secs(20)).unwrap()
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}

/// Answers the calls of one connection: polls with the next changes, and answers with what they are.
fn serve(mut stream: TcpStream, changes: &Mutex<Receiver<String>>, replies: &Sender<AgentReply>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        while !head.ends_with("\r\n\r\n") {
            let start = head.len();
            reader.read_line(&mut head).ok().filter(|n| *n > 0)?;
            let line = head[start..].to_ascii_lowercase();
            length = line.trim().strip_prefix("content-length: ").map_or(length, |n| n.parse().unwrap());
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let bearer = format!("authorization: Bearer {CREDENTIAL}\r\n");
        let (status, answer) = if !head.contains(&bearer) {
            ("401 Unauthorized", String::new())
        } else if head.starts_with("GET /agent/v1/changes?wait=30 ") {
            let next = changes.lock().unwrap().recv_timeout(Duration::from_millis(300));
            ("200 OK", next.unwrap_or_else(|_| "[]".into()))
        } else {
            assert!(head.starts_with("POST /agent/v1/applied "), "{head}");
            replies.send(serde_json::from_slice(&body).unwrap()).ok()?;
            ("200 OK", "{}".into())
        };
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{answer}", answer.len()).ok()?;
    }
}

fn change(version: u64, image: Option<(ContentId, &[u8])>) -> AgentChange {
    AgentChange {
        number: "+15550000001".into(),
        account: "demo".into(),
        chat: "grp_1".into(),
        version,
        content_id: image.map(|(id, _)| id.to_string()),
        url: None,
        bytes: image.map(|(_, bytes)| STANDARD.encode(bytes)),
        renditions: Vec::new(),
    }
}

#[test]
fn a_change_is_put_in_place_and_answered_for() {
    let played = Played::start();
    let ingest = Ingest::default();
    let source = Source::new(image_ingest::samples()[0].bytes, ingest.limits()).unwrap();
    let background = ingest.ingest(source).unwrap();
    let sent = change(4, Some((background.id, &background.bytes)));
    let reply = played.apply(&sent);
    assert_eq!(
        (reply.outcome, reply.version, reply.content_id),
        (Outcome::Applied, 4, Some(background.id.to_string()))
    );

    let device = Device::open(played.folder.path().join("root"), 30, 60).unwrap();
    let chat = ChatRef { number: "+15550000001", account: "demo", chat: "grp_1" };
    let picture = std::fs::read(device.picture(chat).unwrap().unwrap()).unwrap();
    let size = Ingest::default().source(picture).and_then(|source| inspect(&source)).unwrap().header.size();
    assert_eq!((size.width, size.height), (30, 60));

    assert_eq!(played.apply(&sent).outcome, Outcome::Applied, "a repetition changes nothing");
    let older = played.apply(&change(3, None));
    assert_eq!((older.outcome, older.version), (Outcome::Shows, 4));
    let other = played.apply(&change(4, None));
    assert_eq!((other.outcome, other.content_id), (Outcome::Shows, Some(background.id.to_string())));
    let removed = played.apply(&change(5, None));
    assert_eq!((removed.outcome, removed.version, removed.content_id), (Outcome::Applied, 5, None));
}

/// A server that answers every request with these bytes.
fn serve_file(bytes: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/objects/x", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let _ = head.find(|line| line.is_empty());
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", bytes.len());
            let _ = stream.write_all(&bytes);
        }
    });
    url
}

#[test]
fn a_rendition_of_the_screen_is_shown_as_it_is_and_otherwise_the_image_is_cropped() {
    let played = Played::start();
    let ingest = Ingest::builder().rendition("device", "cover:30x60".parse().unwrap()).build().unwrap();
    let background = ingest.ingest(ingest.source(image_ingest::samples()[0].bytes).unwrap()).unwrap();
    let crop = &background.renditions[0];
    let rendition = AgentRendition {
        fingerprint: "r1-cover30x60-jpeg85".into(),
        content_id: crop.id.to_string(),
        url: serve_file(crop.bytes.to_vec()),
    };
    let of_another_screen = AgentRendition { fingerprint: "r1-cover31x60-jpeg85".into(), ..rendition.clone() };
    let of_other_bytes = AgentRendition { url: serve_file(b"other".to_vec()), ..rendition.clone() };
    let out_of_reach = AgentRendition { url: "http://127.0.0.1:1/x".into(), ..rendition.clone() };
    let device = Device::open(played.folder.path().join("root"), 30, 60).unwrap();
    let chat = ChatRef { number: "+15550000001", account: "demo", chat: "grp_1" };
    let cases = [
        (vec![of_another_screen.clone(), rendition], true),
        (vec![of_another_screen], false),
        (vec![of_other_bytes], false),
        (vec![out_of_reach], false),
    ];
    for ((renditions, is_shown), version) in cases.into_iter().zip(1..) {
        let sent = AgentChange { renditions, ..change(version, Some((background.id, &background.bytes))) };
        let reply = played.apply(&sent);
        assert_eq!((reply.outcome, reply.content_id), (Outcome::Applied, Some(background.id.to_string())));
        let picture = std::fs::read(device.picture(chat).unwrap().unwrap()).unwrap();
        assert_eq!(picture == crop.bytes, is_shown, "version {version}");
        let size = Ingest::default().source(picture).and_then(|source| inspect(&source)).unwrap().header.size();
        assert_eq!((size.width, size.height), (30, 60));
    }
}

#[test]
fn what_cannot_be_shown_is_refused_with_a_code() {
    let played = Played::start();
    let wrong = change(1, Some((ContentId::of(b"other"), b"bytes")));
    let nothing = AgentChange { bytes: None, ..wrong.clone() };
    let unreachable = AgentChange { url: Some("http://127.0.0.1:1/x".into()), ..wrong.clone() };
    let no_image = change(1, Some((ContentId::of(b"bytes"), b"bytes")));
    for (change, code) in
        [(wrong, "wrong_object"), (nothing, "fetch_failed"), (unreachable, "fetch_failed"), (no_image, "not_an_image")]
    {
        let reply = played.apply(&change);
        assert_eq!((reply.outcome, reply.code.as_deref(), reply.version), (Outcome::Refused, Some(code), 1));
    }
}

#[test]
fn what_is_no_credential_is_said() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("credential"), "short").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_image-ingest-agent"));
    command.args(["--server", "http://127.0.0.1:1", "--root"]).arg(folder.path());
    let output = command.arg("--credential-file").arg(folder.path().join("credential")).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("holds no agent's credential"));
}
