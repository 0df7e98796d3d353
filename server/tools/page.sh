#!/bin/sh
# Starts a server of its own and drives its page at /try in a browser; with a build of the npm package, the page makes the
# canonical images itself.
# Usage: server/tools/page.sh SERVER TOOLS OUT [WASM_DIR]
set -eu
server=$1 tools=$2 out=$3 build=${4:-}
if ! [ -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
  echo "page: chromium is not installed; the page was not tried"
  exit 0
fi
mkdir -p "$out"
# A file of an earlier run would be read as this one.
: >"$out/page.out"
home=$(mktemp -d)
if [ -n "$build" ]; then
  IMAGE_INGEST__PAGE__WASM_DIR=$(realpath "$build")
  export IMAGE_INGEST__PAGE__WASM_DIR
fi
IMAGE_INGEST__DATA="$home/data" IMAGE_INGEST__LISTEN=127.0.0.1:0 IMAGE_INGEST__RENDITIONS__CARD=fit:240 "$server" serve --demo >"$out/page.out" 2>"$out/page.log" &
pid=$!
trap 'kill $pid; rm -rf "$home"' EXIT
while ! grep -q "^demo key" "$out/page.out"; do kill -0 "$pid"; sleep 0.1; done
address=$(sed -n 's/^listening on //p' "$out/page.out")
key=$(sed -n 's/^demo key //p' "$out/page.out")
"$tools/bin/python" server/tools/page.py "$address/v2/api/try" "$key" testdata/jpeg/orientation_6.jpg testdata/webp/lossy_333x251.webp "$out" \
  ${build:+testdata/heic/ten_bit.heic}
