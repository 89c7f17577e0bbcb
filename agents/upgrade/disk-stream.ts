import type { TableEntry } from "../automount/content/content.ts";
import { findDosTable } from "../automount/content/dos-table.ts";

const sectorBytes = 512;

/** Who gets the parts of a disk image, in the order in which they lie there. */
export interface DiskParts {
  /** What the image's table says, before anything is written. Throws when it doesn't fit. */
  check(boot: TableEntry, usr: TableEntry): void;
  /** Bytes of the boot partition, and where in it they lie. */
  boot(atBytes: number, bytes: Uint8Array): void;
  /** Bytes of the partition with /usr. */
  usr(atBytes: number, bytes: Uint8Array): void;
}

/** Hands the parts of a raw disk image over as it comes, and leaves what follows them. Throws when it ends too early. */
export async function readDiskImage(
  image: AsyncIterable<Uint8Array>,
  parts: DiskParts,
): Promise<void> {
  let atBytes = 0;
  let start = Buffer.alloc(0);
  let found: [TableEntry, TableEntry] | undefined;
  for await (const chunk of image) {
    if (found === undefined) {
      start = Buffer.concat([start, chunk]);
      if (start.length < sectorBytes) {
        continue;
      }
      found = partitionsOf(start);
      parts.check(...found);
      atBytes = give(start, 0, found, parts);
    } else {
      atBytes = give(chunk, atBytes, found, parts);
    }
    if (atBytes >= endOf(found[1])) {
      return;
    }
  }
  throw new Error("it ends before its /usr does: it was cut off");
}

function endOf({ startBytes, sizeBytes }: TableEntry): number {
  return startBytes + sizeBytes;
}

/** The boot partition, and the first one for /usr. */
function partitionsOf(start: Uint8Array): [TableEntry, TableEntry] {
  const [boot, usr] = findDosTable(start, sectorBytes) ?? [];
  if (boot?.typeCode !== "ef" || usr?.typeCode !== "83" || usr.startBytes < endOf(boot)) {
    throw new Error(
      "it is no disk image of boot2podman: expected boot2podman-VERSION-ARCH.raw.zst",
    );
  }
  return [boot, usr];
}

function give(
  chunk: Uint8Array,
  atBytes: number,
  [boot, usr]: readonly [TableEntry, TableEntry],
  parts: DiskParts,
): number {
  const part = ({ startBytes, sizeBytes }: TableEntry, take: DiskParts["boot"]) => {
    const from = Math.max(startBytes, atBytes);
    const to = Math.min(startBytes + sizeBytes, atBytes + chunk.length);
    if (from < to) {
      take(from - startBytes, chunk.subarray(from - atBytes, to - atBytes));
    }
  };
  part(boot, (at, bytes) => parts.boot(at, bytes));
  part(usr, (at, bytes) => parts.usr(at, bytes));
  return atBytes + chunk.length;
}
