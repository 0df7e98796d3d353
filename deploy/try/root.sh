# Runs the container's context without an engine, by bubblewrap or as root by chroot: an empty root that is not written to, a
# user without rights, the environment and the commands of the Containerfile. Read by the scripts that use it.
#   lay_out CONTEXT ROOT DATA    as COPY does
#   inside ROOT DATA NAME=VALUE... -- ARGUMENTS   replaces the calling process, so call it in a subshell
#   program_of PID                the process of the program that `inside` started as PID
containerfile_says() { sed -n "s/^$2 //p" "$1/Containerfile"; }

# bubblewrap waits for the program, which is its child; chroot becomes it.
program_of() {
  child=$(cat "/proc/$1/task/$1/children" 2>/dev/null)
  echo "${child:-$1}" | tr -d ' '
}

# The words of a list such as ["/program", "health"].
words() { tr -d '[]",'; }

has_bubblewrap() {
  command -v bwrap >/dev/null 2>&1 && bwrap --ro-bind / / --unshare-user --uid 1 true >/dev/null 2>&1
}

lay_out() {
  mkdir -p "$2/data" "$3"
  cp -r "$1/root/." "$2/"
  cp "$1/Containerfile" "$2/.containerfile"
  cp /etc/hosts "$2/etc/hosts"
  uid=$(sed -n 's/^USER \([0-9]*\):.*/\1/p' "$1/Containerfile")
  chmod 0755 "$2" "$2/etc" "$2/data"
  # In bubblewrap's user namespace the caller is the user.
  if [ "$(id -u)" = 0 ] && ! has_bubblewrap; then chown -R "$uid:$uid" "$3"; fi
}

inside() {
  root=$1 data=$2
  shift 2
  uid=$(sed -n 's/^USER \([0-9]*\):.*/\1/p' "$root/.containerfile")
  environment=$(sed -n 's/^ENV //p' "$root/.containerfile")
  while [ "$1" != -- ]; do
    environment="$environment
$1"
    shift
  done
  shift
  # shellcheck disable=SC2086 # a list of assignments without blanks
  if has_bubblewrap; then
    exec env -i $environment "$(command -v bwrap)" --ro-bind "$root" / --bind "$data" /data --unshare-user --uid "$uid" --gid "$uid" \
      --cap-drop ALL --die-with-parent --chdir / "$@"
  elif [ "$(id -u)" = 0 ]; then
    # Without a user namespace the folder of data has to lie in the root itself.
    rmdir "$root/data" 2>/dev/null && mv "$data" "$root/data" && ln -s "$root/data" "$data"
    exec env -i $environment "$(command -v chroot)" --userspec="$uid:$uid" "$root" "$@"
  else
    echo "deploy: neither bubblewrap nor root is here; the container was not tried" >&2
    exit 77
  fi
}
