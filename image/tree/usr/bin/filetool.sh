#!/bin/sh
# Tiny Core's backup: the files named in /opt/.filetool.lst, but for those in /opt/.xfiletool.lst, are kept in mydata.tgz
# on the data disk. The boot restores them (docs/extensions.md).
# shellcheck disable=SC3040 # busybox knows it
set -o pipefail
folder=/var/lib/boot2podman/tce kept=/var/lib/boot2podman/tce/mydata.tgz
list=/opt/.filetool.lst excluded=/opt/.xfiletool.lst
fail() { echo "filetool.sh: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || exec sudo filetool.sh "$@"

# All files and folders to keep, by their paths below the root. The lists themselves are kept too; what isn't there can't be.
named() {
  lines() { sed 's|^/*||; s|/*$||; /^#/d; /^$/d' "$1" 2>/dev/null; }
  lines $excluded >/run/filetool.left-out
  { echo "${list#/}"; echo "${excluded#/}"; lines $list; } | sort -u \
    | while read -r name; do [ ! -e "$name" ] || find "$name" -xdev; done \
    | awk 'FILENAME != "-" { out[$0]; next }
      { for (one in out) if ($0 == one || index($0, one "/") == 1) next; print }' /run/filetool.left-out -
}
cd / || exit 1

case $1 in
  -b | backup)
    [ -f $list ] || fail "$list is not there: it names the files to keep, one a line, like home/tc/.profile"
    mountpoint=$(grep -c " /var/lib/boot2podman " /proc/mounts)
    [ "$mountpoint" -gt 0 ] || fail "there is no data disk"
    mkdir -p $folder
    IFS='
'
    set -f
    # shellcheck disable=SC2046 # a word for each line
    set -- $(named)
    # Whole and on the disk before it takes the old one's place.
    tar -cz --no-recursion -f - "$@" | dd of=$kept.new bs=64k conv=fsync 2>/dev/null \
      && tar -tzf $kept.new >/dev/null && mv $kept.new $kept || { rm -f $kept.new; fail "the backup failed: the old one stays"; }
    ;;
  -r | restore)
    [ -f $kept ] && [ ! -L $kept ] || fail "$kept is not there"
    content=$(tar -tvzf $kept) || fail "$kept is damaged: nothing is restored"
    # Only what a backup of this program holds: files, folders and links, by names below the root.
    echo "$content" | grep -q '^[^-dl]' && fail "$kept holds devices or the like: nothing is restored"
    tar -tzf $kept | grep -qE '^/|(^|/)\.\.(/|$)' && fail "$kept holds names that lead elsewhere: nothing is restored"
    tar -xz -C / -f $kept
    ;;
  -d | -dry) named ;;
  *) fail "expected -b (backup), -r (restore) or -d (show what is kept)" ;;
esac
