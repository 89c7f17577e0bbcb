#!/bin/bash
# A distribution with systemd as PID 1: it comes up, its services run and are controlled, its journal is read, and podman
# stop is its shutdown.
podman import -q -c 'CMD ["/sbin/init"]' "$MATERIAL/system.tar" distribution
in_it() { podman exec os "$@"; }
up() { # what was asked for is up: nothing failed
  for _ in $(seq 150); do in_it test -S /run/dbus/system_bus_socket && break; sleep 0.2; done
  state=$(in_it systemctl is-system-running --wait) || in_it journalctl -b -p warning --no-pager
  test "$state" = running
  in_it systemctl is-active --quiet site.service
}

# Podman knows /sbin/init by its name; SIGRTMIN+3 is how systemd is told to halt.
podman run -d --name os -p 8096:80 distribution
up
for _ in $(seq 50); do wget -qO- http://127.0.0.1:8096/os-release && break; sleep 0.2; done
in_it systemctl restart site.service
in_it systemctl stop site.service
test "$(in_it systemctl is-active site.service)" = inactive
in_it journalctl -b -u site.service --no-pager | grep 'Stopped site.service'
test "$(in_it systemd-run --wait --pipe -q id -u)" = 0
test "$(podman inspect -f '{{.Config.StopSignal}}' os)" = SIGRTMIN+3
podman stop -t 120 os
test "$(podman inspect -f '{{.State.ExitCode}}' os)" = 0

# Once more, as what it is now; and with another first program, where Podman has to be told.
podman start os
up
podman rm -f -t 120 os
podman run -d --name os --systemd=always --entrypoint '["/bin/bash", "-c", "exec /lib/systemd/systemd"]' distribution
up
podman stop -t 120 os
test "$(podman inspect -f '{{.State.ExitCode}}' os)" = 0
podman rm os
