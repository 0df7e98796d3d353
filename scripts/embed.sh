#!/bin/sh
# Does what an embedder does first: adds the library to an empty crate and runs its self-test, with the packages that a
# registry would get. $1 is the folder of the packages.
set -eu
packages=$(cd "$1" && pwd)
cargo=${CARGO:-cargo}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/packages"
for package in "$packages"/image-ingest*.crate; do tar -xzf "$package" -C "$work/packages"; done

cd "$work"
# Nothing is set but where programs and Cargo's own files are.
run() { env -i PATH="$PATH" HOME="$HOME" ${CARGO_HOME:+CARGO_HOME="$CARGO_HOME"} ${RUSTUP_HOME:+RUSTUP_HOME="$RUSTUP_HOME"} "$cargo" "$@"; }
run new --quiet --vcs none app
# What `cargo add image-ingest` writes, which asks a registry, and what stands in for one.
{
  version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$work"/packages/image-ingest-[0-9]*/Cargo.toml | head -n 1)
  echo "image-ingest = \"$version\""
  echo
  echo "[patch.crates-io]"
  for folder in "$work"/packages/*/; do
    name=$(sed -n 's/^name = "\(.*\)"/\1/p' "$folder/Cargo.toml" | head -n 1)
    echo "$name = { path = \"${folder%/}\" }"
  done
} >>app/Cargo.toml
cd app
cat >src/main.rs <<'END'
fn main() -> Result<(), image_ingest::Error> {
    image_ingest::self_test()?;
    println!("embed: an empty crate with image-ingest passes the self-test");
    Ok(())
}
END
run run --quiet
