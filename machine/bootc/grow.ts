import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Builder } from "./builder.ts";
import { findDisk } from "./guest-disk.ts";
import { askGuest, type GuestImage } from "./guest-image.ts";
import { noteSize } from "./install.ts";
import type { BootcPlace } from "./place.ts";

const serial = "bootc-disk";
const growTimeoutMs = 3_600_000;

/**
 * Moves the second copy of the partition table to the disk's new end, and lets the last partition, and an ext4
 * filesystem in it, have what is new. sfdisk is the image's own; whatever else the root is, its system grows it
 * (bootc does that at the first boot).
 */
const script = `
image=$1 serial=$2
${findDisk}
podman run --rm --replace --name=bootc-install --privileged --user=root:root --volume=/dev:/dev \\
  --entrypoint=sh "$image" -ec '
    disk=$1
    sfdisk --quiet --relocate gpt-bak-std "$disk"
    last=$(sfdisk --dump "$disk" | grep -c "^/dev/")
    echo ", +" | sfdisk --quiet --no-reread --force -N "$last" "$disk"
    blockdev --rereadpt "$disk" || partprobe "$disk" || true
  ' sh "$disk" </dev/null >&2
part=
for one in "$disk"?*; do [ ! -b "$one" ] || part=$one; done
if [ "$(/usr/sbin/blkid -o value -s TYPE "$part" 2>/dev/null)" = ext4 ]; then
  /usr/sbin/e2fsck -f -p "$part" >&2 || [ $? -le 2 ] || fail "the filesystem of $part has errors"
  /usr/sbin/resize2fs "$part" >&2
fi
sync
blockdev --flushbufs "$disk"
`;

/**
 * Makes an installed disk larger. Each step can be taken again: after a command that was killed, the next one with the
 * same size finishes it.
 */
export async function growDisk(
  builder: Builder,
  image: GuestImage,
  place: BootcPlace,
  sizeBytes: number,
): Promise<void> {
  const file = await open(place.disk, "r+");
  try {
    await file.truncate(sizeBytes);
    const disk = { path: place.disk, format: "raw", serial, isReadOnly: false } as const;
    await builder.withDisk(disk, () =>
      askGuest(builder.target, ["sh", "-c", script, "bootc", image.id, serial], {
        purpose: `Growing the disk of ${image.repoTag}`,
        timeoutMs: growTimeoutMs,
      }),
    );
    await file.sync();
  } finally {
    await file.close();
  }
  await rm(join(place.files.folder, "direct"), { recursive: true, force: true });
  await noteSize(place, sizeBytes);
}
