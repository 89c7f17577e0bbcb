#!/bin/bash
# run-bats.sh root|user|remote FILE [FILTER]: one of Podman's test files in the laboratory, or with IN_GUEST in a guest,
# as TAP. FILTER is a regular expression for the names of tests. With DOOR (a folder with a key, and a socket that leads
# to sshd) "remote" means the Podman of a guest.
set -e
as=$1 file=$2 filter=${3:-}
tests_path=/opt/tools/bin:/opt/tools/sbin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# A guest has both.
if [ -z "$IN_GUEST" ]; then
  (/opt/tools/bin/docker-registry serve /opt/laboratory/registry.yml >/tmp/registry.log 2>&1 &)
  (/opt/repository/node_modules/.bin/bun /opt/laboratory/agent.ts >/tmp/agent.log 2>&1 &)
fi
cd /opt/tests
variables=(TERM=dumb TMPDIR=/tmp BATS_TMPDIR=/tmp PODMAN_TIMEOUT="${PODMAN_TIMEOUT:-120}" PATH="$tests_path"
  OPENSSL_CONF=/opt/tools/etc/ssl/openssl.cnf MAGIC=/usr/lib/file/magic.mgc)
case $as in
  root)
    podman pull -q --retry 100 --retry-delay 1s "$(cat /opt/images/testimage)" >/dev/null
    exec env "${variables[@]}" PODMAN=/opt/podman bats --tap --timing --filter "$filter" "$file"
    ;;
  remote)
    if [ -n "$DOOR" ]; then
      (/opt/tools/bin/socat TCP-LISTEN:2222,bind=127.0.0.1,fork,reuseaddr "UNIX-CONNECT:$DOOR/ssh" &)
      until (exec 3<>/dev/tcp/127.0.0.1/2222) 2>/dev/null; do sleep 0.1; done
      cat >/opt/podman-remote <<END
#!/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin exec podman --remote \
  --url ssh://root@127.0.0.1:2222/run/podman/podman.sock --identity $DOOR/key "\$@"
END
      chmod 755 /opt/podman-remote
      /opt/podman-remote pull -q --retry 100 --retry-delay 1s "$(cat /opt/images/testimage)" >/dev/null
      exec env "${variables[@]}" PODMAN=/opt/podman-remote bats --tap --timing --filter "$filter" "$file"
    fi
    podman pull -q --retry 100 --retry-delay 1s "$(cat /opt/images/testimage)" >/dev/null
    mkdir -p /run/podman
    (podman system service --time=0 unix:///run/podman/podman.sock >/tmp/service.log 2>&1 &)
    # The tests know a remote client by its name.
    exec env "${variables[@]}" PODMAN="/opt/tools/bin/podman-remote --url unix:///run/podman/podman.sock" \
      bats --tap --timing --filter "$filter" "$file"
    ;;
  user)
    echo $$ >/sys/fs/cgroup/user.slice/user-1000/session/cgroup.procs
    export XDG_RUNTIME_DIR=/run/user/1000 HOME=/home/tc USER=tc LOGNAME=tc
    # shellcheck disable=SC2016 # for the shell that runs as the user
    exec /opt/tools/bin/setpriv --reuid 1000 --regid 50 --init-groups /bin/bash -c '
      podman pull -q --retry 100 --retry-delay 1s "$(cat /opt/images/testimage)" >/dev/null && exec env "$@"
    ' bash "${variables[@]}" PODMAN=/opt/podman bats --tap --timing --filter "$filter" "$file"
    ;;
esac
