#!/bin/sh
# Starts the container's context as the Containerfile says, and tries it: a picture is set, shown and served, the health check
# is right before and after the end, and nothing but /data was written.
# usage: deploy/try/container.sh CONTEXT
set -eu
cd "$(dirname "$0")/../.."
. deploy/try/root.sh
context=$(realpath "$1")
work=$(mktemp -d)
root="$work/root" data="$work/volume" port=18080
server=""
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
fail() { echo "container: $1" >&2; cat "$work/log" >&2; exit 1; }

chmod 0755 "$work"
lay_out "$context" "$root" "$data"
entry=$(containerfile_says "$context" ENTRYPOINT | words)
command=$(containerfile_says "$context" CMD | words)
check=$(sed -n 's/^HEALTHCHECK .*CMD //p' "$context/Containerfile" | words)
listen="IMAGE_INGEST__LISTEN=0.0.0.0:$port"
url="http://127.0.0.1:$port"

# shellcheck disable=SC2086 # lists of words
(inside "$root" "$data" "$listen" "IMAGE_INGEST__PUBLIC_URL=$url" -- $entry $command --demo) >"$work/log" 2>&1 &
server=$!
# shellcheck disable=SC2086 # a list of words
healthy() { (inside "$root" "$data" "$listen" "IMAGE_INGEST__PUBLIC_URL=$url" -- $check) >>"$work/health" 2>&1; }
for _ in $(seq 100); do
  grep -q "^demo key" "$work/log" && break
  kill -0 "$server" 2>/dev/null || fail "it ended"
  sleep 0.1
done
healthy || { cat "$work/health" >&2; fail "the health check fails"; }
key=$(sed -n 's/^demo key //p' "$work/log")
answer=$(curl --silent --show-error --fail -X PUT "$url/v2/api/chats/%2B15551234567/background" -H "Authorization: Bearer $key" \
  -F background=@testdata/heic/grid_phone_12mp.heic) || fail "an upload is refused"
object=$(echo "$answer" | sed -n 's/.*"background_url":"\([^"]*\)".*/\1/p')
curl --silent --show-error --fail --output "$work/object.jpg" "$object" || fail "the object is not served: $answer"
[ "$(head -c 3 "$work/object.jpg" | od -An -tx1 | tr -d ' ')" = ffd8ff ] || fail "the object is no JPEG"

program=$(program_of "$server")
uid=$(sed -n 's/^USER \([0-9]*\):.*/\1/p' "$context/Containerfile")
grep -q "^ *$uid " "/proc/$program/uid_map" || [ "$(stat -c %u "/proc/$program")" = "$uid" ] || fail "it is another user"
# Everything in the root but /data is as it was laid out.
(cd "$context/root" && find . -type f -exec sha256sum {} +) | (cd "$root" && sha256sum --check --quiet) || fail "the root was changed"
[ -z "$(cd "$root" && find . -path ./data -prune -o -type f -print | grep -v '^./etc/hosts$\|^./.containerfile$' |
  while read -r file; do [ -f "$context/root/$file" ] || echo "$file"; done)" ] || fail "files were added to the root"

kill -TERM "$program"
wait "$server" || fail "it did not end well"
server=""
! healthy || fail "the health check is right without a server"
echo "container: a picture was set, shown and served by a user without rights on a root that was not written"
