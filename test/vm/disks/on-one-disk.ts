/**
 * Has automount set up or use one disk, the newest or the one of that size. The option that names the disk comes in
 * by a file mounted over the kernel's command line.
 */
export const onOneDisk = `#!/bin/sh
unmount_all() {
  for folder in $(grep "^/dev/$disk" /proc/mounts | cut -d' ' -f2 | tac); do umount "$folder" || umount -l "$folder"; done
}
if [ -n "$1" ]; then
  for i in $(seq 6000); do
    for folder in /sys/block/*; do
      [ "$(($(cat "$folder/size") * 512))" = "$1" ] && disk=$(basename "$folder")
    done
    [ -n "$disk" ] && break
    usleep 50000
  done
  echo "$(cat /proc/cmdline) boot2podman.disk=$disk" >/run/cmdline
  mount --bind /run/cmdline /proc/cmdline
else
  for i in $(seq 6000); do
    disk=$(ls /sys/block | grep -vxFf /run/disks-before | head -1)
    [ -n "$disk" ] && break
    usleep 50000
  done
fi
echo "sectors of $(cat "/sys/block/$disk/queue/logical_block_size")"
automount 2>&1
folder=$(grep "^/dev/$disk" /proc/mounts | cut -d' ' -f2 | head -1)
ls "$folder"
[ -n "$2" ] && echo "$2" >"$folder/var/lib/boot2podman/note"
cat "$folder/var/lib/boot2podman/note" 2>/dev/null
df -k "$folder"
unmount_all
[ -n "$1" ] && umount /proc/cmdline
true
`;
