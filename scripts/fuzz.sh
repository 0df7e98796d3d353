#!/bin/sh
# Runs every fuzz target but those of search.sh for so many seconds, from its seeds, with its dictionary and the address
# sanitizer. Where there is a clang of rustc's LLVM, C and C++ that cargo builds are instrumented too.
set -eu
seconds=${1:-60}
cd "$(dirname "$0")/../fuzz"
export RUSTC_BOOTSTRAP=1

llvm=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
if command -v "clang++-$llvm" >/dev/null 2>&1; then
  runtime=$("clang-$llvm" -print-file-name="libclang_rt.fuzzer-$(uname -m).a")
  flags="-fsanitize=address,fuzzer-no-link -fno-omit-frame-pointer -g1"
  export CC="clang-$llvm" CXX="clang++-$llvm" CFLAGS="$flags" CXXFLAGS="$flags"
  export CUSTOM_LIBFUZZER_PATH="$runtime" CUSTOM_LIBFUZZER_STD_CXX=stdc++
else
  echo "fuzz: no clang-$llvm; only Rust is instrumented" >&2
fi

# Checksums are checked as ever: `cfg(fuzzing)` makes crates skip theirs, and verdicts would differ.
cargo fuzz build --no-cfg-fuzzing
for target in $(cargo fuzz list); do
  # Those measure, and assert nothing: see search.sh.
  case $target in cost_*) continue ;; esac
  mkdir -p "corpus/$target"
  # One target begins with another's seeds, and one with nothing: any bytes are a picture to it.
  case $target in
    jpeg_against_libjpeg_turbo) seeds=seeds/decode_jpeg ;;
    jpeg_encode_against_libjpeg_turbo) seeds="" ;;
    *) seeds="seeds/$target" ;;
  esac
  dictionary=""
  for file in dictionaries/*.dict; do
    case $target in *"$(basename "$file" .dict)"*) dictionary="-dict=$file" ;; esac
  done
  cargo fuzz run --no-cfg-fuzzing "$target" "corpus/$target" $seeds -- \
    $dictionary -max_total_time="$seconds" -max_len=16384 -timeout=25 -rss_limit_mb=2048 -print_final_stats=1
done
