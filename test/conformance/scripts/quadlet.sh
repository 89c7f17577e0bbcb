#!/bin/bash
# Services of Quadlet files: a container with a volume and a network of its own, started in order, restarted when its
# process is killed, stopped with what needs it; a pod; what fails is said.
service() { /opt/repository/node_modules/.bin/bun /opt/repository/agents/program.ts boot2podman service "$@"; }
if [ "$(id -u)" = 0 ]; then units=/etc/containers/systemd; else units=$HOME/.config/containers/systemd; fi
mkdir -p "$units"
cat >"$units/data.volume" <<END
[Volume]
Label=of=quadlet
END
cat >"$units/lan.network" <<END
[Network]
Label=of=quadlet
END
cat >"$units/web.container" <<END
[Unit]
Description=Says when it starts

[Container]
Image=$IMAGE
Volume=data.volume:/data
Network=lan.network
Environment=GREETING="two words"
Exec=sh -c 'echo "\$\$GREETING" >>/data/starts; exec sleep 1000'

[Service]
Restart=always
ExecStartPre=/bin/sh -c 'echo before %n'

[Install]
WantedBy=default.target
END

# Files are read by the first who asks.
service start web
service status web | grep 'state.*running'
service status web.container | grep 'container'
service logs web | grep '^before web.service'
[ "$(podman exec systemd-web cat /data/starts)" = "two words" ]
[ "$(podman volume inspect systemd-data --format '{{.Labels.of}}')" = quadlet ]
[ "$(podman network inspect systemd-lan --format '{{.Labels.of}}')" = quadlet ]
# Killed: started again, by its policy; what it needs stays.
podman kill systemd-web
until service status web | grep 'restarts.*1'; do sleep 0.5; done
until [ "$(podman exec systemd-web cat /data/starts | wc -l)" = 2 ]; do sleep 0.5; done
# What needs the network stops with it, and is stopped first.
service stop lan.network
[ -z "$(podman ps -q)" ]
service ls | grep 'web.service *inactive'

# A pod, whose containers come and go with it.
cat >"$units/shop.pod" <<END
[Pod]
END
for name in front back; do
  cat >"$units/$name.container" <<END
[Container]
Image=$IMAGE
Pod=shop.pod
Exec=sleep 1000
END
done
# Ready when healthy.
cat >"$units/healthy.container" <<END
[Container]
Image=$IMAGE
Exec=sh -c 'sleep 2; touch /ready; exec sleep 1000'
HealthCmd=test -e /ready
HealthInterval=1s
Notify=healthy
END
# Ready when it says so itself, for which a second service has to wait. What it sends by syslog's words is a message of
# several lines, of which one counts.
cat >"$units/tell.sh" <<'END'
until [ -e /tell ]; do sleep 0.2; done
ln -s "$NOTIFY_SOCKET" /dev/log
logger "on its way
READY=1"
exec sleep 1000
END
cat >"$units/telling.container" <<END
[Container]
Image=$IMAGE
Notify=true
Volume=$units/tell.sh:/tell.sh:ro
Exec=sh /tell.sh
END
cat >"$units/waiting.container" <<END
[Unit]
Requires=telling.service
After=telling.service
[Container]
Image=$IMAGE
Exec=sleep 1000
END
# Fails at each start.
cat >"$units/failing.container" <<END
[Unit]
StartLimitBurst=3
[Container]
Image=$IMAGE
Exec=sh -c 'exit 7'
[Service]
Restart=on-failure
RestartSec=0
END
cat >"$units/refused.container" <<END
[Container]
Image=$IMAGE
[Service]
User=somebody
END
cat >"$units/left.container" <<END
[Container]
Image=$IMAGE
Exec=sleep 1000
[Service]
MemoryMax=1G
END
cat >"$units/wrong.container" <<END
[Container]
Imag=$IMAGE
END
cat >"$units/queue@.container" <<END
[Container]
Image=$IMAGE
Exec=sleep %i
END
cat >"$units/play.yaml" <<END
apiVersion: v1
kind: Pod
metadata:
  name: played
spec:
  containers:
    - name: one
      image: $IMAGE
      command: [sleep, "1000"]
END
cat >"$units/play.kube" <<END
[Kube]
Yaml=play.yaml
END
service reload 2>/tmp/said-$(id -u)
cat /tmp/said-$(id -u)
grep "wrong.container.*unsupported key 'Imag'" /tmp/said-$(id -u)
grep "refused.service can't be run here: User= of \[Service\] can't be done" /tmp/said-$(id -u)

service start shop.pod
service ls | grep 'front.service *running'
service ls | grep 'back.service *running'
[ "$(podman pod inspect systemd-shop --format '{{.State}}')" = Running ]
service stop shop.pod
service ls | grep 'front.service *inactive'
! podman pod exists systemd-shop

service start healthy
[ "$(podman inspect systemd-healthy --format '{{.State.Health.Status}}')" = healthy ]
service stop healthy

service start waiting >/tmp/started-$(id -u) &
until service ls | grep 'telling.service *starting' && podman exec systemd-telling true; do sleep 0.2; done
sleep 2
service ls | grep 'telling.service *starting'
! podman container exists systemd-waiting
podman exec systemd-telling touch /tell
wait $!
service ls | grep 'telling.service *running'
service ls | grep 'waiting.service *running'
service stop telling
! podman container exists systemd-waiting

service start left 2>/tmp/said-$(id -u)
grep 'left.service: MemoryMax= of \[Service\] is not honoured' /tmp/said-$(id -u)
service stop left

service start queue@500
podman top systemd-queue_500 args | grep 'sleep 500'
service stop queue@500

service start play
podman pod exists played
podman exec played-one true
service stop play
! podman pod exists played

# A start that succeeds, and a process that fails soon after: tried again, and not for ever.
service start failing || :
until service status failing | grep 'state *failed'; do sleep 0.5; done
service status failing
service status failing | grep 'ended with status 7'
[ -z "$(podman ps -q)" ]
echo "all of it holds"
