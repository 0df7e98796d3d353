//! An agent that accepts everything at once, so that only the server is measured.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::agents::outcome;

/// Asks the server for changes until it has gone.
pub(crate) fn agent(server: SocketAddr, credential: String) {
    std::thread::spawn(move || take(server, &credential));
}

fn take(server: SocketAddr, credential: &str) -> Option<()> {
    let stream = TcpStream::connect(server).ok()?;
    stream.set_nodelay(true).ok()?;
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    let mut call = |method: &str, path: &str, body: &str| {
        write!(
            writer,
            "{method} {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {credential}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .ok()?;
        read(&mut reader)
    };
    loop {
        let changes = call("GET", "/agent/v1/changes?wait=30", "")?;
        for change in changes.as_array()? {
            call("POST", "/agent/v1/applied", &outcome(change, "applied").to_string())?;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let line = line.trim().to_ascii_lowercase();
        length = line.strip_prefix("content-length: ").and_then(|v| v.parse().ok()).unwrap_or(length);
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
