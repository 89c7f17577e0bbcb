#!/bin/bash
# io.podman over Varlink: what Podman 1's client does, frame by frame, then all methods; systemd's client; the bridge.
here=/opt/repository/test/varlink
io=${socket%/*}/io.podman
test "$(stat -L -c %a "$io")" = 600
test "$(stat -c %a /run/org.varlink.resolver)" = 666

cat >registry.yml <<END
version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage:
  filesystem: { rootdirectory: $PWD/registry }
http: { addr: "127.0.0.1:5998" }
END
(/opt/tools/bin/docker-registry serve registry.yml >registry.log 2>&1 &)

varlink info unix:/run/org.varlink.resolver | grep -x 'Product: Resolver'
varlink info "unix:$io" >info
printf 'Vendor: %s\nProduct: %s\n' Atomic podman | cmp - <(head -2 info)
test "$(varlink resolve io.podman)" = "unix:$io;mode=0600"
varlink help io.podman | grep -x 'method GetVersion() -> ('
varlink call io.podman.GetVersion | grep '"version": "5'
if varlink call io.podman.GetImage '{"id": "nowhere"}' 2>said; then exit 1; fi
grep '^varlink: io.podman.ImageNotFound' said
if varlink call io.podman.Reset 2>said; then exit 1; fi
grep MethodNotImplemented said
if varlink call io.podman.Ps '{"opts": {"all": "yes"}}' 2>said; then exit 1; fi
grep 'InvalidParameter {"parameter":"opts.all"}' said

varlink call io.boot2podman.Status.Get | grep '"isFallback": false'
varlink call io.boot2podman.Health.List | grep '"containers": \[\]'
test "$(stat -c %a /run/boot2podman/io.boot2podman)" = 666
test "$(stat -c %a /run/boot2podman/io.boot2podman-root)" = 600
varlink call io.boot2podman.Disks.Get | grep '"dataDisk"'
varlink call io.boot2podman.Keys.List >keys
grep '"state": "missing"' keys
# Who asks is told where his own are, and root alone where things are changed.
resolve() { varlink call unix:/run/org.varlink.resolver/org.varlink.resolver.Resolve "{\"interface\": \"$1\"}"; }
resolve io.podman | grep "\"unix:$io;mode=0600\""
own=unix:/run/boot2podman/io.boot2podman
if [ "$(id -u)" = 0 ]; then
  resolve io.boot2podman.Keys | grep "\"$own-root;mode=0600\""
  export -f resolve
  /opt/tools/bin/setpriv --reuid 1000 --regid 50 --clear-groups bash -c 'resolve io.podman' |
    grep '"unix:/run/user/1000/podman/io.podman;mode=0600"'
  /opt/tools/bin/setpriv --reuid 65000 --regid 65000 --clear-groups bash -c 'resolve io.boot2podman.Keys' | grep "\"$own;mode=0666\""
  varlink call io.boot2podman.Disks.DryRun | grep '"warnings": \['
  mkdir -p /var/lib/boot2podman/etc/ssh
  varlink call io.boot2podman.Keys.Rotate '{"types": ["ed25519"]}' | grep '"fingerprint": "SHA256:'
  ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key
  if varlink call "$own/io.boot2podman.Keys.Rotate" 2>said; then exit 1; fi
else
  resolve io.boot2podman.Keys | grep "\"$own;mode=0666\""
  if varlink call io.boot2podman.Keys.Rotate 2>said; then exit 1; fi
fi
grep PermissionDenied said

# Clients of Podman 1 call the bridge like this; a client that leaves ends it.
ask='{"method":"org.varlink.service.GetInfo"}\0{"method":"io.podman.GetVersion"}\0'
printf "$ask" | varlink -A "podman --log-level=error varlink \$VARLINK_ADDRESS" bridge | tr '\0' '\n' >bridged
grep '"product":"Resolver"' bridged
grep '"remote_api_version":1' bridged

if [ -n "$MATERIAL" ]; then
  lib=$(echo "$MATERIAL"/usr/lib/*-linux-gnu)
  varlinkctl() { LD_LIBRARY_PATH=$lib:$lib/systemd "$MATERIAL/usr/bin/varlinkctl" "$@"; }
  varlinkctl info "$io" | grep 'Product: podman'
  varlinkctl list-interfaces "$io" | grep -x io.podman
  test "$(varlinkctl list-methods "$io" io.podman | wc -l)" = 97
  varlinkctl introspect "$io" io.podman | grep 'method GetVersion'
  varlinkctl call "$io" io.podman.GetVersion '{}' | grep '"version" *: *"5'
  varlinkctl call /run/org.varlink.resolver org.varlink.resolver.Resolve '{"interface":"io.podman"}' | grep "unix:$io"
  varlinkctl introspect "${own#unix:}" io.boot2podman.Disks >introspected
  grep '# The data disk that is mounted' introspected
  grep 'type DataDisk' introspected
  grep 'method SetUp' introspected

  python() { PYTHONPATH=$MATERIAL/usr/lib/python /opt/tools/bin/python3 -m varlink.cli "$@"; }
  python info "unix:$io" | grep 'Product: podman'
  python call "unix:$io/io.podman.GetVersion" '{}' | grep '"version": "5'
  python -b 'varlink bridge' call io.podman.GetVersion '{}' | grep '"version": "5'
  python -b 'varlink bridge' help io.boot2podman.Extensions | grep 'method List'
fi

# Beside the rest, since it waits until nobody is served any more.
bun=/opt/repository/node_modules/.bin/bun
if [ "$(id -u)" = 0 ]; then $bun $here/sockets.ts >sockets.log 2>&1 & fi
timeout 600 $bun $here/session.ts "$io" "$IMAGE" 127.0.0.1:5998
if [ "$(id -u)" = 0 ]; then
  wait $! || cat sockets.log >&2
  grep '^served 64, and gone' sockets.log
fi
test ! -s /tmp/agent.log
echo all of it holds
