#!/bin/sh
# Sends refused uploads of 1 to 30 MB to a running server with the clients that people use, and prints a table of how
# many answers did not arrive. Exit status 1 where one did not, or, under CI=true, where a client is not installed.
# Usage: server/tools/clients/early.sh BASE KEY PICTURE FOLDER, with what scripts/server-tools.sh put into FOLDER/early
set -u
base=$1 key=$2 picture=$3 folder=$4/early
here=$(cd "$(dirname "$0")" && pwd)
tries=${TRIES:-200}
table="$folder/table.tsv"
missing=0

without() {
  echo "clients: $1 is not installed; its clients were not tried"
  [ "${CI:-}" = true ] && missing=1
}

# Each program says itself which answers did not arrive; that it ends with 0 says that it tried all.
try() {
  name=$1
  shift
  if ! "$@" "$base" "$key" "$picture" "$tries" >>"$table"; then
    printf '%s\tthe program itself\t-\t1\t1\tit ended early\n' "$name" >>"$table"
  fi
}

mkdir -p "$folder"
: >"$table"
if [ -d "$folder/node_modules/undici" ]; then
  cp "$here/early.mjs" "$folder/early.mjs"
  try node node "$folder/early.mjs"
else
  without "Node with its packages"
fi
if command -v go >/dev/null && go build -o "$folder/early-go" "$here/early.go"; then
  try go "$folder/early-go"
else
  without Go
fi
if command -v javac >/dev/null && javac -d "$folder" "$here/Early.java"; then
  try java java -cp "$folder" Early
else
  without "a JDK"
fi

awk -F '\t' '
  BEGIN { printf "%-28s %-30s %-14s %5s %6s\n", "client", "refused for", "size", "tries", "failed" }
  { printf "%-28s %-30s %-14s %5d %6d  %s\n", $1, $2, $3, $4, $5, $6; tries += $4; failed += $5 }
  END { printf "clients: %d of %d answers did not arrive\n", failed, tries; exit failed > 0 || tries == 0 }
' "$table" || missing=1
exit "$missing"
