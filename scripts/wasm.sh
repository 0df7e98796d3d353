#!/bin/sh
# Builds for wasm32 and runs the self-test and the goldens there, in Node or wasmtime: the content ids are the same. Also builds
# for wasm32 without a system. What is missing is said, and the script ends with 0, or with 1 where --required is given. With
# --short the builds are less optimised, which takes less time.
set -eu
cd "$(dirname "$0")/.."
target_dir=$(${CARGO:-cargo} metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
required=no
short=no
for option in "$@"; do
  case $option in
    --required) required=yes ;;
    --short) short=yes ;;
    *)
      echo "wasm: unknown option $option" >&2
      exit 2
      ;;
  esac
done
. scripts/wasm-rust.sh

# The pictures are made by this machine.
pictures="$target_dir/level-pictures"
${CARGO:-cargo} run --package image-ingest-goldens --example pictures -- "$pictures"

export RUSTC="$rustc" CARGO_TARGET_DIR="$target_dir/wasm"
export CARGO_TARGET_WASM32_WASIP1_LINKER="$linker"
levels="-simd128 +simd128"
if [ $short = yes ]; then
  export CARGO_TARGET_DIR="$target_dir/wasm-short" CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
else
  ${CARGO:-cargo} build --release --target wasm32-unknown-unknown --package image-ingest --no-default-features --features heic
fi

goldens="$CARGO_TARGET_DIR/wasm32-wasip1/release/goldens.wasm"
for features in $levels; do
  RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=$features" \
    ${CARGO:-cargo} build --release --target wasm32-wasip1 --package image-ingest-goldens
  if command -v wasmtime >/dev/null 2>&1; then
    wasmtime run --dir "$PWD/testdata::/testdata" --dir "$pictures::/pictures" "$goldens" /testdata /pictures
  elif command -v node >/dev/null 2>&1; then
    node --no-warnings scripts/wasi.mjs "$goldens" testdata "$pictures"
  else
    skip "no wasmtime or node"
  fi
done
