//! Looks for the GIF files that cost most.
#![no_main]

image_ingest_fuzz::cost_target!(Gif);
