#!/bin/sh
# Builds for wasm32 and runs the self-test and the goldens there, in Node or wasmtime: the content ids are the same. Also builds
# for wasm32 without a system. What is missing is said, and the script ends with 0, or with 1 where --required is given.
set -eu
cd "$(dirname "$0")/.."
target_dir=$(${CARGO:-cargo} metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
required=no
[ "${1:-}" != --required ] || required=yes
. scripts/wasm-rust.sh

export RUSTC="$rustc" CARGO_TARGET_DIR="$target_dir/wasm"
export CARGO_TARGET_WASM32_WASIP1_LINKER="$linker"
${CARGO:-cargo} build --release --target wasm32-unknown-unknown --package image-ingest --no-default-features --features heic

goldens="$CARGO_TARGET_DIR/wasm32-wasip1/release/goldens.wasm"
for features in -simd128 +simd128; do
  RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=$features" \
    ${CARGO:-cargo} build --release --target wasm32-wasip1 --package image-ingest-goldens
  if command -v wasmtime >/dev/null 2>&1; then
    wasmtime run --dir "$PWD/testdata::/testdata" "$goldens" /testdata
  elif command -v node >/dev/null 2>&1; then
    node --no-warnings scripts/wasi.mjs "$goldens" testdata
  else
    skip "no wasmtime or node"
  fi
done
