//! An agent that accepts everything at once, so that only the server is measured.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

pub(super) fn agent() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        listener.incoming().flatten().for_each(|stream| drop(std::thread::spawn(move || take(stream))));
    });
    address
}

fn take(stream: TcpStream) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
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
        let change: serde_json::Value = serde_json::from_slice(&body).ok()?;
        let reply = format!("{{\"version\":{}}}", change["version"]);
        write!(writer, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{reply}", reply.len()).ok()?;
    }
}
