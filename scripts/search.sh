#!/bin/sh
# Looks for the files that cost most: runs each `cost_…` target of fuzz/ for so many seconds, without a sanitizer, and keeps the
# worst file of each kind and measure in fuzz/costly. Then measures these and honest files by a plain release build, and
# writes docs/costs.md. Honest ones are those of testdata/ and of the folders that IMAGE_INGEST_BENCH and IMAGE_INGEST_CORPUS
# name.
set -eu
seconds=${1:-1800}
formats=${2:-jpeg png gif webp heif}
cd "$(dirname "$0")/../fuzz"
export RUSTC_BOOTSTRAP=1
for format in $formats; do
  target="cost_$format"
  cargo fuzz build --no-cfg-fuzzing --sanitizer none "$target"
  mkdir -p "corpus/$target"
  COSTLY_FILES="$PWD/costly" cargo fuzz run --no-cfg-fuzzing --sanitizer none "$target" \
    "corpus/$target" "seeds/decode_$format" "../testdata/$([ "$format" = heif ] && echo heic || echo "$format")" -- \
    -dict="dictionaries/$format.dict" -max_total_time="$seconds" -max_len=262144 -len_control=20 -timeout=120 \
    -rss_limit_mb=4096 -print_final_stats=1
done
cargo run --profile measure --example costs -- ../docs/costs.md costly ../testdata \
  ${IMAGE_INGEST_BENCH:+"$IMAGE_INGEST_BENCH"} ${IMAGE_INGEST_CORPUS:+"$IMAGE_INGEST_CORPUS"}
