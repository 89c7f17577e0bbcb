import { mebibyte } from "../../units/bytes.ts";
import type { Content, PartitionTable } from "./content.ts";
import { findDosTable, protectiveType } from "./dos-table.ts";
import { findExt } from "./ext4.ts";
import { findGpt, type ReadBytes } from "./gpt.ts";
import {
  holdsUberblock,
  mdMagic,
  mdOffsets,
  signatures,
  zfsOffsets,
  zfsRingBytes,
} from "./signatures.ts";

/** What the first probe looks at: a device, or the part of a disk where a partition is or would be. */
export interface Probed {
  sizeBytes: number;
  sectorBytes: number;
  /** Throws where the disk can't read. */
  read: ReadBytes;
  /**
   * Bytes at the start that are known and not a signature: the userdata archive behind the magic. A table
   * in sector 0 and GPT's header are looked for all the same.
   */
  skipBytes: number;
}

/** The start of a device in which nearly all formats leave their mark. */
export const probedStartBytes = mebibyte + 64 * 1024;

/** A disk that ended before its size is as bad as one that can't read. */
export class ShortReadError extends Error {
  override readonly name = "ShortReadError";
}

/** Content by our own probe alone; `zeros` is left false, since most of the device was not looked at. */
export function probe(device: Probed): Content {
  const start = readWhole(device, 0, Math.min(probedStartBytes, device.sizeBytes));
  const types = new Set<string>();
  let label: string | undefined;
  for (const signature of signatures) {
    for (const offset of signature.offsets) {
      if (!bytesMatch(device, start, offset, signature.bytes)) {
        continue;
      }
      types.add(signature.type);
      if (signature.label !== undefined) {
        label ??= labelAt(start, signature.label.offset, signature.label.maxBytes);
      }
    }
  }
  for (const offset of mdOffsets(device.sizeBytes)) {
    if (bytesMatch(device, start, offset, mdMagic)) {
      types.add("md RAID");
    }
  }
  if (holdsZfs(device)) {
    types.add("ZFS");
  }
  if (device.skipBytes <= 257 && startsWith(start, 257, "ustar")) {
    types.add("tar archive");
  }

  const ext = device.skipBytes > 1024 ? undefined : findExt(start);
  const table = tableOf(device, start);
  if (typeof table === "string") {
    types.add(table);
  }
  if (ext !== undefined && ext.type !== "ext4") {
    types.add(ext.type);
    label ??= ext.label;
  }
  const found = types.size + (ext?.type === "ext4" ? 1 : 0) + (typeof table === "object" ? 1 : 0);
  if (found === 0) {
    return { is: "empty", zeros: false };
  }
  if (found === 1 && ext?.type === "ext4") {
    return { is: "ext4", ext4: ext.ext4 };
  }
  if (found === 1 && typeof table === "object") {
    return { is: "table", table };
  }
  if (ext?.type === "ext4") {
    types.add("ext4");
  }
  if (typeof table === "object") {
    types.add(`${table.type} partition table`);
  }
  return { is: "foreign", types: [...types].sort(), label: label ?? ext4Label(ext) };
}

function ext4Label(ext: ReturnType<typeof findExt>): string | undefined {
  return ext?.type === "ext4" ? ext.ext4.label : undefined;
}

/** The table, the name of a table that can't be trusted, or undefined. */
function tableOf(device: Probed, start: Uint8Array): PartitionTable | string | undefined {
  const sectors = {
    ...device,
    read: (offset: number, length: number) => readWhole(device, offset, length),
  };
  const dos = findDosTable(start, device.sectorBytes);
  const gpt = findGpt(sectors, 1);
  const lastSector = Math.floor(device.sizeBytes / device.sectorBytes) - 1;
  const backup = lastSector > 1 ? findGpt(sectors, lastSector) : undefined;
  const isProtective =
    dos?.some((entry) => entry.typeCode === protectiveType.toString(16)) ?? false;
  if (gpt?.state === "damaged") {
    return `damaged GPT (${gpt.why})`;
  }
  if (gpt !== undefined) {
    return { type: "gpt", entries: gpt.entries, isWhole: isProtective };
  }
  if (isProtective) {
    return "protective table without its GPT";
  }
  if (backup?.state === "damaged") {
    return "damaged backup of a GPT";
  }
  if (backup !== undefined && dos !== undefined) {
    return "DOS table and backup of a GPT";
  }
  if (backup !== undefined) {
    return { type: "gpt", entries: backup.entries, isWhole: false };
  }
  return dos === undefined ? undefined : { type: "dos", entries: dos, isWhole: true };
}

function holdsZfs(device: Probed): boolean {
  return zfsOffsets(device.sizeBytes).some((offset) => {
    if (offset < device.skipBytes || offset + zfsRingBytes > device.sizeBytes) {
      return false;
    }
    return holdsUberblock(readWhole(device, offset, zfsRingBytes));
  });
}

function bytesMatch(device: Probed, start: Uint8Array, from: number, bytes: Uint8Array): boolean {
  const offset = from < 0 ? device.sizeBytes + from : from;
  if (offset < device.skipBytes || offset + bytes.length > device.sizeBytes) {
    return false;
  }
  const inStart = offset + bytes.length <= start.length;
  const found = inStart
    ? start.subarray(offset, offset + bytes.length)
    : readWhole(device, offset, bytes.length);
  return Buffer.from(found.buffer, found.byteOffset, found.byteLength).equals(bytes);
}

function readWhole(device: Probed, offsetBytes: number, lengthBytes: number): Uint8Array {
  if (offsetBytes < 0) {
    throw new ShortReadError(`nothing at ${offsetBytes}`);
  }
  const bytes = device.read(offsetBytes, lengthBytes);
  if (bytes.length === lengthBytes) {
    return bytes;
  }
  throw new ShortReadError(`${bytes.length} of ${lengthBytes} bytes at ${offsetBytes}`);
}

function startsWith(bytes: Uint8Array, offset: number, text: string): boolean {
  return Buffer.from(bytes.subarray(offset, offset + text.length)).toString("latin1") === text;
}

function labelAt(start: Uint8Array, offset: number, maxBytes: number): string {
  const bytes = start.subarray(offset, offset + maxBytes);
  const end = bytes.indexOf(0);
  return new TextDecoder("latin1").decode(end === -1 ? bytes : bytes.subarray(0, end)).trimEnd();
}
