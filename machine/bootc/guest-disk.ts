/**
 * What begins the scripts for the machine: finds the disk with a serial number, which comes a moment after it was
 * plugged in, and sets "disk".
 */
export const findDisk = `
set -eu
fail() { echo "$*" >&2; exit 1; }
disk=
tries=0
while [ -z "$disk" ]; do
  for one in /sys/block/*/serial; do
    if [ "$(cat "$one" 2>/dev/null)" = "$serial" ]; then
      disk=\${one%/serial}
      disk=/dev/\${disk##*/}
    fi
  done
  tries=$((tries + 1))
  [ -n "$disk" ] || [ $tries -lt 600 ] || fail "the disk $serial, which was plugged in, isn't there"
  [ -n "$disk" ] || usleep 100000
done
until [ -b "$disk" ]; do usleep 10000; done
`;

/** What is written to the start of a disk before it is plugged in: the machine's agents set up no disk that isn't blank. */
export const notBlank = "A disk of podman-machine bootc. Not to be used for data.\n";

/**
 * Whether a file lies below a folder ($1 below $2) when all links are followed: what an image names must not be a file
 * of the machine's own.
 */
export const isInside = `
is_inside() {
  case $(realpath "$1" 2>/dev/null) in "$(realpath "$2")"/*) return 0 ;; esac
  return 1
}
`;
