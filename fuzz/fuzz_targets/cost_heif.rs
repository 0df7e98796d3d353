//! Looks for the HEIC files that cost most.
#![no_main]

image_ingest_fuzz::cost_target!(Heic);
