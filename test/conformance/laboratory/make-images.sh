#!/bin/bash
# make-images.sh TAG TAG-TO-PULL: stand-ins, made of Debian's packages, for the images that Podman's tests use, into
# /opt/images: testimage.tar, and a registry's storage that has them all. What is in them is what the tests look for.
set -e
tag=$1 to_pull=$2
work=$(mktemp -d /var/tmp/images.XXXXXX)
rootfs=$work/rootfs
mkdir -p "$rootfs"/{bin,sbin,usr/bin,usr/sbin,etc,dev,proc,sys,tmp,run,root,home/podman,var/{tmp,log,cache,lib},mnt,media,opt,srv,lib}
chmod 1777 "$rootfs/tmp" "$rootfs/var/tmp"
chmod 700 "$rootfs/root"
cp /opt/tools/bin/busybox "$rootfs/bin/"
for applet in $(/opt/tools/bin/busybox --list); do
  case $applet in
    busybox | linuxrc) ;;
    *) ln -s /bin/busybox "$rootfs/bin/$applet" ;;
  esac
done
cat >"$rootfs/etc/passwd" <<END
root:x:0:0:root:/root:/bin/ash
bin:x:1:1:bin:/bin:/sbin/nologin
daemon:x:2:2:daemon:/sbin:/sbin/nologin
mail:x:8:12:mail:/var/mail:/sbin/nologin
guest:x:405:100:guest:/dev/null:/sbin/nologin
nobody:x:65534:65534:nobody:/:/sbin/nologin
END
cat >"$rootfs/etc/group" <<END
root:x:0:root
bin:x:1:root,bin,daemon
daemon:x:2:root,bin,daemon
tty:x:5:
disk:x:6:root
mail:x:12:mail
users:x:100:
nobody:x:65534:
END
printf 'root:*::0:::::\nnobody:!::0:::::\n' >"$rootfs/etc/shadow"
chmod 640 "$rootfs/etc/shadow"
echo 3.16.0 >"$rootfs/etc/alpine-release"
printf 'NAME="stand-in"\nID=alpine\n' >"$rootfs/etc/os-release"
printf '127.0.0.1\tlocalhost\n::1\tlocalhost\n' >"$rootfs/etc/hosts"
printf '/bin/ash\n/bin/sh\n' >"$rootfs/etc/shells"
tar -C "$rootfs" -cf "$work/rootfs.tar" .

cd "$work"
# The tests want the image's tag in this file, and just this time of it.
echo "$tag" >testimage-id
TZ=UTC touch -d '2020-09-13 12:26:40' testimage-id
cat >pause <<'END'
#!/bin/sh
echo Confirmed: testimage pause invoked as $0
while :; do sleep 0.1; done
END
chmod 755 pause
cat >base <<END
FROM scratch
ADD rootfs.tar /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ADD testimage-id pause /home/podman/
END
cat >top <<END
FROM localhost/base:latest
LABEL created_by=test/system/build-testimage
LABEL created_at=2022-06-15T18:38:23Z
WORKDIR /home/podman
CMD ["/bin/echo", "This container is intended for podman CI testing"]
END
podman build -q --squash-all -f base -t localhost/base .
# In two steps, since --timestamp would be the time of the file too.
podman build -q --timestamp 1655318303 --squash -f top -t "quay.io/libpod/testimage:$tag" .
podman rmi localhost/base
for name in "testimage:$to_pull" alpine:latest busybox:latest; do
  cat >other <<END
FROM scratch
ADD rootfs.tar /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LABEL stands_for=$name
CMD ["/bin/sh"]
END
  podman build -q --squash -f other -t "quay.io/libpod/$name" .
done

registry=$work/registry
libraries=usr/lib/$(uname -m)-linux-gnu
mkdir -p "$registry"/{bin,tmp,lib64,etc/docker/registry,var/lib/registry,"$libraries"}
cp /opt/tools/bin/docker-registry "$registry/bin/registry"
cp /opt/tools/bin/busybox "$registry/bin/sh"
ln -s usr/lib "$registry/lib"
cp -L /lib64/ld-linux-*.so.* "$registry/lib64/" 2>/dev/null || cp -L /lib/ld-linux-*.so.* "$registry/usr/lib/"
cp -L "/$libraries"/{libc.so.6,libresolv.so.2} "$registry/$libraries/"
cat >"$registry/etc/docker/registry/config.yml" <<END
version: 0.1
storage:
  filesystem: { rootdirectory: /var/lib/registry }
http: { addr: ":5000" }
END
cat >registry.containerfile <<END
FROM scratch
ADD registry /
ENV PATH=/bin
EXPOSE 5000
ENTRYPOINT ["/bin/registry"]
CMD ["serve", "/etc/docker/registry/config.yml"]
END
podman build -q --squash -f registry.containerfile -t quay.io/libpod/registry:2.8 .
podman tag quay.io/libpod/registry:2.8 quay.io/libpod/registry:2.8.2

mkdir /opt/images/registry
/opt/tools/bin/docker-registry serve /opt/laboratory/registry.yml >"$work/registry.log" 2>&1 &
for name in "testimage:$tag" "testimage:$to_pull" alpine:latest busybox:latest registry:2.8 registry:2.8.2; do
  podman push -q --tls-verify=false --retry 5 --retry-delay 1s "quay.io/libpod/$name" "127.0.0.1:5999/libpod/$name"
done
kill $!
podman save -q -o /opt/images/testimage.tar "quay.io/libpod/testimage:$tag"
chmod -R a+rX /opt/images
