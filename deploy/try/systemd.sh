#!/bin/sh
# Lets systemd-analyze judge the units: whether they can be read, and how much they leave exposed (0 to 10, at most 2).
# usage: deploy/try/systemd.sh FOLDER_OF_PROGRAMS
set -eu
cd "$(dirname "$0")/../.."
programs=$(realpath "$1")
if ! command -v systemd-analyze >/dev/null 2>&1; then
  echo "systemd: systemd-analyze is not installed; the units were not tried" >&2
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for unit in deploy/systemd/*.service; do
  # The programs that are here stand in for installed ones.
  sed "s|=/usr/bin/|=$programs/|; s|^EnvironmentFile=/etc/.*||" "$unit" >"$work/$(basename "$unit")"
  # The manual lies in the release and not on this machine; the variable of a file that is not here is empty.
  SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no --recursive-errors=no "$work/$(basename "$unit")" >"$work/said" 2>&1 ||
    { cat "$work/said" >&2; exit 1; }
  if [ -s "$work/said" ]; then cat "$work/said" >&2; exit 1; fi
  systemd-analyze security --offline=true --threshold=20 --no-pager "$work/$(basename "$unit")" >"$work/said" ||
    { cat "$work/said" >&2; exit 1; }
  tail -n 1 "$work/said"
done
echo "systemd: the units can be read, and little is exposed"
