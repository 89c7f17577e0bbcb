#!/bin/bash
# enter.sh ROOT DIST RELEASE OUT UID...: a Debian with Podman's client in namespaces of its own (mount, network, pid), without a
# way out. Says "ready", and stays until its standard input ends.
set -e
root=$1 dist=$2 release=$3 out=$4
shift 4
mount --bind "$root" "$root"
# What the session leaves is gone with it.
fresh=$(mktemp -d)
mount -t tmpfs -o mode=755,size=90% fresh "$fresh"
mkdir "$fresh/upper" "$fresh/work" "$fresh/root"
mount -t overlay -o "lowerdir=$root,upperdir=$fresh/upper,workdir=$fresh/work" client "$fresh/root"
root=$fresh/root
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t sysfs -o ro sys "$root/sys"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount -t tmpfs -o mode=755 run "$root/run"
mkdir -p "$root/opt/dist" "$root/opt/release" "$root/opt/out" "$root/old"
mount --bind -o ro "$dist" "$root/opt/dist"
mount --bind -o ro "$release" "$root/opt/release"
mount --bind "$out" "$root/opt/out"
for uid in "$@"; do
  mkdir -p "$root/run/user/$uid" "$root/home/u$uid" "$root/srv/u$uid"
  chown "$uid:$uid" "$root/run/user/$uid" "$root/home/u$uid" "$root/srv/u$uid"
  # A machine's disk is a sparse file of some GB: on the disk, and not in RAM.
  mkdir -p "$out/u$uid" "$root/home/u$uid/.local/share/containers"
  mount --bind "$out/u$uid" "$root/home/u$uid/.local/share/containers"
  chown -R "$uid:$uid" "$root/home/u$uid"
done
chmod 755 "$out"
ip link set lo up
cd "$root"
pivot_root . old
umount -l /old
echo ready
# Not by exec: whoever is the first process here has to reap what the client leaves, or it waits for it without end.
cat >/dev/null
