#!/bin/sh
# Says what a build lacks. Two words have what is lacking installed by the machine's own package manager: `setup.sh oracles` what
# the oracles need, which build or link the C libraries that our engines are compared with, and `setup.sh levels` what runs
# WebAssembly and emulates aarch64.
set -eu

have() { command -v "$1" >/dev/null 2>&1; }

if ! have cargo; then
  echo "setup: cargo is missing; install Rust by the way rust-lang.org describes" >&2
  exit 1
fi
# Rust links with it, and it compiles the server's SQLite.
if ! have cc; then
  echo "setup: cc is missing; install a C compiler, such as gcc or clang" >&2
  exit 1
fi

missing=""
need() { # a Debian package, a Homebrew formula
  if [ "$(uname -s)" = Darwin ]; then missing="$missing $2"; else missing="$missing $1"; fi
}

case ${1:-} in
  oracles)
    have cmake || need cmake cmake
    have nasm || need nasm nasm
    have c++ || have g++ || need g++ gcc
    have pkg-config || need pkg-config pkg-config
    if ! have pkg-config || ! pkg-config --exists libde265; then need libde265-dev libde265; fi
    ;;
  levels)
    have wasmtime || have node || need nodejs node
    # There is no emulator of Linux programs for macOS.
    if [ "$(uname -s)" = Linux ]; then
      have aarch64-linux-gnu-gcc || need "gcc-aarch64-linux-gnu libc6-dev-arm64-cross" ""
      have qemu-aarch64 || need qemu-user ""
    fi
    ;;
esac
[ -n "$missing" ] || exit 0

echo "setup: $1 need:$missing" >&2
if [ "$(uname -s)" = Darwin ] && have brew; then
  # shellcheck disable=SC2086 # a list of names
  brew install $missing
elif have apt-get; then
  as_root=""
  [ "$(id -u)" = 0 ] || as_root="sudo"
  echo "setup: installing with apt-get" >&2
  $as_root apt-get update -qq
  # shellcheck disable=SC2086 # a list of names
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "setup: no apt-get or brew here; please install these by hand:$missing" >&2
  exit 1
fi
