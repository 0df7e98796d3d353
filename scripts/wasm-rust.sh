# Finds a Rust for wasm32, as $rustc, and a linker for it, as $linker. Where Rust has no std for wasm32, Debian sid's rustc and
# std are unpacked into the target folder and run by their own loader. What is missing is said, and the script that reads this
# file ends with 0, or with 1 where $required is "yes". Needs $target_dir.
tools="$target_dir/wasm-tools"

skip() { # why
  echo "wasm: not tested: $1" >&2
  [ "$required" = no ]
  exit
}

has_std() { [ -n "$(find "$("$1" --print target-libdir --target "$2")" -name 'libstd-*.rlib' 2>/dev/null)" ]; }

# A rustc with std for both targets: the one that is there, or Debian sid's.
rustc=${RUSTC:-rustc}
if ! has_std "$rustc" wasm32-wasip1 || ! has_std "$rustc" wasm32-unknown-unknown; then
  rustc="$tools/rustc"
  if [ ! -x "$rustc" ]; then
    command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 \
      || skip "Rust has no std for wasm32 here (rustup target add wasm32-wasip1 wasm32-unknown-unknown)"
    echo "wasm: unpacking Debian sid's Rust into $tools" >&2
    mkdir -p "$tools/lists/partial" "$tools/cache/archives/partial" "$tools/root"
    : >"$tools/status"
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
    echo "deb $mirror sid main" >"$tools/sources.list"
    apt() { # with lists, cache and status of its own
      tool=$1
      shift
      "apt-$tool" -qq -o Dir::Etc::sourcelist="$tools/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::status="$tools/status" \
        -o Dir::State::Lists="$tools/lists" -o Dir::Cache="$tools/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User= \
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@"
    }
    apt get update || skip "Debian sid cannot be had"
    apt get install --yes --download-only --no-install-recommends libstd-rust-dev libstd-rust-dev-wasm32 >/dev/null \
      || skip "Debian sid's std for wasm32 cannot be had"
    (cd "$tools/cache/archives" && apt get download rustc) || skip "Debian sid's rustc cannot be had"
    for package in "$tools"/cache/archives/*.deb; do dpkg-deb --extract "$package" "$tools/root"; done
    rm -r "$tools/cache" "$tools/lists"
    libraries="$tools/root/usr/lib/$(uname -m)-linux-gnu"
    loader=$(find "$libraries" -name 'ld-linux-*.so.*' | head -n 1)
    printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" --sysroot "%s" "$@"\n' \
      "$loader" "$libraries" "$tools/root/usr/bin/rustc" "$tools/root/usr" >"$rustc"
    chmod +x "$rustc"
  fi
  has_std "$rustc" wasm32-wasip1 || skip "Debian sid's Rust does not run here"
fi

# The linker that comes with Rust, or LLVM's.
linker=$(find "$(rustc --print sysroot)" -name rust-lld -type f | head -n 1)
[ -n "$linker" ] || linker=$(command -v wasm-ld || true)
[ -n "$linker" ] || skip "no rust-lld or wasm-ld"
