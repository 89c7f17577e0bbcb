#!/bin/bash
# Networks: names, static addresses, IPv6, aliases, ports, the host's name, internal ones.
podman network create --subnet 10.99.0.0/24 --ipv6 --subnet fd00:99::/64 six
podman run -d --name a --network six:ip=10.99.0.9,ip6=fd00:99::9,alias=other "$IMAGE" httpd -f -p 80 -h /etc
podman run --rm --network six "$IMAGE" wget -qO- http://10.99.0.9/alpine-release
podman run --rm --network six "$IMAGE" wget -qO- "http://[fd00:99::9]/alpine-release"
for name in a other; do podman run --rm --network six "$IMAGE" wget -qO- "http://$name/alpine-release"; done
podman run --rm "$IMAGE" grep -q host.containers.internal /etc/hosts
podman network create --internal shut
podman run --rm --network shut "$IMAGE" sh -c '! ip route | grep default'
podman run -d --name b -p 8094:80 -p 8095:80/udp "$IMAGE" httpd -f -p 80 -h /etc
for _ in $(seq 50); do wget -qO- http://127.0.0.1:8094/alpine-release && break; sleep 0.2; done
# A taken port is an error that says so.
podman run --rm -p 8094:80 "$IMAGE" true 2>said && exit 1
grep -i 'address already in use' said
# The ports of the web, and addresses of one's own in the network around the machine.
podman run --rm -p 80:80 -p 443:443 "$IMAGE" true
[ "$(id -u)" != 0 ] || podman run --rm -p 22222:22 -p 21:21 "$IMAGE" true
podman network create -d macvlan -o parent=eth0 --subnet 10.0.2.0/24 lan
podman run --rm --network lan:ip=10.0.2.77 "$IMAGE" ip -4 addr show dev eth0 | grep -F 10.0.2.77/24
podman rm -af -t 0
podman network rm six shut lan
