#!/bin/bash
# run-script.sh SCRIPT [root|user [MATERIAL]]: a script of ../scripts in the laboratory, with what runs in a guest too:
# Podman's socket and the agent's part for containers. Exit status 0 when all of it holds. MATERIAL is a folder with what
# the script needs besides the tools. With IN_GUEST all of that is there.
set -e
script=$1 as=${2:-root} MATERIAL=${3:-}
if [ -z "$IN_GUEST" ]; then
  (/opt/tools/bin/docker-registry serve /opt/laboratory/registry.yml >/tmp/registry.log 2>&1 &)
  (/opt/repository/node_modules/.bin/bun /opt/laboratory/agent.ts >/tmp/agent.log 2>&1 &)
fi
IMAGE=$(cat /opt/images/testimage)
# "docker" is Docker's own here, not Podman under its name.
rm -rf /work
mkdir -p /work/bin
ln -s /opt/tools/bin/docker /work/bin/docker
export IMAGE MATERIAL PATH=/work/bin:$PATH:/opt/tools/bin DOCKER_BUILDKIT=0
chmod 1777 /work
cd /work
start='[ -n "$IN_GUEST" ] || (podman system service --time=0 "unix://$socket" >/tmp/service-$(id -u).log 2>&1 &)
until [ -S "$socket" ]; do sleep 0.1; done
podman pull -q --retry 100 --retry-delay 1s "$IMAGE" >/dev/null
export DOCKER_HOST=unix://$socket
exec bash -eu -o pipefail -x "$0"'
if [ "$as" = user ]; then
  echo $$ >/sys/fs/cgroup/user.slice/user-1000/session/cgroup.procs
  export XDG_RUNTIME_DIR=/run/user/1000 HOME=/home/tc USER=tc socket=/run/user/1000/podman/podman.sock
  exec /opt/tools/bin/setpriv --reuid 1000 --regid 50 --init-groups \
    /bin/bash -c "mkdir -p /run/user/1000/podman; $start" "$script"
fi
export socket=/run/podman/podman.sock
mkdir -p /run/podman
exec /bin/bash -c "$start" "$script"
