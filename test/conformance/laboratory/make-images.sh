#!/bin/bash
# make-images.sh TAG TAG-TO-PULL: stand-ins, made of Debian's packages, for the images that Podman's tests use, into
# /opt/images: a registry's storage, and the name of the one that most tests use. What is in them is what the tests look for.
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
# Alpine's busybox has these two, Debian's hasn't.
libraries=usr/lib/$(uname -m)-linux-gnu
loader=$(cd / && echo lib*/ld-linux-*.so.*)
with_libraries() { # FOLDER: libraries of what is taken from Debian
  mkdir -p "$1/$libraries" "$1/$(dirname "$loader")"
  cp -L "/$loader" "$1/$loader"
  cp -L "/$libraries"/{libc.so.6,libresolv.so.2} "$1/$libraries/"
}
with_libraries "$rootfs"
cp /opt/tools/bin/printenv "$rootfs/bin/"
ln -s busybox "$rootfs/bin/busybox-extras"
printf 'ssh\t22/tcp\nhttp\t80/tcp\n' >"$rootfs/etc/services"
mkdir -p "$rootfs/usr/share/stand-in"
for number in $(seq 60); do echo "$number" >"$rootfs/usr/share/stand-in/$number"; done
ln -s ../proc/mounts "$rootfs/etc/mtab"
cat >"$rootfs/sbin/adduser" <<'END'
#!/bin/sh
# adduser -u UID -G GROUP -D -g GECOS -s SHELL NAME
while getopts u:G:Dg:s: option; do eval "$option=\$OPTARG"; done
shift $((OPTIND - 1))
group=$(awk -F: -v name="$G" '$1 == name { print $3 }' /etc/group)
echo "$1:x:$u:$group:$g:/home/$1:$s" >>/etc/passwd
mkdir -p "/home/$1" && chown "$u:$group" "/home/$1"
END
chmod 755 "$rootfs/sbin/adduser"
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
ping:x:999:
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
for name in "testimage:$to_pull" testimage:multiimage alpine:latest busybox:latest; do
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
mkdir -p "$registry"/{bin,tmp,etc/docker/registry,var/lib/registry}
cp /opt/tools/bin/docker-registry "$registry/bin/registry"
cp /opt/tools/bin/busybox "$registry/bin/sh"
with_libraries "$registry"
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
for name in "testimage:$tag" "testimage:$to_pull" testimage:multiimage alpine:latest busybox:latest registry:2.8 registry:2.8.2; do
  podman push -q --tls-verify=false --retry 100 --retry-delay 1s "quay.io/libpod/$name" "127.0.0.1:5999/libpod/$name"
done
kill $!
echo "quay.io/libpod/testimage:$tag" >/opt/images/testimage
chmod -R a+rX /opt/images
