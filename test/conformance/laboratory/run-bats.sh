#!/bin/bash
# run-bats.sh root|user|remote FILE: one of Podman's test files in the laboratory, as TAP.
set -e
as=$1 file=$2
tests_path=/opt/tools/bin:/opt/tools/sbin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
(/opt/tools/bin/docker-registry serve /opt/laboratory/registry.yml >/tmp/registry.log 2>&1 &)
(/opt/repository/node_modules/.bin/bun /opt/laboratory/agent.ts >/tmp/agent.log 2>&1 &)
cd /opt/tests
variables=(TERM=dumb TMPDIR=/tmp BATS_TMPDIR=/tmp PODMAN_TIMEOUT="${PODMAN_TIMEOUT:-120}" PATH="$tests_path"
  OPENSSL_CONF=/opt/tools/etc/ssl/openssl.cnf MAGIC=/usr/lib/file/magic.mgc)
case $as in
  root)
    podman pull -q --retry 5 --retry-delay 1s "$(cat /opt/images/testimage)" >/dev/null
    exec env "${variables[@]}" PODMAN=/opt/podman bats --tap --timing "$file"
    ;;
  remote)
    podman pull -q --retry 5 --retry-delay 1s "$(cat /opt/images/testimage)" >/dev/null
    mkdir -p /run/podman
    (podman system service --time=0 unix:///run/podman/podman.sock >/tmp/service.log 2>&1 &)
    # The tests know a remote client by its name.
    exec env "${variables[@]}" PODMAN="/opt/tools/bin/podman-remote --url unix:///run/podman/podman.sock" \
      bats --tap --timing "$file"
    ;;
  user)
    echo $$ >/sys/fs/cgroup/user.slice/user-1000/session/cgroup.procs
    export XDG_RUNTIME_DIR=/run/user/1000 HOME=/home/tc USER=tc LOGNAME=tc
    # shellcheck disable=SC2016 # for the shell that runs as the user
    exec /opt/tools/bin/setpriv --reuid 1000 --regid 50 --init-groups /bin/bash -c '
      podman pull -q --retry 5 --retry-delay 1s "$(cat /opt/images/testimage)" >/dev/null && exec env "$@"
    ' bash "${variables[@]}" PODMAN=/opt/podman bats --tap --timing "$file"
    ;;
esac
