# Builds programs that need no file of a system: sets $target_dir, $target and $built, the folder of the programs. Read by the
# scripts that use them. Needs glibc's static libraries.
target_dir=$(${CARGO:-cargo} metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
target=$(rustc -vV | sed -n 's/^host: //p')
built="$target_dir/static/$target/release"

# What Cargo.toml builds quickly, since no picture waits for it, is built small for a release.
small=""
for package in clap_builder clap_complete clap_mangen roff indicatif console image-ingest-cli; do
  small="$small --config profile.release.package.$package.opt-level=\"s\""
done

static_build() { # cargo's arguments: packages, or another manifest
  # In a static program the crate getrandom finds the system's function only if it is told to: else it opens /dev/urandom.
  CARGO_TARGET_DIR="$target_dir/static" RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static --cfg getrandom_backend=\"linux_getrandom\"" \
    ${CARGO:-cargo} build --release --target "$target" $small "$@"
}

needs_libraries() { # a program
  ldd "$1" 2>/dev/null | grep -q '=>'
}
