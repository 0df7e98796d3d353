#!/bin/sh
# Looks for the files that cost most: runs each `cost_…` target of fuzz/ for so many seconds, without a sanitizer, and keeps the
# worst file of each kind and measure in fuzz/costly. Then measures these and honest files by a plain release build, and
# writes docs/costs.md. Honest ones are those of testdata/ and of the folders that IMAGE_INGEST_BENCH and IMAGE_INGEST_CORPUS
# name. The robustness suite's bombs are where the search begins, and count as found.
set -eu
seconds=${1:-1800}
formats=${2:-jpeg png gif webp heif}
cd "$(dirname "$0")/../fuzz"
export RUSTC_BOOTSTRAP=1
bombs="$PWD/costly/bombs"
cargo run --release --manifest-path ../Cargo.toml --package testdata-generator -- bombs "$bombs"
for format in $formats; do
  target="cost_$format"
  cargo fuzz build --no-cfg-fuzzing --sanitizer none "$target"
  mkdir -p "corpus/$target" "corpus/bombs_$format"
  find "$bombs" -name "$([ "$format" = heif ] && echo heic || echo "$format")_*" -size -257k -exec cp {} "corpus/bombs_$format" \;
  COSTLY_FILES="$PWD/costly" cargo fuzz run --no-cfg-fuzzing --sanitizer none "$target" \
    "corpus/$target" "corpus/bombs_$format" "seeds/decode_$format" "../testdata/$([ "$format" = heif ] && echo heic || echo "$format")" -- \
    -dict="dictionaries/$format.dict" -max_total_time="$seconds" -max_len=262144 -len_control=20 -timeout=120 \
    -rss_limit_mb=4096 -print_final_stats=1
done
cargo run --profile measure --example costs -- ../docs/costs.md costly ../testdata \
  ${IMAGE_INGEST_BENCH:+"$IMAGE_INGEST_BENCH"} ${IMAGE_INGEST_CORPUS:+"$IMAGE_INGEST_CORPUS"}
