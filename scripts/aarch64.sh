#!/bin/sh
# Builds for aarch64 on another machine and runs the unit tests and the suite, goldens and self-test in it, under
# qemu-user: the bytes are the same there. Says what is missing and ends with 1; with --if-present, with 0. With --short it runs
# self-test and goldens alone.
set -eu
if_present=no
short=no
for option in "$@"; do
  case $option in
    --if-present) if_present=yes ;;
    --short) short=yes ;;
    *)
      echo "aarch64: unknown option $option" >&2
      exit 2
      ;;
  esac
done
cd "$(dirname "$0")/.."

target=aarch64-unknown-linux-gnu
gnu=aarch64-linux-gnu
missing=""
need() { missing="$missing
  $1"; }
have() { command -v "$1" >/dev/null 2>&1; }

libdir=$(rustc --print target-libdir --target $target)
[ -n "$(find "$libdir" -name 'libstd-*.rlib' 2>/dev/null)" ] || need "Rust's std for $target (rustup target add $target, or the distribution's, as libstd-rust-dev:arm64)"
have $gnu-gcc || need "a cross compiler (gcc-$gnu)"
have qemu-aarch64 || need "qemu-aarch64 (qemu-user)"
if [ -n "$missing" ]; then
  echo "aarch64: not tested, since this is missing:$missing" >&2
  [ $if_present = yes ]
  exit
fi

export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER="${CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER:-$gnu-gcc}"
# The loader of a foreign architecture is at its usual place, or below the cross compiler's own root.
emulate="qemu-aarch64"
[ -e /lib/ld-linux-aarch64.so.1 ] || emulate="$emulate -L /usr/$gnu"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="${CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER:-$emulate}"

if [ $short = yes ]; then
  export CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
  ${CARGO:-cargo} run --release --target $target --target-dir "${CARGO_TARGET_DIR:-target}/aarch64-short" --package image-ingest-goldens -- testdata
  exit
fi

engines=""
for engine in crates/*/; do engines="$engines --package image-ingest-$(basename "$engine")"; done
# shellcheck disable=SC2086 # a list of options
${CARGO:-cargo} test --release --target $target --package image-ingest $engines --lib --test suite
