#!/bin/sh
# Tries `lab` as a new user would: in a bare Debian tree, with neither Deno, npm nor a Vulkan driver.
#
#   tests/lab/bare_tree.sh FOLDER [TASK [arguments]]     (as root; debootstrap installed; TASK defaults to test)
#
# FOLDER gets the tree (kept afterwards: remove it to start bare again) and a copy of this checkout. Expects: a user who
# is not root is told the command to run and gets exit code 3; root gets everything installed and TASK run in an empty
# home; then the user can run TASK too. Minutes and a network, so it is no part of the test suite.
set -eu

tree=${1:?expected a folder for the Debian tree, found none}
shift
[ $# -gt 0 ] || set -- test
root=$(cd "$(dirname "$0")/../.." && pwd)
suite=$(sed -n "s/^VERSION_CODENAME=//p" /etc/os-release)

unmount() {
  for mount in proc dev/pts dev; do umount "$tree/$mount" 2>/dev/null || :; done
}
trap unmount EXIT
trap 'exit 130' INT TERM HUP

if [ ! -e "$tree/etc/debian_version" ]; then debootstrap --variant=minbase "$suite" "$tree" >/dev/null; fi
tree=$(cd "$tree" && pwd)
mount -t proc proc "$tree/proc"
mount --bind /dev "$tree/dev"
mount --bind /dev/pts "$tree/dev/pts"

# How this machine reaches its package sources, and whom it trusts.
mkdir -p "$tree/usr/local/share/ca-certificates" "$tree/etc/ssl/certs"
for path in /etc/resolv.conf /etc/hosts /etc/apt /etc/npmrc /usr/share/keyrings /usr/local/share/ca-certificates \
  /etc/ssl/certs/ca-certificates.crt; do
  if [ -e "$path" ]; then cp -RL "$path" "$tree$(dirname "$path")/"; fi
done

chroot "$tree" id tester >/dev/null 2>&1 || chroot "$tree" useradd tester
rm -rf "$tree/srv/checkout"
mkdir -p "$tree/srv/checkout"
(cd "$root" && git ls-files -co --exclude-standard | tar -cf - -T -) | tar -xf - -C "$tree/srv/checkout"
chroot "$tree" chown -R tester /srv/checkout

# enter USER COMMAND…: runs in the checkout, in a home that is new and an environment that is bare.
enter() {
  user=$1
  shift
  home=$(chroot "$tree" mktemp -d)
  chroot "$tree" chown "$user" "$home"
  chroot "$tree" setpriv --reuid "$user" --regid "$user" --clear-groups env -i \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME="$home" \
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt DENO_TLS_CA_STORE=system,mozilla \
    sh -c 'cd /srv/checkout && exec "$@"' sh "$@"
}

expectLine() {
  if ! grep -q "$1" "$tree/tmp/output"; then
    cat "$tree/tmp/output"
    echo "expected the line '$1', found the above" >&2
    exit 1
  fi
}

echo "== ./lab lists the tasks"
enter tester ./lab >"$tree/tmp/output"
expectLine '^  demo '

if ! chroot "$tree" sh -c 'command -v npm' >/dev/null; then
  echo "== a user who is not root, nothing installed: $*"
  code=0
  enter tester ./lab "$@" >"$tree/tmp/output" 2>&1 || code=$?
  cat "$tree/tmp/output"
  if [ $code != 3 ]; then
    echo "expected exit code 3, found $code" >&2
    exit 1
  fi
  expectLine 'run: sudo apt-get install -y --no-install-recommends npm'
fi

for user in root tester; do
  # What root's run left belongs to root.
  chroot "$tree" chown -R "$user" /srv/checkout
  echo "== $user: $*"
  start=$(date +%s)
  enter "$user" ./lab "$@"
  echo "== $user: $* took $(($(date +%s) - start)) s"
done
