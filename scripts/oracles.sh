#!/bin/sh
# Compares every engine with the library that others wrote. Prints the hashes of the oracles' samples and bytes over testdata
# anew and fails where they are not the committed ones, which `make test` compares with our engines; then compares the files
# of testdata and of the corpus, where there is one, and generated and changed input for so many seconds a program; libheif
# gets files alone.
set -eu
seconds=${1:-60}
cd "$(dirname "$0")/.."
manifest=oracles/Cargo.toml
${CARGO:-cargo} build --release --workspace --manifest-path $manifest
bin=$(${CARGO:-cargo} metadata --manifest-path $manifest --format-version 1 --no-deps |
  sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release

failed=""
hashes() { # a program, its committed hashes, and what it reads
  program=$1 committed=$2
  shift 2
  echo "oracles: $program prints $committed"
  "$bin/$program" --hashes "$@" | diff "$committed" - || failed="$failed $committed"
}
files() { # a program, and what it reads
  program=$1
  shift
  echo "oracles: $program"
  "$bin/$program" "$@" ${IMAGE_INGEST_CORPUS:+"$IMAGE_INGEST_CORPUS"} || failed="$failed $program"
}
compare() { # a program that also generates input, and what it reads
  program=$1
  shift
  files "$program" --random "$seconds" "$@"
}

hashes jpeg crates/jpeg/src/tests/samples.txt testdata/jpeg
hashes jpeg_encode crates/jpeg/src/tests/encoded.txt
hashes resize crates/resize/src/tests/reduced.txt
hashes webp crates/webp/src/tests/samples.txt testdata/webp testdata/same
hashes hevc crates/hevc/src/tests/samples.txt crates/hevc/src/tests/pictures
hashes hevc tests/suite/hevc_samples.txt testdata/heic
compare jpeg testdata
compare jpeg_encode testdata
compare resize
compare inflate testdata
compare webp testdata
compare hevc testdata
files libheif testdata/heic testdata/same
if [ -n "$failed" ]; then
  echo "oracles: they differ:$failed" >&2
  exit 1
fi
