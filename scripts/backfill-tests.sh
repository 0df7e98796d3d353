#!/bin/sh
# Runs the backfill's tests: units in Rust, then the protocol on one machine, with storage that fails, and on the engines that are
# named, each as a cluster on loopback. TOOLS gets what they need from PyPI: an S3 server, readers of Parquet, the engines. Spark
# needs a JRE, which apt-get installs.
# Usage: scripts/backfill-tests.sh TOOLS TARGET_DIR [one-machine] [ray] [spark]
set -eu
tools=$1
mkdir -p "$2"
target_dir=$(realpath "$2")
shift 2
cd "$(dirname "$0")/../backfill"

python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "backfill-tests: needs Python 3.10 or later" >&2; exit 1; }
[ -d "$tools/bin" ] || python3 -m venv "$tools"
for set in one-machine "$@"; do
  if ! cmp -s "tests/requirements-$set.txt" "$tools/requirements-$set.txt"; then
    "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement "tests/requirements-$set.txt"
    cp "tests/requirements-$set.txt" "$tools/requirements-$set.txt"
  fi
done

export CARGO_TARGET_DIR="$target_dir"
cargo=${CARGO:-cargo}
IMAGE_INGEST_BACKFILL="$target_dir/debug/image-ingest-backfill"
export IMAGE_INGEST_BACKFILL
"$cargo" build --locked
"$tools/bin/mypy"
for set in "$@"; do
  case $set in
    one-machine)
      "$cargo" test --locked --quiet
      "$tools/bin/pytest" --quiet -rs -p no:cacheprovider tests/test_one_machine.py tests/test_faults.py
      ;;
    ray) "$tools/bin/pytest" --quiet -rs -p no:cacheprovider tests/test_ray.py ;;
    spark)
      if ! command -v java >/dev/null; then
        as_root=""
        [ "$(id -u)" = 0 ] || as_root="sudo"
        echo "backfill-tests: installing a JRE with apt-get" >&2
        $as_root apt-get update -qq || true
        DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends default-jre-headless >/dev/null
      fi
      "$tools/bin/pytest" --quiet -rs -p no:cacheprovider tests/test_spark.py
      ;;
    *) echo "backfill-tests: no tests are named $set" >&2; exit 2 ;;
  esac
done
