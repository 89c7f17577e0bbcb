#!/bin/bash
# What can't be done here says so in one line, with the way out where there is one.
refused() { # EXIT-STATUS WORDS COMMAND…; 126 and 127 are one, since Podman looks for "no such file" in any message
  local status=0 wanted=$1 words=$2
  shift 2
  podman "$@" >out 2>said || status=$?
  test "${status/127/126}" = "$wanted"
  # modprobe has no modules of this host's kernel.
  grep -v '^modprobe: ' said | grep . >lines
  test "$(wc -l <lines)" -le 2
  grep -E "$words" lines
}

refused 126 'log driver journald: there is no journal without systemd; use --log-driver=k8s-file' \
  run --rm --log-driver=journald "$IMAGE" true
podman volume create -o type=nfs -o o=addr=192.0.2.1 -o device=:/x far
refused 126 'mount.nfs: this image leaves nfs out.* boot2podman extension add nfs' \
  run --rm --network none -v far:/x "$IMAGE" true
podman volume create -o type=cifs -o device=//192.0.2.1/x shared
refused 126 'mount.cifs: this image leaves cifs out.* boot2podman extension add cifs' \
  run --rm --network none -v shared:/x "$IMAGE" true
refused 125 'runtime "runc" not found' run --rm --runtime runc "$IMAGE" true
refused 126 'unresolvable CDI devices nvidia.com/gpu=all' run --rm --gpus all "$IMAGE" true
refused 126 'could not find slirp4netns' run --rm --network slirp4netns "$IMAGE" true
refused 125 'only supported for backingFS XFS' run --rm --storage-opt size=10M "$IMAGE" true
refused 125 'no volume plugin with name rexray available' volume create --driver rexray away
podman run -d --name running "$IMAGE" top
if [ "$(id -u)" = 0 ]; then
  refused 125 'criu.*not found' container checkpoint running
else
  refused 125 'checkpointing a container requires root' container checkpoint running
  # As docker's users have it, 80 and 443 are free to be taken; below that is root's.
  refused 126 'Failed to bind port 79 .Permission denied.' run --rm -p 79:80 "$IMAGE" true
  refused 126 'cannot expose privileged port 79, .*ip_unprivileged_port_start' run --rm --network bridge -p 79:80 "$IMAGE" true
fi
podman rm -af -t 0
podman volume rm far shared
