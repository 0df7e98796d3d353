#!/bin/sh
# Builds the command line and the server as programs that need no file of a system, and tries both in an empty root: they ingest,
# and they resolve a host name and open TLS with the certificates that are mounted. Needs glibc's static libraries, openssl,
# python3, and chroot as root or bubblewrap (bwrap).
set -eu
cd "$(dirname "$0")/.."
. scripts/static-build.sh
static_build --package image-ingest-cli --package image-ingest-server

work=$(mktemp -d)
stub=""
finish() {
  [ -z "$stub" ] || kill "$stub" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
root="$work/root"
mkdir -p "$root/etc" "$root/tmp" "$root/data"
cp "$built/image-ingest" "$built/image-ingest-server" "$root/"
cp testdata/jpeg/orientation_6.jpg testdata/heic/grid_phone_12mp.heic "$root/"

inside() { # a program of the empty root and its arguments
  if [ "$(id -u)" = 0 ]; then
    env -i SSL_CERT_FILE=/etc/bundle.pem "$(command -v chroot)" "$root" "$@"
  else
    env -i SSL_CERT_FILE=/etc/bundle.pem "$(command -v bwrap)" --bind "$root" / --unshare-user --chdir / "$@"
  fi
}

for program in image-ingest image-ingest-server; do
  if needs_libraries "$root/$program"; then
    echo "static: $program needs libraries of a system" >&2
    exit 1
  fi
done
inside /image-ingest self-test
inside /image-ingest ingest --out /tmp /orientation_6.jpg /grid_phone_12mp.heic >/dev/null

# A bucket at a host that only the root's hosts file knows, with a certificate that only its bundle vouches for.
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj "/CN=an authority" \
  -keyout "$work/authority.key" -out "$root/etc/bundle.pem" 2>/dev/null
openssl req -new -newkey rsa:2048 -nodes -subj /CN=objects.test -addext subjectAltName=DNS:objects.test \
  -keyout "$work/key.pem" -out "$work/request.pem" 2>/dev/null
openssl x509 -req -days 1 -in "$work/request.pem" -CA "$root/etc/bundle.pem" -CAkey "$work/authority.key" -CAcreateserial \
  -copy_extensions copy -out "$work/certificate.pem" 2>/dev/null
python3 scripts/tls_stub.py "$work/certificate.pem" "$work/key.pem" "$work/asked" >"$work/port" &
stub=$!
while [ ! -s "$work/port" ]; do sleep 0.1; done
echo "127.0.0.1 objects.test" >"$root/etc/hosts"
cat >"$root/etc/server.toml" <<END
data = "/data"
[objects]
kind = "s3"
endpoint = "https://objects.test:$(cat "$work/port")"
bucket = "backgrounds"
public_url = "https://objects.test/backgrounds"
access_key_id = "key"
secret_access_key = "secret"
END
inside /image-ingest-server --config /etc/server.toml check
grep -q backgrounds "$work/asked" || { echo "static: the server did not reach its bucket by name and TLS" >&2; exit 1; }
ls -l "$built/image-ingest" "$built/image-ingest-server"
echo "static: both programs run in an empty root, resolve a name there and open TLS"
