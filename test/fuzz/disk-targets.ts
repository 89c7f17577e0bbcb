import { originalArchive, readArchive } from "../../agents/automount/archive/archive.ts";
import {
  clientArchive,
  madeArchive,
} from "../../agents/automount/archive/made-archives.testing.ts";
import { readBlkid } from "../../agents/automount/content/blkid.ts";
import { dosTableBytes } from "../../agents/automount/content/dos-table.ts";
import { gptWrites } from "../../agents/automount/content/gpt.ts";
import { probe, ShortReadError } from "../../agents/automount/content/probe.ts";
import { fatLabel } from "../../agents/provision/nocloud/fat-label.ts";
import { isoLabels } from "../../agents/provision/nocloud/iso-labels.ts";
import { mebibyte } from "../../agents/units/bytes.ts";
import { bytesOf, key, text } from "./seeds.ts";
import { must, type Target } from "./target.ts";

const magic = "boot2podman, please format-me";

const archive: Target = {
  name: "userdata archive",
  seeds: [
    clientArchive(`${key}\n`),
    madeArchive({ name: "a/b/c.txt", content: "x".repeat(700) }, { name: "d", type: "5" }),
    madeArchive({ name: "../x", content: "x" }, { name: "l", type: "2", linkTarget: "/etc" }),
    madeArchive({ name: "name", prefix: "long/prefix", content: "y" }),
  ],
  check(input) {
    // Half of them with right checksums, or hardly one would come further than the first header.
    const fixed = (input[0] ?? 0) % 2 === 0 ? input : withChecksums(input);
    const read = readArchive(fixed, magic);
    originalArchive(fixed, magic);
    if (read.state !== "complete") {
      return false;
    }
    must(read.lengthBytes <= fixed.length, "longer than the disk");
    for (const { path, kind, content } of read.members) {
      const parts = path.split("/");
      must(!path.startsWith("/") && path !== "", `absolute or empty name ${JSON.stringify(path)}`);
      must(!parts.includes("..") && !parts.includes("."), `upward name ${JSON.stringify(path)}`);
      must(!path.includes("\0"), "a zero in a name");
      must(kind === "file" || kind === "folder", `kind ${kind}`);
      must(content.length <= fixed.length, "content longer than the archive");
    }
    return true;
  },
};

/** The mutated headers get the checksums that they need; the magic in front stays. */
function withChecksums(input: Uint8Array): Uint8Array {
  const bytes = Buffer.from(input);
  bytes.write(magic, 0, "latin1");
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    if (bytes.toString("latin1", at + 257, at + 262) !== "ustar") {
      continue;
    }
    bytes.fill(0x20, at + 148, at + 156);
    const sum = bytes.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148, "latin1");
  }
  return bytes;
}

function superblock(): Buffer {
  const bytes = Buffer.alloc(4096);
  bytes.writeUInt32LE(5000, 1024 + 0x04);
  bytes.writeUInt32LE(2, 1024 + 0x18);
  bytes.writeUInt16LE(0xef53, 1024 + 0x38);
  bytes.writeUInt32LE(0x4, 1024 + 0x5c);
  bytes.writeUInt32LE(0x42, 1024 + 0x60);
  bytes.write("boot2podman-data", 1024 + 0x78, "latin1");
  return bytes;
}

function withTable(): Buffer {
  const bytes = Buffer.alloc(4096);
  const table = dosTableBytes(7, { type: 0x83, startSector: 2048, sectors: 8192 });
  bytes.set(table, 512 - table.length);
  return bytes;
}

function withGpt(): Buffer {
  const bytes = Buffer.alloc(64 * 1024);
  const table = dosTableBytes(0, { type: 0xee, startSector: 1, sectors: 127 });
  bytes.set(table, 512 - table.length);
  const guid = "0fc63daf-8483-4772-8e79-3d69d8477de4";
  const writes = gptWrites({
    ...{ sectorBytes: 512, diskSectors: 128, startSector: 40, sectors: 40, entriesSector: 2 },
    ...{ diskGuid: guid, partitionGuid: guid, partitionName: "x" },
  });
  for (const { offsetBytes, content } of Object.values(writes)) {
    if (offsetBytes + content.length <= bytes.length) {
      bytes.set(content, offsetBytes);
    }
  }
  return bytes;
}

const probed: Target = {
  name: "first probe",
  seeds: [superblock(), withTable(), withGpt(), Buffer.alloc(70_000), ...bytesOf("LUKS\xba\xbe")],
  check(input) {
    for (const sectorBytes of [512, 4096]) {
      const read = (offset: number, length: number) => input.slice(offset, offset + length);
      try {
        const found = probe({ sizeBytes: input.length, sectorBytes, read, skipBytes: 0 });
        const hasExt = input.length >= 2048 && input[1080] === 0x53 && input[1081] === 0xef;
        must(!(found.is === "empty" && hasExt), "an ext superblock was taken for nothing");
        if (found.is === "table") {
          for (const { startBytes, sizeBytes } of found.table.entries) {
            must(Number.isSafeInteger(startBytes + sizeBytes), "a partition without sane numbers");
          }
        }
        if (sectorBytes === 4096) {
          return found.is !== "empty";
        }
      } catch (error) {
        // Its caller takes it for a disk that can't be read.
        if (!(error instanceof ShortReadError)) {
          throw error;
        }
      }
    }
    return false;
  },
};

const blkid: Target = {
  name: "blkid's answer",
  seeds: bytesOf("DEVNAME=/dev/sda\nTYPE=ext4\nLABEL=a\\ b\nUUID=1\n", "PTTYPE=gpt\n", ""),
  check(input) {
    for (const exitCode of [0, 2, 4, 8]) {
      const said = readBlkid(exitCode, text(input), "");
      const isSilent = exitCode === 2 && text(input).trim() === "";
      must((said.found === "nothing") === isSilent, `status ${exitCode} gave ${said.found}`);
    }
    return readBlkid(0, text(input), "").found === "something";
  },
};

/** A disk whose label is in its FAT's root folder or in Joliet's descriptor. */
function labelledDisks(): Buffer[] {
  const fat = Buffer.alloc(40_000);
  fat.write("\xeb\x3c\x90mkfs.fat", 0, "latin1");
  fat.set([0x00, 0x02, 0x01, 0x01, 0x00, 0x02, 0x10, 0x00, 0x40, 0x00, 0xf8, 0x01, 0x00], 11);
  fat.set([0x29, 1, 2, 3, 4], 38);
  fat.set([0x55, 0xaa], 510);
  fat.write("CIDATA     \x08", 3 * 512, "latin1");
  const fat32 = Buffer.from(fat);
  fat32.set([0, 0], 17);
  fat32.set([0, 0], 22);
  fat32.set([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0], 36);
  const iso = Buffer.alloc(40_000);
  iso.write("\x01CD001", 32_768, "latin1");
  iso.write("\x02CD001", 34_816, "latin1");
  iso.write("%/E", 34_816 + 88, "latin1");
  iso.set(Buffer.from("cidata", "utf16le").swap16(), 34_816 + 40);
  return [fat, fat32, iso];
}

const label: Target = {
  name: "a disk's label",
  seeds: labelledDisks(),
  check(input) {
    let readBytes = 0;
    const read = (offset: number, length: number) => {
      must(Number.isSafeInteger(offset) && offset >= 0 && length >= 0, "a place that is none");
      readBytes += length;
      return input.slice(offset, offset + length);
    };
    const labels = [...(isoLabels(read) ?? []), fatLabel(read)];
    must(readBytes < mebibyte, "more read than a label takes");
    return labels.some((one) => one?.toLowerCase() === "cidata");
  },
};

/** Readers of what lies on disks. */
export const diskTargets = [archive, probed, blkid, label] as const;
