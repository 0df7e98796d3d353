//! Decodes in a child process, so that a file that kills its decoder kills nothing else.
//!
//! The parent writes the job's [`Canonical`] once, then a source at a time. The child answers with a [`Reply`] to each: first
//! what decoding will need, and, once the parent has written an empty frame, the end. A frame is its length as 32 bits, least
//! significant byte first, and so many bytes.

use std::io::{self, Read, Write};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use bytes::Bytes;
use image_ingest::{Ingest, Source};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::canonical::Canonical;
use crate::verdict::{Made, Verdict, finish, probe};

/// What the child says about a source.
#[derive(Debug, Serialize, Deserialize)]
enum Reply {
    /// It may be decoded, and needs so much memory, in bytes, by estimate.
    Needs(u64),
    /// It is decoded or refused. A frame follows for each object that the verdict names.
    Ends(Box<Verdict>),
}

/// A child process that decodes one source at a time.
#[derive(Debug)]
pub(crate) struct Isolated {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    wall: Duration,
}

/// Why a child is of no more use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChildError {
    #[error("the process that decoded it died: {0}")]
    Died(String),
    #[error("the process that decoded it gave no answer within {0:?}")]
    Late(Duration),
    #[error("cannot start a process to decode in: {0}")]
    Start(io::Error),
}

impl Isolated {
    /// Starts a child for this job.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub(crate) async fn start(canonical: &Canonical) -> Result<Self, ChildError> {
        let program = std::env::current_exe().map_err(ChildError::Start)?;
        let mut command = Command::new(program);
        command.arg("decode").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(ChildError::Start)?;
        let no_pipe = || ChildError::Start(io::ErrorKind::BrokenPipe.into());
        let input = child.stdin.take().ok_or_else(no_pipe)?;
        let output = child.stdout.take().ok_or_else(no_pipe)?;
        // CPU time is bounded by the job's deadline; a process that waits is bounded by this.
        let wall =
            Duration::from_millis(canonical.deadline_ms).saturating_mul(4).saturating_add(Duration::from_secs(30));
        let mut isolated = Self { child, input, output, wall };
        let settings = serde_json::to_vec(canonical).map_err(|error| ChildError::Start(error.into()))?;
        isolated.write(&settings).await.map_err(ChildError::Start)?;
        Ok(isolated)
    }

    /// Hands a source to the child. Returns the memory that decoding needs, or how it ended already.
    ///
    /// # Errors
    ///
    /// The child died or does not answer.
    pub(crate) async fn probe(&mut self, bytes: &Bytes) -> Result<Result<u64, Made>, ChildError> {
        match self.answer(bytes).await? {
            Reply::Needs(memory_bytes) => Ok(Ok(memory_bytes)),
            Reply::Ends(verdict) => self.made(*verdict).await.map(Err),
        }
    }

    /// Lets the child decode the source that it has.
    ///
    /// # Errors
    ///
    /// As [`Self::probe`].
    pub(crate) async fn finish(&mut self) -> Result<Made, ChildError> {
        match self.answer(b"").await? {
            Reply::Ends(verdict) => self.made(*verdict).await,
            Reply::Needs(_) => Err(ChildError::Died("it answered out of order".to_owned())),
        }
    }

    async fn answer(&mut self, frame: &[u8]) -> Result<Reply, ChildError> {
        let wall = self.wall;
        let exchange = async {
            self.write(frame).await?;
            self.read().await
        };
        let answer = timeout(wall, exchange).await.map_err(|_| ChildError::Late(wall))?;
        let reply = answer.and_then(|reply| Ok(serde_json::from_slice(&reply)?));
        match reply {
            Ok(reply) => Ok(reply),
            Err(_) => Err(self.died().await),
        }
    }

    async fn made(&mut self, verdict: Verdict) -> Result<Made, ChildError> {
        let mut made = Made::from(verdict);
        for _ in 0..made.verdict.objects().count() {
            match self.read().await {
                Ok(bytes) => made.files.push(bytes.into()),
                Err(_) => return Err(self.died().await),
            }
        }
        Ok(made)
    }

    async fn died(&mut self) -> ChildError {
        // A child that closed its pipes ends by itself; one that wrote nonsense does not.
        let ended = timeout(Duration::from_secs(5), self.child.wait()).await;
        ChildError::Died(match ended {
            Ok(Ok(status)) => status.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it closed its output".to_owned(),
        })
    }

    async fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        self.input.write_all(&length(frame)?).await?;
        self.input.write_all(frame).await?;
        self.input.flush().await
    }

    async fn read(&mut self) -> io::Result<Vec<u8>> {
        let len = self.output.read_u32_le().await?;
        let mut frame = Vec::new();
        (&mut self.output).take(len.into()).read_to_end(&mut frame).await?;
        if frame.len() == len as usize { Ok(frame) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

fn length(frame: &[u8]) -> io::Result<[u8; 4]> {
    let len = u32::try_from(frame.len()).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    Ok(len.to_le_bytes())
}

/// The child's side: works until its input ends, as it does when its parent dies.
pub(crate) fn serve() -> ExitCode {
    no_core_file();
    match serve_frames(&mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => ExitCode::SUCCESS,
        Err(error) => {
            crate::exit::tell(&format!("decode: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn serve_frames(input: &mut impl Read, output: &mut impl Write) -> io::Result<()> {
    let canonical: Canonical = serde_json::from_slice(&read_frame(input)?)?;
    let ingest = canonical.ingest().map_err(io::Error::other)?;
    loop {
        let bytes = read_frame(input)?;
        let made = match probe(&ingest, bytes.into()) {
            Ok((source, memory_bytes)) => {
                write_frame(output, &serde_json::to_vec(&Reply::Needs(memory_bytes))?)?;
                await_go(&ingest, source, input)?
            }
            Err(verdict) => (*verdict).into(),
        };
        write_frame(output, &serde_json::to_vec(&Reply::Ends(made.verdict.into()))?)?;
        for bytes in &made.files {
            write_frame(output, bytes)?;
        }
    }
}

fn await_go(ingest: &Ingest, source: Source, input: &mut impl Read) -> io::Result<Made> {
    read_frame(input)?;
    Ok(finish(ingest, source))
}

fn read_frame(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut len = [0; 4];
    input.read_exact(&mut len)?;
    let len = u32::from_le_bytes(len);
    let mut frame = Vec::new();
    input.take(len.into()).read_to_end(&mut frame)?;
    if frame.len() == len as usize { Ok(frame) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn write_frame(output: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    output.write_all(&length(frame)?)?;
    output.write_all(frame)?;
    output.flush()
}

/// A child that dies leaves no file behind.
#[cfg(unix)]
fn no_core_file() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

#[cfg(not(unix))]
fn no_core_file() {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Text;

    #[test]
    fn a_source_is_probed_then_decoded_and_a_refusal_ends_at_once() {
        let canonical = Canonical {
            geometry: Text("fit:2048".parse().unwrap()),
            encoding: Text("jpeg85".parse().unwrap()),
            matte: Text("ffffff".parse().unwrap()),
            renditions: [("thumb".to_owned(), Text("cover:8x8".parse().unwrap()))].into(),
            max_bytes: 1 << 20,
            max_pixels: 1 << 20,
            max_memory_bytes: 1 << 28,
            deadline_ms: 30_000,
        };
        let sample = &image_ingest::samples()[0];
        let mut input = Vec::new();
        for frame in [&serde_json::to_vec(&canonical).unwrap()[..], sample.bytes, b"", b"no picture"] {
            write_frame(&mut input, frame).unwrap();
        }
        let (mut output, mut input) = (Vec::new(), &input[..]);
        let ended = serve_frames(&mut input, &mut output).unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::UnexpectedEof);
        let mut output = &output[..];
        let mut reply = || serde_json::from_slice::<Reply>(&read_frame(&mut output).unwrap()).unwrap();
        assert!(matches!(reply(), Reply::Needs(bytes) if bytes > 100_000));
        let Reply::Ends(accepted) = reply() else { panic!("no end") };
        assert_eq!(accepted.image.as_ref().unwrap().id, sample.content_id);
        assert_eq!((accepted.renditions[0].0.as_str(), accepted.renditions[0].1.width), ("thumb", 8));
        for object in accepted.objects() {
            let bytes = read_frame(&mut output).unwrap();
            assert_eq!(image_ingest::ContentId::of(&bytes).to_string(), object.id);
            assert_eq!(bytes.len() as u64, object.size);
        }
        let mut reply = || serde_json::from_slice::<Reply>(&read_frame(&mut output).unwrap()).unwrap();
        assert!(matches!(reply(), Reply::Ends(verdict) if verdict.code == "unknown_format"));
    }
}
