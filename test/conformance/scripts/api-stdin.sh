#!/bin/bash
# What is sent into a container through Podman's API arrives whole and in order.
head -c 3000000 /dev/urandom >sent
sum=$(sha256sum <sent)
podman run -d --name reader "$IMAGE" top
for _ in 1 2 3; do
  test "$(podman --url "unix://$socket" exec -i reader sha256sum <sent)" = "$sum"
done
podman rm -f -t 0 reader
