#!/bin/sh
# Starts the server and lets other people's clients at it: those of Node, Go and Java with uploads that are refused,
# schemathesis with the OpenAPI document, a browser at /try and on a page of another origin.
# Usage: server/tools/clients.sh SERVER TOOLS OUT
set -eu
server=$1 tools=$2 out=$3
mkdir -p "$out"
# A file of an earlier run would be read as this one.
: >"$out/server.out"
home=$(mktemp -d)
IMAGE_INGEST__DATA="$home/data" IMAGE_INGEST__LISTEN=127.0.0.1:0 IMAGE_INGEST__CORS__ORIGINS='*' IMAGE_INGEST__RENDITIONS__CARD=fit:240 \
  "$server" serve --demo >"$out/server.out" 2>"$out/server.log" &
pid=$!
trap 'kill $pid; rm -rf "$home"' EXIT
while ! grep -q "^demo key" "$out/server.out"; do sleep 0.1; done
address=$(sed -n 's/^listening on //p' "$out/server.out")
key=$(sed -n 's/^demo key //p' "$out/server.out")

server/tools/clients/early.sh "$address/v2/api" "$key" testdata/jpeg/orientation_6.jpg "$tools"
server/tools/page.sh "$server" "$tools" "$out"
if [ -f wasm/image_ingest_simd.wasm ]; then
  server/tools/page.sh "$server" "$tools" "$out" wasm
else
  echo "clients: the npm package is not built (make wasm-package); the page was not tried with it"
fi
# Not checked: that all valid data is accepted. Schemathesis sends entity tags without their quotes, and 412 is no fault.
"$tools/bin/st" --config-file server/tools/schemathesis.toml run "$address/v2/api/openapi.json" --url "$address/v2/api" --header "Authorization: Bearer $key" \
  --exclude-checks positive_data_acceptance --phases examples,coverage,fuzzing --max-examples "${EXAMPLES:-100}"
if [ -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
  "$tools/bin/python" server/tools/elsewhere.py "$address/v2/api" "$key" testdata/jpeg/orientation_6.jpg
fi
