#!/bin/sh
# Builds the examples that are packages of their own and tries each with a file of testdata/: the id is that of the golden. Those
# in JavaScript are tried where there is Node and the modules of the npm package are built (make wasm-package).
# usage: scripts/examples.sh TARGET_FOLDER
set -eu
cd "$(dirname "$0")/.."
target=$1
name=jpeg/size_1600x1200.jpg
id=$(awk -F '\t' -v name="$name" '$1 == name { print $3 }' testdata/golden.tsv)
[ -n "$id" ] || { echo "examples: no golden of $name" >&2 && exit 1; }

build() { ${CARGO:-cargo} build --locked --manifest-path "examples/$1/Cargo.toml" --target-dir "$target"; }

# An endpoint gives the id as a tag, and refuses text with 415.
endpoint() {
  build "$1"
  "$target/debug/image-ingest-example-$1" >"$target/$1.log" 2>&1 &
  server=$!
  trap 'kill $server 2>/dev/null || true' EXIT
  answer=
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    answer=$(curl --silent --data-binary "@testdata/$name" --dump-header - --output /dev/null http://127.0.0.1:8080/pictures) && break
    sleep 0.3
  done
  echo "$answer" | grep -qi "^etag: \"$id\"" || { echo "examples: $1 answered $answer" >&2 && exit 1; }
  status=$(curl --silent --data-binary @README.md --output /dev/null --write-out '%{http_code}' http://127.0.0.1:8080/pictures)
  [ "$status" = 415 ] || { echo "examples: $1 answered text with $status" >&2 && exit 1; }
  kill $server
  wait $server 2>/dev/null || true
  echo "examples: $1 gives the golden's id"
}

endpoint axum
endpoint actix

build bucket-worker
canonical="$target/canonical"
rm -rf "$canonical" && mkdir -p "$canonical"
printf '%s\n%s\nno-such-file\n' "$name" "$name" |
  "$target/debug/image-ingest-example-bucket-worker" "file://$PWD/testdata/" "file://$(cd "$canonical" && pwd)/" >"$target/lines"
[ "$(grep -c "$id" "$target/lines")" = 2 ] && grep -q '"code":"io"' "$target/lines" && [ -f "$canonical/$id.jpg" ] ||
  { echo "examples: bucket-worker printed" >&2 && cat "$target/lines" >&2 && exit 1; }
echo "examples: bucket-worker stores under the golden's id"

if ! command -v node >/dev/null 2>&1 || [ ! -f wasm/image_ingest_simd.wasm ]; then
  echo "examples: node and page are not tried: they need node, and make wasm-package" >&2
  exit 0
fi
for example in node page; do
  rm -rf "$target/$example"
  mkdir -p "$target/$example/node_modules"
  cp "examples/$example"/* "$target/$example"
  ln -s "$PWD/wasm" "$target/$example/node_modules/image-ingest"
done
node "$target/node/ingest.js" "$target/node/canonical" "testdata/$name" README.md >"$target/lines" && status=0 || status=$?
[ "$status" = 1 ] && grep -q "$id" "$target/lines" && grep -q '"code":"unknown_format"' "$target/lines" && [ -f "$target/node/canonical/$id.jpg" ] ||
  { echo "examples: node ended with $status and printed" >&2 && cat "$target/lines" >&2 && exit 1; }
echo "examples: node stores under the golden's id"

PORT=8091 node "$target/page/serve.js" >"$target/page.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10; do
  curl --silent --fail --output /dev/null http://127.0.0.1:8091/ && break
  sleep 0.3
done
# The page, what it names, and what that loads.
for path in / /page.js /page.css /image-ingest/index.js /image-ingest/worker.js /image-ingest/image_ingest_simd.wasm; do
  curl --silent --fail --output /dev/null "http://127.0.0.1:8091$path" || { echo "examples: page has no $path" >&2 && exit 1; }
done
kill $server
echo "examples: page serves what it needs"
