#!/bin/sh
# Sets up what the server's tests use beside Rust: PostgreSQL and, in FOLDER, the S3 server moto, schemathesis and
# playwright. Says what is missing and goes on: tests whose tool is not there are skipped and say so.
# Usage: scripts/server-tools.sh FOLDER
set -eu
folder=$1
requirements="$(dirname "$0")/../server/tools/requirements.txt"

if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
  if command -v apt-get >/dev/null; then
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo"
    echo "server-tools: installing postgresql with apt-get" >&2
    $as_root apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends postgresql >/dev/null ||
      echo "server-tools: PostgreSQL could not be installed; its tests are skipped" >&2
  else
    echo "server-tools: PostgreSQL is missing; its tests are skipped" >&2
  fi
fi

if ! cmp -s "$requirements" "$folder/requirements.txt"; then
  if python3 -m venv "$folder" && "$folder/bin/pip" install --quiet --requirement "$requirements"; then
    cp "$requirements" "$folder/requirements.txt"
  else
    echo "server-tools: moto, schemathesis and playwright could not be installed; their tests are skipped" >&2
  fi
fi
