#!/bin/bash
# Health checks and what follows from them, without systemd and without a word about it.
check=(--health-cmd 'test ! -e /sick' --health-interval 1s --health-retries 1)
for action in none kill stop restart; do
  podman run -d --name "$action" "${check[@]}" --health-on-failure=$action "$IMAGE" top 2>>said
done
podman run -d --name late "${check[@]}" --health-startup-cmd 'test -e /started' --health-startup-interval 1s \
  "$IMAGE" top 2>>said
podman wait --condition=healthy none kill stop restart
test "$(podman inspect -f '{{.State.Health.Status}}' late)" = starting
podman exec late touch /started
podman wait --condition=healthy late
for action in none kill stop restart; do podman exec $action touch /sick; done
podman wait --condition=unhealthy none
podman wait kill stop
test "$(podman inspect -f '{{.State.ExitCode}}' kill)" = 137
for _ in $(seq 150); do
  restarts=$(podman inspect -f '{{.RestartCount}}' restart)
  [ "$restarts" -gt 0 ] && break
  sleep 0.2
done
[ "$restarts" -gt 0 ]
podman rm -af -t 0 2>>said
# Podman looks whether PID 1 is systemd before it asks it for timers.
test ! -s said
test ! -s /tmp/agent.log
