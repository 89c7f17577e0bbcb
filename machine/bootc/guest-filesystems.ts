/**
 * Loads what the machine's kernel needs for the filesystem that is asked for ("filesystem"), or for one that the image's
 * own settings name, where it has it not: from the extension "filesystems". That a word stands in a file of settings is
 * no more than a hint: what is loaded for nothing does no harm, and what is missing then is named by bootc itself.
 */
export const loadFilesystems = `
has_filesystem() {
  grep -qw "$1" /proc/filesystems || modprobe -q "$1" 2>/dev/null
}
need_filesystem() {
  has_filesystem "$1" && return 0
  said=$(boot2podman extension add filesystems 2>&1) && has_filesystem "$1" && return 0
  echo "the kernel of this machine has no $1, and the extension filesystems could not be loaded: $said" >&2
  return 1
}
if [ -n "$filesystem" ]; then
  need_filesystem "$filesystem"
else
  root=$(podman image mount "$image")
  settings=$root/usr/lib/bootc/install
  for one in xfs btrfs; do
    if is_inside "$settings" "$root" && grep -rqsw "$one" "$settings"; then need_filesystem "$one" || true; fi
  done
  podman image unmount "$image" >/dev/null
fi
`;
