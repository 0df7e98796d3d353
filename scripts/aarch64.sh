#!/bin/sh
# Builds for aarch64 on another machine and runs the unit tests and the suite, goldens and self-test in it, under
# qemu-user: the bytes are the same there. Where Rust has no std for aarch64, Debian sid's is unpacked. Says what is missing and
# ends with 1; with --if-present, with 0. With --short it runs self-test and goldens
# alone, and looks whether the tests build.
set -eu
required=yes
short=no
for option in "$@"; do
  case $option in
    --if-present) required=no ;;
    --short) short=yes ;;
    *)
      echo "aarch64: unknown option $option" >&2
      exit 2
      ;;
  esac
done
cd "$(dirname "$0")/.."

target_dir=$(${CARGO:-cargo} metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')

target=aarch64-unknown-linux-gnu
gnu=aarch64-linux-gnu
what=aarch64 targets=$target std_packages=libstd-rust-dev:arm64
. scripts/rust-for.sh
command -v $gnu-gcc >/dev/null 2>&1 || skip "no cross compiler (gcc-$gnu and libc6-dev-arm64-cross)"
command -v qemu-aarch64 >/dev/null 2>&1 || skip "no qemu-aarch64 (qemu-user)"

# The pictures are made by this machine.
pictures="$target_dir/level-pictures"
${CARGO:-cargo} run --package image-ingest-goldens --example pictures -- "$pictures"

export RUSTC="$rustc"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER="${CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER:-$gnu-gcc}"
# The loader of a foreign architecture is at its usual place, or below the cross compiler's own root.
emulate="qemu-aarch64"
[ -e /lib/ld-linux-aarch64.so.1 ] || emulate="$emulate -L /usr/$gnu"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="${CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER:-$emulate}"

engines=""
for engine in crates/*/; do engines="$engines --package image-ingest-$(basename "$engine")"; done

if [ $short = yes ]; then
  export CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
  ${CARGO:-cargo} run --release --target $target --target-dir "$target_dir/aarch64-short" --package image-ingest-goldens -- testdata "$pictures"
  # shellcheck disable=SC2086 # a list of options
  ${CARGO:-cargo} check --release --target $target --target-dir "$target_dir/aarch64-short" --package image-ingest $engines --lib --tests
  exit
fi

${CARGO:-cargo} run --release --target $target --target-dir "$target_dir/aarch64" --package image-ingest-goldens -- testdata "$pictures"

# Times that tests allow.
export IMAGE_INGEST_SLOWNESS="${IMAGE_INGEST_SLOWNESS:-20}"
# shellcheck disable=SC2086 # a list of options
${CARGO:-cargo} test --release --target $target --target-dir "$target_dir/aarch64" --package image-ingest $engines --lib --test suite
