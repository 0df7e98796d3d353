#!/bin/sh
# Sets up what the server's tests use beside Rust: PostgreSQL and, in FOLDER, the S3 server moto, schemathesis and
# playwright. With "clients" also Node with the packages of server/tools/clients, Go and a JDK. Says what is missing and
# goes on: tests whose tool is not there are skipped and say so. With "cluster" also nginx.
# Usage: scripts/server-tools.sh FOLDER [clients | cluster]
set -eu
folder=$1
requirements="$(dirname "$0")/../server/tools/requirements.txt"

# Installs Debian packages, or says that the tests of the first argument are skipped.
install() {
  what=$1
  shift
  if command -v apt-get >/dev/null; then
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo"
    echo "server-tools: installing $* with apt-get" >&2
    $as_root apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
      echo "server-tools: $what could not be installed; its tests are skipped" >&2
  else
    echo "server-tools: $what is missing; its tests are skipped" >&2
  fi
}

ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || install PostgreSQL postgresql

if ! cmp -s "$requirements" "$folder/requirements.txt"; then
  if python3 -m venv "$folder" && "$folder/bin/pip" install --quiet --requirement "$requirements"; then
    cp "$requirements" "$folder/requirements.txt"
  else
    echo "server-tools: moto, schemathesis and playwright could not be installed; their tests are skipped" >&2
  fi
fi

if [ "${2:-}" = cluster ] && ! [ -x /usr/sbin/nginx ] && ! [ -x /usr/bin/nginx ]; then
  install nginx nginx-light
fi
[ "${2:-}" = clients ] || exit 0
command -v go >/dev/null || install Go golang-go
command -v javac >/dev/null || install "a JDK" default-jdk-headless
command -v npm >/dev/null || install Node nodejs npm
packages="$(dirname "$0")/../server/tools/clients/package.json"
if ! cmp -s "$packages" "$folder/early/installed.json"; then
  mkdir -p "$folder/early"
  cp "$packages" "$folder/early/package.json"
  if npm install --prefix "$folder/early" --no-audit --no-fund --silent; then
    cp "$packages" "$folder/early/installed.json"
  else
    echo "server-tools: Node's packages could not be installed; their clients are not tried" >&2
  fi
fi
