//! Looks for the JPEG files that cost most.
#![no_main]

image_ingest_fuzz::cost_target!(Jpeg);
