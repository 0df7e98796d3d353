#!/bin/sh
# Sets up the public peers in a folder, and lists in its file `ready` those that this machine can run.
# usage: setup.sh FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
home=$(cd "$1" && pwd)
log=$home/setup.log
: >"$home/ready"
: >"$log"

add() { # a peer, what defines it, and the command that sets it up
  if [ -e "$home/$1.done" ] && [ -z "$(find "$here/$2" -type f -newer "$home/$1.done")" ]; then
    echo "$1" >>"$home/ready"
  elif echo "peers: setting up $1" >&2 && "$3" >>"$log" 2>&1; then
    touch "$home/$1.done"
    echo "$1" >>"$home/ready"
  else
    echo "peers: $1 cannot be set up here and is left out; see $log" >&2
  fi
}

sharp() {
  mkdir -p "$home/sharp" && cp "$here/sharp/package.json" "$home/sharp" && (cd "$home/sharp" && npm install --no-audit --no-fund)
}

pillow() {
  venv pillow pillow_heif
}

pyvips() {
  venv pyvips pyvips-binary
}

venv() { # the packages of one peer, as requirements.txt pins them
  [ -e "$home/venv" ] || python3 -m venv "$home/venv"
  packages=$(for name; do grep "^$name==" "$here/requirements.txt"; done)
  # shellcheck disable=SC2086 # a list of packages
  "$home/venv/bin/pip" install $packages
}

# This workspace's rules for CMake are not for others: an empty value takes them back.
oximg() {
  CMAKE_TOOLCHAIN_FILE='' CARGO_TARGET_DIR="$home/oximg" \
    "${CARGO:-cargo}" build --release --locked --manifest-path "$here/oximg/Cargo.toml"
}

add sharp sharp/package.json sharp
add Pillow requirements.txt pillow
add pyvips requirements.txt pyvips
add oximg oximg oximg
