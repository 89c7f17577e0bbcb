#!/bin/bash
# What containers are given when something like Podman or systemd is to run in them, and Podman in them.
podman run --rm --systemd=always "$IMAGE" sh -c 'grep -q " /run tmpfs" /proc/mounts && grep -q " /sys/fs/cgroup cgroup2 rw" /proc/mounts'
podman run --rm --privileged "$IMAGE" sh -c 'mkdir /tmp/a && mount -t tmpfs a /tmp/a && grep -q " /tmp/a tmpfs" /proc/mounts'
podman run --rm --privileged "$IMAGE" unshare -Ur sh -c 'test "$(id -u)" = 0'

# The image's own Podman; where it keeps containers is a volume, so that it needs no fuse-overlayfs.
programs=(-v /usr:/usr:ro -v /etc/containers:/etc/containers:ro --network=host)
podman_inside=(/usr/bin/podman run --rm --network=host --cgroups=disabled "$IMAGE" echo nested)
podman run --rm --privileged "${programs[@]}" -v first:/var/lib/containers "$IMAGE" "${podman_inside[@]}" | grep -qx nested
# What mounts filesystems without being privileged isn't for AppArmor's profile.
podman run --rm --cap-add=sys_admin,mknod --security-opt apparmor=unconfined --device /dev/fuse "${programs[@]}" -v second:/var/lib/containers "$IMAGE" \
  "${podman_inside[@]}" | grep -qx nested

podman rm -af -t 0
podman volume prune -f
