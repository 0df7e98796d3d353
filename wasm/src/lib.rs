//! The WebAssembly module of the npm package `image-ingest`: image-ingest behind plain exports, without imports.
//!
//! A call goes like this. JavaScript asks for room for the upload and for options in JSON, writes both into memory, and calls
//! [`ingest`] or [`inspect`]. It then reads the answer, JSON of [`Answer`] or of [`Refusal`], and for an answer of `ingest`
//! the canonical bytes and those of the renditions. One call at a time: an instance has room for one upload.
//!
//! There is neither a thread nor a clock here, so no deadline is missed; who wants to stop a call ends the worker that it
//! runs in. A panic is a trap: the instance must not be used again.
#![expect(unsafe_code, reason = "an export's name is an unsafe attribute")]

mod answer;
mod options;

use std::cell::RefCell;

use bytes::Bytes;
use image_ingest::Ingest;

use crate::answer::{Answer, Described, Refusal};
use crate::options::Options;

/// What is between two calls.
#[derive(Default)]
struct Call {
    upload: Vec<u8>,
    options: Vec<u8>,
    /// The canonical bytes, then those of the renditions.
    files: Vec<Bytes>,
    /// JSON.
    answer: Vec<u8>,
}

thread_local! {
    static CALL: RefCell<Call> = RefCell::default();
}

/// Room for an upload of `len` bytes; null where there is none.
#[unsafe(no_mangle)]
pub extern "C" fn upload_room(len: usize) -> *mut u8 {
    CALL.with_borrow_mut(|call| room(&mut call.upload, len))
}

/// Room for options of `len` bytes of JSON in UTF-8; null where there is none. Without them the defaults are in force.
#[unsafe(no_mangle)]
pub extern "C" fn options_room(len: usize) -> *mut u8 {
    CALL.with_borrow_mut(|call| room(&mut call.options, len))
}

fn room(buffer: &mut Vec<u8>, len: usize) -> *mut u8 {
    buffer.clear();
    if buffer.try_reserve_exact(len).is_err() {
        return std::ptr::null_mut();
    }
    buffer.resize(len, 0);
    buffer.as_mut_ptr()
}

/// Ingests the upload: 1 where there is an answer, 0 where it is a refusal.
#[unsafe(no_mangle)]
pub extern "C" fn ingest() -> u32 {
    CALL.with_borrow_mut(|call| {
        let ingested = call.begin().and_then(|(ingest, upload)| {
            ingest.source(upload).and_then(|source| ingest.ingest(source)).map_err(|error| Refusal::of(&error))
        });
        match ingested {
            Ok(background) => {
                call.answer = json(&Answer::of(&background));
                let renditions = background.renditions.into_iter().map(|rendition| rendition.bytes);
                call.files = std::iter::once(background.bytes).chain(renditions).collect();
                1
            }
            Err(refusal) => call.refuse(&refusal),
        }
    })
}

/// Reads the header of the upload: 1 where there is an answer, 0 where it is a refusal.
#[unsafe(no_mangle)]
pub extern "C" fn inspect() -> u32 {
    CALL.with_borrow_mut(|call| {
        let inspected = call.begin().and_then(|(ingest, upload)| {
            ingest.source(upload).and_then(|source| ingest.inspect(&source)).map_err(|error| Refusal::of(&error))
        });
        match inspected {
            Ok(inspection) => {
                call.answer = json(&Described::of(&inspection));
                1
            }
            Err(refusal) => call.refuse(&refusal),
        }
    })
}

impl Call {
    /// The ingest that the options ask for, and the upload, which is forgotten here.
    fn begin(&mut self) -> Result<(Ingest, Vec<u8>), Refusal> {
        (self.files, self.answer) = (Vec::new(), Vec::new());
        let (upload, options) = (std::mem::take(&mut self.upload), std::mem::take(&mut self.options));
        Ok((Options::ingest(&options)?, upload))
    }

    fn refuse(&mut self, refusal: &Refusal) -> u32 {
        self.answer = json(refusal);
        0
    }
}

/// Where the JSON of the last call is.
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> *const u8 {
    CALL.with_borrow(|call| call.answer.as_ptr())
}

/// The length of the JSON of the last call, in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn answer_len() -> usize {
    CALL.with_borrow(|call| call.answer.len())
}

/// Where a file of the last call is: the canonical bytes for 0, those of the first rendition for 1, and so on; null for a
/// number that there is not.
#[unsafe(no_mangle)]
pub extern "C" fn file(number: usize) -> *const u8 {
    CALL.with_borrow(|call| call.files.get(number).map_or(std::ptr::null(), |file| file.as_ptr()))
}

/// The length of a file of the last call.
#[unsafe(no_mangle)]
pub extern "C" fn file_len(number: usize) -> usize {
    CALL.with_borrow(|call| call.files.get(number).map_or(0, Bytes::len))
}

/// Forgets what the last call left.
#[unsafe(no_mangle)]
pub extern "C" fn forget() {
    CALL.with_borrow_mut(|call| *call = Call::default());
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
