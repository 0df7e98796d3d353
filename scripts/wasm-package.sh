#!/bin/sh
# Builds the module of the npm package twice, with SIMD and without, into wasm/. With --test also runs the package's tests: in
# Node, in a headless Chromium where there is one, and the types by tsc. What is missing is said; the script then ends with 0,
# or with 1 where --required is given.
# usage: scripts/wasm-package.sh [--test] [--required]
set -eu
cd "$(dirname "$0")/.."
target_dir=$(${CARGO:-cargo} metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
required=no tested=no
for option; do
  case $option in
    --required) required=yes ;;
    --test) tested=yes ;;
    *) echo "usage: $0 [--test] [--required]" >&2 && exit 2 ;;
  esac
done
. scripts/wasm-rust.sh

for build in simd:+simd128 plain:-simd128; do
  RUSTC="$rustc" RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=${build#*:}" CARGO_TARGET_DIR="$target_dir/wasm/${build%%:*}" \
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER="$linker" \
    ${CARGO:-cargo} build --release --locked --manifest-path wasm/Cargo.toml --target wasm32-unknown-unknown
done
built=wasm32-unknown-unknown/release/image_ingest_wasm.wasm
cp "$target_dir/wasm/simd/$built" wasm/image_ingest_simd.wasm
cp "$target_dir/wasm/plain/$built" wasm/image_ingest.wasm
cp LICENSE-MIT LICENSE-APACHE wasm/

[ "$tested" = yes ] || exit 0
command -v node >/dev/null 2>&1 || skip "no node"
cd wasm
node --test test/
if command -v npm >/dev/null 2>&1 && npm install --no-audit --no-fund --silent; then
  npm run --silent types
else
  echo "wasm: the types are not checked: npm cannot install TypeScript" >&2
  [ "$required" = no ]
fi
