#!/bin/sh
# Makes a release in FOLDER: static programs without symbols, manual pages, completions of shells, the build that the page at
# /try uses, files to deploy, the licences of all that is linked, an archive of it all, the context of a container, and
# checksums. Needs glibc's static libraries, python3 and cargo-about, which it installs into the target folder. Without a Rust
# for wasm32 the page's build is left out, and that is said.
# usage: scripts/dist.sh FOLDER
set -eu
cd "$(dirname "$0")/.."
dist=$1
. scripts/static-build.sh
version=$(${CARGO:-cargo} pkgid --package image-ingest-cli | sed 's/.*[@#]//')
name="image-ingest-$version-$target"
release="$dist/$name"
share="$release/share"

static_build --locked --package image-ingest-cli --package image-ingest-server --package image-ingest-agent
static_build --locked --manifest-path backfill/Cargo.toml
scripts/wasm-package.sh

rm -rf "$dist"
mkdir -p "$release/bin"
for program in image-ingest image-ingest-server image-ingest-agent image-ingest-backfill; do
  if needs_libraries "$built/$program"; then echo "dist: $program needs libraries of a system" >&2 && exit 1; fi
  if readelf --sections --wide "$built/$program" | grep -q '[.]symtab'; then echo "dist: $program has symbols" >&2 && exit 1; fi
  cp "$built/$program" "$release/bin/"
  "$release/bin/$program" --version
done
size=$(wc -c <"$release/bin/image-ingest")
[ "$size" -le 6000000 ] || { echo "dist: the command line has $size bytes, more than 6 MB" >&2 && exit 1; }
"$release/bin/image-ingest" self-test

mkdir -p "$share/man/man1" "$share/bash-completion/completions" "$share/zsh/site-functions" "$share/fish/vendor_completions.d"
for program in image-ingest image-ingest-server; do
  "$release/bin/$program" man "$share/man/man1"
  "$release/bin/$program" completions bash >"$share/bash-completion/completions/$program"
  "$release/bin/$program" completions zsh >"$share/zsh/site-functions/_$program"
  "$release/bin/$program" completions fish >"$share/fish/vendor_completions.d/$program.fish"
done

mkdir -p "$share/image-ingest" "$share/doc/image-ingest"
if [ -f wasm/image_ingest_simd.wasm ]; then
  mkdir "$share/image-ingest/wasm"
  cp wasm/index.js wasm/instance.js wasm/load.js wasm/worker.js wasm/*.wasm "$share/image-ingest/wasm/"
else
  echo "dist: without the build for the page at /try" >&2
fi
cp -r deploy "$share/image-ingest/deploy"
rm -rf "$share/image-ingest/deploy/try"
cp LICENSE-MIT LICENSE-APACHE README.md CHANGELOG.md docs/server.md docs/operating.md docs/backfill.md "$share/doc/image-ingest/"
scripts/third-party.sh "$target_dir/dist-tools" "$target" >"$share/doc/image-ingest/THIRD-PARTY"

# What `podman build` takes: the server alone on an empty root.
context="$dist/container"
mkdir -p "$context/root/etc/ssl/certs" "$context/data"
cp deploy/Containerfile "$context/"
cp "$release/bin/image-ingest-server" "$context/root/"
cp "$share/doc/image-ingest/THIRD-PARTY" LICENSE-MIT LICENSE-APACHE "$context/root/"
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
  if [ -f "$bundle" ]; then cp "$bundle" "$context/root/etc/ssl/certs/ca-certificates.crt"; fi
done
[ -f "$context/root/etc/ssl/certs/ca-certificates.crt" ] || echo "dist: the container has no certificates of authorities" >&2

# The same files give the same archive.
time=$(git log -1 --format=%ct 2>/dev/null || echo 0)
tar --create --directory "$dist" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$time" --mode='u+w,go-w' "$name" \
  | gzip --best --no-name >"$dist/$name.tar.gz"
(cd "$dist" && sha256sum "$name.tar.gz" "$name"/bin/* >SHA256SUMS)
echo "dist: $dist/$name.tar.gz has $(wc -c <"$dist/$name.tar.gz") bytes"
