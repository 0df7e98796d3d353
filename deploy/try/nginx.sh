#!/bin/sh
# Starts nginx with the sample in front of a server, and tries both: an upload of 3 MB, one of 20 MB that the server refuses in
# its own words, a request's id, a long poll of an agent, and what is not to be public.
# usage: deploy/try/nginx.sh SERVER
set -eu
cd "$(dirname "$0")/../.."
server=$(realpath "$1")
nginx=$(command -v nginx || ls /usr/sbin/nginx 2>/dev/null || true)
if [ -z "$nginx" ]; then
  echo "nginx: it is not installed; the sample was not tried" >&2
  exit 0
fi
work=$(mktemp -d)
pids=""
finish() {
  for pid in $pids; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap finish EXIT
fail() { echo "nginx: $1" >&2; tail -n 5 "$work/server.log" "$work/error.log" >&2 || true; exit 1; }

export IMAGE_INGEST__DATA="$work/data" IMAGE_INGEST__LOG=json
IMAGE_INGEST__LISTEN=127.0.0.1:0 IMAGE_INGEST__PUBLIC_URL=https://api.example "$server" serve --demo >"$work/server.out" 2>"$work/server.log" &
pids=$!
while ! grep -q "^demo key" "$work/server.out"; do kill -0 "$pids"; sleep 0.1; done
address=$(sed -n 's|^listening on http://||p' "$work/server.out")
key=$(sed -n 's/^demo key //p' "$work/server.out")

port=18443
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=api.example -addext subjectAltName=DNS:api.example \
  -keyout "$work/key.pem" -out "$work/fullchain.pem" 2>/dev/null
sed "s|server 127.0.0.1:8080|server $address|; s|listen 443|listen 127.0.0.1:$port|; s|/etc/ssl/image-ingest|$work|" \
  deploy/nginx/image-ingest.conf >"$work/site.conf"
cat >"$work/nginx.conf" <<END
daemon off; worker_processes 1; pid $work/pid; error_log $work/error.log;
events { worker_connections 256; }
http {
  access_log $work/access.log; client_body_temp_path $work/body; proxy_temp_path $work/proxy; fastcgi_temp_path $work/f;
  uwsgi_temp_path $work/u; scgi_temp_path $work/s;
  include $work/site.conf;
}
END
"$nginx" -t -q -p "$work" -c "$work/nginx.conf" -e "$work/error.log" || fail "it refuses the sample"
"$nginx" -p "$work" -c "$work/nginx.conf" -e "$work/error.log" &
pids="$pids $!"

url="https://api.example:$port"
ask() { curl --silent --cacert "$work/fullchain.pem" --resolve "api.example:$port:127.0.0.1" "$@"; }
for _ in $(seq 50); do ask --fail --output /dev/null "$url/healthz" && break; sleep 0.1; done

put() { # a file, and more arguments of curl
  file=$1
  shift
  ask -X PUT "$url/v2/api/chats/%2B15551234567/background" -H "Authorization: Bearer $key" -F "background=@$file" \
    --dump-header "$work/head" --output "$work/answer" --write-out '%{http_code}' "$@"
}
# A JPEG of 3 MB: whatever follows its end does not count.
{ cat testdata/jpeg/size_1600x1200.jpg; head -c 3000000 /dev/zero; } >"$work/photo.jpg"
{ cat testdata/jpeg/size_1600x1200.jpg; head -c 20000000 /dev/zero; } >"$work/large.jpg"
[ "$(put "$work/photo.jpg")" = 200 ] || fail "an upload of 3 MB: $(cat "$work/answer")"
grep -q '"changed":true' "$work/answer" || fail "$(cat "$work/answer")"
id=$(sed -n 's/\r$//; s/^[Xx]-[Rr]equest-[Ii]d: //p' "$work/head")
grep -q "\"request_id\":\"$id\".*\"account\":\"demo\"" "$work/server.log" || fail "the log lacks the request $id with its account"
[ "${#id}" = 32 ] || fail "the request's id is not nginx's: $id"
[ "$(put "$work/large.jpg" -H Expect:)" = 400 ] && grep -q '"code":"too_large"' "$work/answer" ||
  fail "an upload of 20 MB: $(cat "$work/answer")"
for path in /metrics /v2/api/metrics /readyz /v2/api/readyz; do
  [ "$(ask --output /dev/null --write-out '%{http_code}' "$url$path")" = 404 ] || fail "$path is public"
done
credential=$("$server" agents add phone)
started=$(date +%s)
[ "$(ask --output "$work/answer" --write-out '%{http_code}' -H "Authorization: Bearer $credential" "$url/agent/v1/changes?wait=${WAIT:-3}")" = 200 ] ||
  fail "a long poll: $(cat "$work/answer")"
[ $(($(date +%s) - started)) -ge $((${WAIT:-3} - 1)) ] || fail "a long poll ended at once"
echo "nginx: the sample is accepted; uploads, refusals, ids and long polls pass through it"
