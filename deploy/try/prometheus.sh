#!/bin/sh
# Lets promtool judge the alerts, and runs their tests. Debian's package prometheus has it; it is unpacked into TOOLS.
# usage: deploy/try/prometheus.sh TOOLS
set -eu
cd "$(dirname "$0")/../.."
tools=$1
promtool=$(command -v promtool || ls "$tools/usr/bin/promtool" 2>/dev/null || true)
if [ -z "$promtool" ] && command -v apt-get >/dev/null 2>&1; then
  mkdir -p "$tools"
  (cd "$tools" && apt-get download -qq prometheus >/dev/null 2>&1 && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool && rm prometheus_*.deb) || true
  promtool=$(ls "$tools/usr/bin/promtool" 2>/dev/null || true)
fi
if [ -z "$promtool" ]; then
  echo "prometheus: promtool is not here; the alerts were not tried" >&2
  exit 0
fi
"$promtool" check rules deploy/prometheus/alerts.yml
(cd deploy/prometheus && "$(realpath "../../$promtool" 2>/dev/null || echo "$promtool")" test rules alerts.test.yml)
