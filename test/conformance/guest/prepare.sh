#!/bin/sh
# prepare.sh DEVICE: lays the tests' programs out in a guest, as enter.sh does in namespaces. As root, once a boot;
# test/conformance lies in /opt/repository.
#   DEVICE  the disk of tools
set -e
mkdir -p /opt/disk /opt/tools /opt/tests /opt/images
mount -t squashfs -o ro "$1" /opt/disk
mount -t overlay -o ro,lowerdir=/usr/lib:/opt/disk/tools/lib overlay /usr/lib
mount --bind /opt/disk/tools/usr /opt/tools
mount --bind /opt/disk/tests /opt/tests
mount --bind /opt/disk/images /opt/images
ln -s /opt/repository/test/conformance/laboratory /opt/laboratory
cp /opt/laboratory/registries.conf /etc/containers/registries.conf.d/50-laboratory.conf
printf '#!/bin/sh\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin exec podman "$@"\n' >/opt/podman
chmod 755 /opt/podman
(/opt/tools/bin/docker-registry serve /opt/laboratory/registry.yml >/tmp/registry.log 2>&1 </dev/null &)
