#!/bin/sh
# Builds the wheel of PACKAGE (python or backfill) into PACKAGE/dist. It needs nothing on its machine but a C library as old as
# manylinux2014's. TOOLS gets maturin and zig, which links for that C library.
# Usage: scripts/wheel.sh PACKAGE TOOLS TARGET_DIR [feature of the package...]
set -eu
package=$1
mkdir -p "$2" "$3"
# Compilers run in other folders.
tools=$(realpath "$2") target_dir=$(realpath "$3")
shift 3
cd "$(dirname "$0")/.."
requirements=python/requirements-build.txt

if ! cmp -s "$requirements" "$tools/requirements.txt"; then
  command -v python3 >/dev/null || { echo "wheel: python3 is missing" >&2; exit 1; }
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
  cp "$requirements" "$tools/requirements.txt"
fi

# On other systems than Linux the machine's own linker makes the wheel.
portable=""
[ "$(uname -s)" != Linux ] || portable="--zig --compatibility manylinux2014"
rm -rf "$package/dist"
# shellcheck disable=SC2086 # a list of arguments
PATH="$tools/bin:$PATH" CARGO_TARGET_DIR="$target_dir" "$tools/bin/maturin" build --release --locked $portable \
  --manifest-path "$package/Cargo.toml" --features "$*" --out "$package/dist"
