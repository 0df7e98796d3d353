#!/bin/sh
# Prints the licences of all that the released programs link, by cargo-about, which is installed into TOOLS where it is missing:
# each licence's text once, with the crates that it is of. Below come the libraries that are not crates.
# usage: scripts/third-party.sh TOOLS TARGET
set -eu
cd "$(dirname "$0")/.."
tools=$1 target=$2
if ! command -v cargo-about >/dev/null 2>&1; then
  [ -x "$tools/bin/cargo-about" ] || ${CARGO:-cargo} install --quiet --locked --root "$tools" cargo-about --features cli >&2
  PATH="$tools/bin:$PATH"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for manifest in cli server agent backfill; do
  cargo-about about generate --fail --locked --offline --target "$target" --manifest-path "$manifest/Cargo.toml" --config about.toml \
    --format json >"$work/$manifest.json" 2>"$work/log" || { cat "$work/log" >&2 && exit 1; }
done
python3 scripts/third_party.py "$work" "$(ldd --version 2>/dev/null | head -n 1)" "$(rustc --version)"
