#!/bin/bash
# Limits of memory, processors, processes and disks: the kernel's, and what becomes of who passes them.
controllers=$(cat /sys/fs/cgroup/cgroup.controllers)
case $controllers in
  *memory*) ;;
  *) exit 0 ;; # this host's controllers belong to cgroup v1
esac
of() { podman exec limited cat "/sys/fs/cgroup/$1"; }
podman run -d --name limited --memory 64m --pids-limit 50 --cpus 0.5 "$IMAGE" top
test "$(of memory.max)" = 67108864
test "$(of pids.max)" = 50
test "$(of cpu.max)" = '50000 100000'
podman update --memory 32m --cpus 0.25 limited
test "$(of memory.max)" = 33554432
test "$(of cpu.max)" = '25000 100000'
podman stats --no-stream --format '{{.MemUsage}}' limited | grep -E '/ ?33\.55MB'
podman pod create --name shared --memory 64m --cpus 0.5
podman run -d --pod shared --name second --memory 32m "$IMAGE" top
test "$(podman exec second cat /sys/fs/cgroup/memory.max)" = 33554432
if [ "$(id -u)" = 0 ]; then
  # Without systemd, Podman makes no control group for a pod of the user's.
  pod=/sys/fs/cgroup$(podman pod inspect -f '{{.CgroupPath}}' shared)
  test "$(cat "$pod/memory.max")" = 67108864
  test "$(cat "$pod/cpu.max")" = '50000 100000'
fi
status=0
podman run --name greedy --memory 16m --memory-swap 16m "$IMAGE" sh -c 'tail /dev/zero' || status=$?
test "$status" = 137
test "$(podman inspect -f '{{.State.OOMKilled}}' greedy)" = true
if [ "$(id -u)" = 0 ]; then
  disk=$(df /var/lib/containers | awk 'END { print $1 }' | sed 's/[0-9]*$//')
  podman run --rm --device-read-bps "$disk:1m" "$IMAGE" cat /sys/fs/cgroup/io.max | grep rbps=1048576
fi
podman rm -af -t 0
