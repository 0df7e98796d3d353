#!/bin/sh
# Installs the wheel of python/dist into an environment of its own, TOOLS, and runs mypy, the stubs against the module, and
# the tests there. CLI, where it is given, is the command line whose ids are compared with the wheel's.
# Usage: scripts/test-python.sh TOOLS [CLI]
set -eu
tools=$1
cli=${2:-}
[ -z "$cli" ] || cli=$(realpath "$cli")
cd "$(dirname "$0")/../python"

if ! cmp -s requirements-test.txt "$tools/requirements.txt"; then
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "test-python: needs Python 3.11 or later" >&2; exit 1; }
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement requirements-test.txt
  cp requirements-test.txt "$tools/requirements.txt"
fi
"$tools/bin/pip" install --quiet --disable-pip-version-check --no-deps --force-reinstall dist/*.whl

largest=$((3 * 1024 * 1024))
for wheel in dist/*.whl; do
  bytes=$(wc -c <"$wheel")
  echo "test-python: $wheel has $bytes bytes"
  [ "$bytes" -le "$largest" ] || { echo "test-python: the wheel is larger than 3 MiB" >&2; exit 1; }
done
"$tools/bin/mypy"
"$tools/bin/stubtest" image_ingest
IMAGE_INGEST_CLI="$cli" "$tools/bin/pytest" --quiet -rs -p no:cacheprovider
