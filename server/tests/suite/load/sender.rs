//! A client that needs little CPU time, because it shares the CPUs with the server that is measured.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use crate::client::{Reply, Request, connect, read_reply};
use crate::server::Server;

/// A picture that can be varied by one byte near its beginning.
pub(super) struct Picture {
    jpeg: Vec<u8>,
    /// The first high coefficient's place in the first quantisation table (ITU-T T.81 B.2.4.1).
    table: usize,
}

impl Picture {
    pub(super) fn new(jpeg: Vec<u8>) -> Self {
        let table = jpeg.windows(2).position(|w| w == [0xff, 0xdb]).unwrap() + 5;
        assert!(table + 63 < FIRST_BYTES);
        Self { jpeg, table }
    }

    /// The first half of it, as a broken upload leaves it.
    pub(super) fn half(&self) -> Self {
        Self { jpeg: self.jpeg[..self.jpeg.len() / 2].to_vec(), table: self.table }
    }

    /// All bytes of the `n`th variation.
    pub(super) fn varied(&self, n: usize) -> Vec<u8> {
        [&self.first(Some(n)), &self.jpeg[FIRST_BYTES..]].concat()
    }

    /// The first bytes of the `n`th variation, the same picture by a hair: the quantisers of three high coefficients
    /// differ, and so the content id. It is one of 6.8 million.
    fn first(&self, n: Option<usize>) -> Vec<u8> {
        let mut first = self.jpeg[..FIRST_BYTES].to_vec();
        if let Some(n) = n {
            for (place, digit) in [n, n / 190, n / 190 / 190].into_iter().enumerate() {
                first[self.table + 61 + place] = u8::try_from(60 + digit % 190).unwrap();
            }
        }
        first
    }
}

/// Bytes of a picture that are written with the head of its part.
const FIRST_BYTES: usize = 4096;

/// Whether clients wait for `100 Continue`, as curl does with bodies of more than 1 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    Asks,
    SendsAtOnce,
}

/// One client with its connection.
pub(super) struct Sender {
    address: SocketAddr,
    stream: Option<TcpStream>,
    manner: Manner,
}

impl Sender {
    pub(super) fn new(server: &Server, manner: Manner) -> Self {
        Self { address: server.address, stream: None, manner }
    }

    /// Puts a picture, the `n`th of its kind or as it is; status, and the time to the answer.
    pub(super) fn put(
        &mut self,
        server: &Server,
        chat: &str,
        picture: &Picture,
        n: Option<usize>,
    ) -> io::Result<(u16, Duration)> {
        let mut request = server.background("PUT", chat).parts(&[("background", &picture.first(n))]);
        let end = request.body.split_off(request.body.len() - tail_bytes());
        let rest = &picture.jpeg[FIRST_BYTES..];
        let length = request.body.len() + rest.len() + end.len();
        request = request.header("Content-Length", length.to_string());
        if self.manner == Manner::Asks {
            request = request.header("Expect", "100-continue");
        }
        let started = Instant::now();
        let reply = self.exchange(&request, &[&request.body, rest, &end])?;
        Ok((reply.status, started.elapsed()))
    }

    fn exchange(&mut self, request: &Request, body: &[&[u8]]) -> io::Result<Reply> {
        let mut stream = match self.stream.take().filter(is_open) {
            Some(stream) => stream,
            None => connect(self.address)?,
        };
        stream.write_all(&request.head())?;
        let mut reply = None;
        if self.manner == Manner::Asks {
            reply = Some(read_reply(&mut stream, false)?).filter(|reply| reply.status != 100);
        }
        let reply = match reply {
            Some(reply) => reply,
            None => {
                let whole = write_and_listen(&mut stream, body)?;
                let reply = read_reply(&mut stream, false)?;
                if !whole {
                    return Ok(reply);
                }
                reply
            }
        };
        if reply.header("connection") != Some("close") {
            self.stream = Some(stream);
        }
        Ok(reply)
    }
}

/// Bytes after a part's content: the line's end, and the last boundary.
fn tail_bytes() -> usize {
    "\r\n--".len() + crate::client::BOUNDARY.len() + "--\r\n".len()
}

/// Whether nothing has arrived since the last answer, not even the end of the connection.
fn is_open(stream: &TcpStream) -> bool {
    let quiet = |mut stream: &TcpStream| {
        stream.set_nonblocking(true)?;
        let read = stream.read(&mut [0]);
        stream.set_nonblocking(false)?;
        Ok::<_, io::Error>(read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock))
    };
    quiet(stream).unwrap_or(false)
}

/// Writes until everything is written or an answer arrives. Returns whether everything was written.
fn write_and_listen(stream: &mut TcpStream, body: &[&[u8]]) -> io::Result<bool> {
    stream.set_nonblocking(true)?;
    for mut piece in body.iter().copied() {
        while !piece.is_empty() {
            let mut ready = [PollFd::new(stream, PollFlags::IN | PollFlags::OUT)];
            poll(&mut ready, None)?;
            if ready[0].revents().intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
                stream.set_nonblocking(false)?;
                return Ok(false);
            }
            match stream.write(&piece[..piece.len().min(256 * 1024)]) {
                Ok(n) => piece = &piece[n..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
    stream.set_nonblocking(false)?;
    Ok(true)
}
