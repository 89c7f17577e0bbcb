#!/bin/bash
# Volumes, secrets, builds' caches, init, limits, devices.
podman volume create -o type=tmpfs -o device=tmpfs -o o=size=2M,nodev ram
podman run --rm -v ram:/ram "$IMAGE" sh -c 'grep " /ram tmpfs" /proc/mounts'
mkdir -p bound
echo here >bound/file
podman volume create -o type=none -o o=bind -o device="$PWD/bound" place
test "$(podman run --rm -v place:/place "$IMAGE" cat /place/file)" = here
printf top-secret | podman secret create word -
test "$(podman run --rm --secret word "$IMAGE" cat /run/secrets/word)" = top-secret
test "$(podman run --rm --secret word,type=env,target=WORD "$IMAGE" sh -c 'echo $WORD')" = top-secret
mkdir -p context
printf 'FROM %s\nRUN --mount=type=cache,target=/cache echo "$(date) x" >>/cache/lines && wc -l </cache/lines >/count\n' "$IMAGE" >context/Containerfile
podman build -q -t first context
podman build -q --no-cache -t second context
test "$(podman run --rm second cat /count)" = 2
podman run --rm --init "$IMAGE" cat /proc/1/comm | grep -qx podman-init
podman run --rm --device /dev/fuse "$IMAGE" test -c /dev/fuse
podman run --rm --tmpfs /scratch:size=1M "$IMAGE" touch /scratch/file
podman run --rm --read-only "$IMAGE" sh -c '! touch /file'
podman run --rm --shm-size 2M "$IMAGE" sh -c 'df -k /dev/shm | grep -q 2048'
touch bound/lower
podman run --rm -v "$PWD/bound:/over:O" "$IMAGE" sh -c 'rm /over/lower; touch /over/upper'
test -e bound/lower -a ! -e bound/upper
podman run --rm --mount "type=image,src=$IMAGE,dst=/other" "$IMAGE" test -e /other/etc/passwd
# Each has ids of its own, out of those of the name "containers" or of the user.
ids() { podman run --rm --userns=auto:size=1024 "$IMAGE" cat /proc/self/uid_map | awk '{ print $3 }'; }
test "$(ids)" = 1024
podman rm -af -t 0
podman volume rm ram place
podman secret rm word
# With everything gone, Podman begins anew.
podman pull -q --retry 100 --retry-delay 1s "$IMAGE"
podman network create leftover
podman system reset -f
test -z "$(podman images -q)"
podman network exists leftover && exit 1
podman pull -q --retry 100 --retry-delay 1s "$IMAGE"
podman run --rm -v kept:/kept "$IMAGE" touch /kept/file
test "$(podman run --rm -v kept:/kept "$IMAGE" ls /kept)" = file
