#!/bin/bash
# enter.sh USR TOOLS TESTS IMAGES DISK COMMAND…: the image's own /usr and /etc without its kernel, as the boot lays
# them out. To be started in namespaces of its own (mount, pid, network, IPC, UTS, cgroups), as root.
#   USR     the image's /usr, unpacked
#   TOOLS   the tests' programs, seen at /opt/tools; their libraries below the image's
#   TESTS   Podman's source, seen at /opt/tests
#   IMAGES  container images, seen at /opt/images
#   DISK    a filesystem's file, in the place of the data disk
set -e
usr=$1 tools=$2 tests=$3 images=$4 disk=$5
shift 5
repository=$(cd "$(dirname "$0")/../../.." && pwd)
root=$(mktemp -d)
mount -t tmpfs -o mode=755 root "$root"
mkdir "$root/usr" "$root/.disk"
mount -o loop "$disk" "$root/.disk"
mount --bind "$usr" "$root/usr"
mount -t overlay -o "ro,lowerdir=$usr/lib:$tools/lib" overlay "$root/usr/lib"
cp -a "$usr/share/boot2podman/root/." "$root/"
cd "$root"
for name in bin sbin lib lib64; do [ -e $name ] || ln -s usr/$name $name; done
mkdir -p proc sys dev run tmp root opt/tools opt/tests opt/images opt/repository old mnt/data var/lib/containers var/tmp \
  etc/containers/networks etc/containers/containers.conf.d etc/containers/registries.conf.d home/tc/.local/share/containers
mount --bind "$tools/usr" opt/tools
mount --bind "$tests" opt/tests
mount --bind "$images" opt/images
mount --bind "$repository" opt/repository
ln -s repository/test/conformance/laboratory opt/laboratory
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup sys/fs/cgroup

mount -t tmpfs -o mode=755 dev dev
while read -r name major minor; do mknod -m 666 "dev/$name" c "$major" "$minor"; done <<END
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
kmsg 1 11
tty 5 0
fuse 10 229
END
mkdir dev/net dev/pts dev/shm dev/mqueue
mknod -m 666 dev/net/tun c 10 200
mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t mqueue mqueue dev/mqueue
ln -s /proc/self/fd dev/fd
for one in stdin:0 stdout:1 stderr:2; do ln -s "/proc/self/fd/${one#*:}" "dev/${one%:*}"; done

mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=1777 tmp tmp
ln -sfn ../run var/run
mount --move .disk mnt/data
for name in var/lib/containers var/tmp; do
  mkdir -p "mnt/data/$name"
  mount --bind "mnt/data/$name" "$name"
done
mkdir -p mnt/data/var/lib/containers/networks mnt/data/tc
mount --bind mnt/data/var/lib/containers/networks etc/containers/networks
chmod 1777 var/tmp
mount --bind mnt/data/tc home/tc/.local/share/containers
mkdir -p run/user/1000
chmod 700 run/user/1000
chown -R 1000:50 home/tc run/user/1000

# A network with a router that is this machine too: what asks it for names is refused at once.
ip link set lo up
ip link add eth0 type veth peer name world
ip link set world up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
ip addr add 10.0.2.2/32 dev lo
ip addr add 10.0.2.3/32 dev lo
ip route add default via 10.0.2.2 dev eth0
ip -6 addr add fd00:2::15/64 dev eth0 nodad
ip -6 route add default via fd00:2::2 dev eth0
echo nameserver 10.0.2.3 >etc/resolv.conf

# As the boot sets them; what isn't a namespace's own stays as it is on this host.
for file in etc/sysctl.d/*.conf; do
  while read -r key _ value; do
    case $key in net.*) echo "$value" >"proc/sys/$(echo "$key" | tr . /)" ;; esac
  done <"$file"
done
session=sys/fs/cgroup/user.slice/user-1000/session
mkdir -p sys/fs/cgroup/system $session
echo $$ >sys/fs/cgroup/system/cgroup.procs
for group in $session "$(dirname $session)"; do
  chown 1000:50 "$group" "$group/cgroup.procs" "$group/cgroup.subtree_control" "$group/cgroup.threads"
done
if ! grep -qw pids sys/fs/cgroup/cgroup.controllers; then
  # This host's controllers belong to cgroup v1: no container could start with Podman's usual limit.
  printf '[containers]\npids_limit = 0\n' >etc/containers/containers.conf.d/99-laboratory.conf
fi
files=$(ulimit -Hn) processes=$(ulimit -Hu)
if ! (ulimit -n 1048576) 2>/dev/null; then
  # This host doesn't let its root raise limits, as buildah does.
  printf '[containers]\ndefault_ulimits = ["nofile=%s:%s", "nproc=%s:%s"]\n' \
    "$files" "$files" "$processes" "$processes" >etc/containers/containers.conf.d/98-laboratory.conf
fi
cp opt/laboratory/registries.conf etc/containers/registries.conf.d/50-laboratory.conf
printf '#!/bin/sh\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin exec podman "$@"\n' >opt/podman
chmod 755 opt/podman
hostname box

# Not by chroot alone: what enters a container's namespace would find itself outside.
pivot_root . old
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
  chroot . /bin/sh -c 'umount -l /old && mount --make-rshared / && cd / && exec "$@"' sh "$@"
