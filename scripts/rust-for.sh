# Finds a Rust with std for $targets, as $rustc. Where Rust has none, Debian sid's rustc and its packages $std_packages are
# unpacked into the target folder and run by their own loader. What is missing is said with the prefix $what, and the script that
# reads this file ends with 0, or with 1 where $required is "yes". Needs $target_dir.
tools="$target_dir/$what-tools"

skip() { # why
  echo "$what: not tested: $1" >&2
  [ "$required" = no ]
  exit
}

has_std() { # a rustc
  for target in $targets; do
    [ -n "$(find "$("$1" --print target-libdir --target "$target")" -name 'libstd-*.rlib' 2>/dev/null)" ] || return 1
  done
}

# A rustc with std for its own machine and for the targets: the one that is there, or Debian sid's.
rustc=${RUSTC:-rustc}
if ! has_std "$rustc"; then
  rustc="$tools/rustc"
  if [ ! -x "$rustc" ]; then
    command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 \
      || skip "Rust has no std here for one of: $targets (rustup target add $targets)"
    echo "$what: unpacking Debian sid's Rust into $tools" >&2
    mkdir -p "$tools/lists/partial" "$tools/cache/archives/partial" "$tools/root"
    : >"$tools/status"
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
    architecture=$(dpkg --print-architecture)
    echo "deb [arch=$architecture,arm64] $mirror sid main" >"$tools/sources.list"
    apt() { # with lists, cache and status of its own
      tool=$1
      shift
      "apt-$tool" -qq -o Dir::Etc::sourcelist="$tools/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::status="$tools/status" \
        -o Dir::State::Lists="$tools/lists" -o Dir::Cache="$tools/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User= \
        -o APT::Architectures::="$architecture" -o APT::Architectures::=arm64 \
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@"
    }
    apt get update || skip "Debian sid cannot be had"
    apt get install --yes --download-only --no-install-recommends libstd-rust-dev >/dev/null \
      || skip "Debian sid's std cannot be had"
    # shellcheck disable=SC2086 # a list of packages
    (cd "$tools/cache/archives" && apt get download rustc $std_packages) || skip "Debian sid's rustc cannot be had"
    for package in "$tools"/cache/archives/*.deb; do dpkg-deb --extract "$package" "$tools/root"; done
    rm -r "$tools/cache" "$tools/lists"
    libraries="$tools/root/usr/lib/$(uname -m)-linux-gnu"
    loader=$(find "$libraries" -name 'ld-linux-*.so.*' | head -n 1)
    printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" --sysroot "%s" "$@"\n' \
      "$loader" "$libraries" "$tools/root/usr/bin/rustc" "$tools/root/usr" >"$rustc"
    chmod +x "$rustc"
  fi
  has_std "$rustc" || skip "Debian sid's Rust does not run here"
fi
