#!/bin/sh
# Prints how many lines of our own parsers the tests run, file by file. Needs the llvm-cov and llvm-profdata of rustc's LLVM.
set -eu
cd "$(dirname "$0")/.."
llvm=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
cov=$(command -v "llvm-cov-$llvm" || command -v llvm-cov)
profdata=$(command -v "llvm-profdata-$llvm" || command -v llvm-profdata)
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
profiles="$target/coverage"
rm -rf "$profiles"
mkdir -p "$profiles"

# Members alone are instrumented, so that what they depend on is not built again.
export RUSTC_WORKSPACE_WRAPPER="$PWD/scripts/instrumented-rustc.sh" CARGO_INCREMENTAL=0
tests="--package image-ingest --lib --test suite"
for engine in crates/*/; do tests="$tests --package image-ingest-$(basename "$engine")"; done
# shellcheck disable=SC2086 # a list of options
objects=$(LLVM_PROFILE_FILE="$profiles/build-%m" cargo test $tests --no-run 2>&1 | sed -n 's/^ *Executable .*(\(.*\))$/--object \1/p')
# shellcheck disable=SC2086
LLVM_PROFILE_FILE="$profiles/%p-%m.profraw" cargo test $tests >"$profiles/tests.log" 2>&1 || {
  tail -30 "$profiles/tests.log" >&2
  exit 1
}
"$profdata" merge --sparse --output "$profiles/all.profdata" "$profiles"/*.profraw
# shellcheck disable=SC2086
"$cov" export --format lcov --instr-profile "$profiles/all.profdata" $objects >"$profiles/all.lcov"
python3 scripts/coverage.py "$profiles/all.lcov"
