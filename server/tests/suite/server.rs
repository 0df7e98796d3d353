//! Starts the built server in a folder of its own, and sends requests to it.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::client::{Reply, Request};

/// A running server; ended when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// The listener for operations, where there is one of its own.
    pub(crate) operations: Option<SocketAddr>,
    pub(crate) key: String,
    home: Home,
}

/// A server's folder and settings, which outlive a process.
pub(crate) struct Home {
    folder: TempDir,
    settings: Vec<(String, String)>,
}

pub(crate) const CHAT: &str = "%2B15551234567";

impl Home {
    pub(crate) fn new(settings: &[(&str, &str)]) -> Self {
        let mut settings: Vec<_> = settings.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        if let Some(url) = crate::postgres::new_database() {
            settings.push(("IMAGE_INGEST__DATABASE__URL".to_owned(), url));
            // The demo's number has the embedded device, whose folder only one of several servers uses here.
            settings.push(("IMAGE_INGEST__DEVICE__SHARED_FOLDER".to_owned(), "true".to_owned()));
        }
        Self { folder: tempfile::tempdir().unwrap(), settings }
    }

    /// A home with the same settings and database, and the same data.
    pub(crate) fn twin(&self) -> Self {
        let mut settings = self.settings.clone();
        settings.push(("IMAGE_INGEST__DATA".to_owned(), self.data().display().to_string()));
        Self { folder: tempfile::tempdir().unwrap(), settings }
    }

    /// A home with the same settings and database, and a data folder of its own.
    pub(crate) fn sibling(&self) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), settings: self.settings.clone() }
    }

    /// A setting of this home.
    pub(crate) fn setting(&self, name: &str) -> Option<String> {
        self.settings.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.clone())
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The server's log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The program with this home's settings and others.
    pub(crate) fn command(&self, settings: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_image-ingest-server"));
        command.env("IMAGE_INGEST__DATA", self.data()).env("IMAGE_INGEST__LISTEN", "127.0.0.1:0");
        for (name, value) in &self.settings {
            command.env(name, value);
        }
        for (name, value) in settings {
            command.env(name, value);
        }
        command
    }

    /// The output of an administration command, and whether it succeeded.
    pub(crate) fn admin(&self, args: &[&str]) -> (bool, String) {
        let output = self.command(&[]).args(args).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), text)
    }

    pub(crate) fn start(self) -> Server {
        self.start_with(&[])
    }

    pub(crate) fn start_with(self, settings: &[(&str, &str)]) -> Server {
        let log = File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let mut child = self
            .command(settings)
            .args(["serve", "--demo"])
            .stdout(Stdio::piped())
            .stderr(Stdio::from(log))
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut operations = None;
        let mut after = |prefix: &str| {
            lines.find_map(|line| {
                let other = line.strip_prefix("health and metrics on http://").and_then(|address| address.parse().ok());
                operations = operations.or(other);
                line.strip_prefix(prefix).map(str::to_owned)
            })
        };
        let address = after("listening on http://").unwrap_or_else(|| panic!("it did not start: {}", self.log()));
        let key = after("demo key ").unwrap();
        // The rest of its output goes nowhere, and must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        Server { child, address: address.parse().unwrap(), operations, key, home: self }
    }
}

impl Server {
    pub(crate) fn start() -> Self {
        Home::new(&[]).start()
    }

    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        Home::new(settings).start()
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// Kills it as `kill -9` does, and returns its home.
    pub(crate) fn kill(mut self) -> Home {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.into_home()
    }

    /// Waits until it has ended by itself, and returns its home.
    pub(crate) fn ended(mut self) -> (ExitStatus, Home) {
        let status = self.child.wait().unwrap();
        (status, self.into_home())
    }

    fn into_home(mut self) -> Home {
        std::mem::replace(&mut self.home, Home { folder: tempfile::tempdir().unwrap(), settings: Vec::new() })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.pid().to_string()]).status().unwrap().success());
    }

    pub(crate) fn request(&self, method: &'static str, path: &str) -> Request {
        Request::new(method, format!("/v2/api{path}")).header("Authorization", format!("Bearer {}", self.key))
    }

    pub(crate) fn background(&self, method: &'static str, chat: &str) -> Request {
        self.request(method, &format!("/chats/{chat}/background"))
    }

    pub(crate) fn send(&self, request: &Request) -> Reply {
        request.send(self.address).unwrap_or_else(|e| panic!("{e}\n{}", self.home.log()))
    }

    pub(crate) fn put(&self, chat: &str, upload: &[u8]) -> Reply {
        self.send(&self.background("PUT", chat).parts(&[("background", upload)]))
    }

    pub(crate) fn get(&self, chat: &str) -> Value {
        let reply = self.send(&self.background("GET", chat));
        assert_eq!(reply.status, 200);
        reply.json()
    }

    pub(crate) fn delete(&self, chat: &str) -> Reply {
        self.send(&self.background("DELETE", chat))
    }

    /// The object at a background's URL.
    pub(crate) fn object(&self, url: &Value) -> Reply {
        let path = url.as_str().unwrap().splitn(4, '/').nth(3).unwrap();
        self.send(&Request::new("GET", format!("/{path}")))
    }

    /// The value of a counter or gauge; 0 if it does not exist yet.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = Request::new("GET", "/metrics").send(self.operations.unwrap_or(self.address)).unwrap().body;
        let text = String::from_utf8(text).unwrap();
        let line = text.lines().find(|line| line.split(' ').next() == Some(name));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
    }

    /// Waits until every change has reached its device.
    pub(crate) fn settle(&self) {
        eventually("changes are pending", || self.metric("ingest_pending_changes") == 0.0);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for `holds`, at most 30 s.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(30), "still: {what}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// A file of `testdata/`.
pub(crate) fn testdata(name: &str) -> Vec<u8> {
    let path = testdata_folder().join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub(crate) fn testdata_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata")
}

/// Two pictures that differ.
pub(crate) fn pictures() -> [Vec<u8>; 2] {
    [testdata("jpeg/orientation_6.jpg"), testdata("gif/offset_frame.gif")]
}
