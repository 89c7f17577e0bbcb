import { describe, expect, test } from "vitest";
import { dosTableBytes, dosTableOffset } from "./dos-table.ts";
import { gptWrites } from "./gpt.ts";
import { probe } from "./probe.ts";
import { signatures } from "./signatures.ts";

const sizeBytes = 8 * 1024 * 1024;

function probed(bytes: Uint8Array, skipBytes = 0, sectorBytes = 512) {
  return probe({
    sizeBytes: bytes.length,
    sectorBytes,
    read: (offset, length) => bytes.slice(offset, offset + length),
    skipBytes,
  });
}

function withBytes(offset: number, bytes: Uint8Array | string, size = sizeBytes): Uint8Array {
  const made = new Uint8Array(size);
  made.set(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes, offset);
  return made;
}

const gptPlan = {
  sectorBytes: 512,
  diskSectors: sizeBytes / 512,
  diskGuid: "6b1e1c1e-6b7e-4b0c-9a53-1d4d2a1c0001",
  partitionGuid: "6b1e1c1e-6b7e-4b0c-9a53-1d4d2a1c0002",
  partitionName: "boot2podman-data",
  startSector: 4096,
  sectors: 8192,
  entriesSector: 2048,
};

function withGpt(...parts: ("backupEntries" | "backupHeader" | "entries" | "header")[]) {
  const writes = gptWrites(gptPlan);
  const made = new Uint8Array(sizeBytes);
  for (const part of parts) {
    made.set(writes[part].content, writes[part].offsetBytes);
  }
  return made;
}

const protective = dosTableBytes(0, { type: 0xee, startSector: 1, sectors: 0xffffffff });

describe("the first probe", () => {
  test("finds nothing on a device of zeros", () => {
    expect(probed(new Uint8Array(sizeBytes))).toEqual({ is: "empty", zeros: false });
  });

  test.each(
    signatures.flatMap(({ type, offsets, bytes }) =>
      offsets.map((offset) => ({ type, offset, bytes, name: `${type} at ${offset}` })),
    ),
  )("finds $name", ({ type, offset, bytes }) => {
    const at = offset < 0 ? sizeBytes + offset : offset;
    const content = probed(withBytes(at, bytes));
    expect(content.is === "foreign" && content.types).toContain(type);
  });

  test.each([sizeBytes - 65536, sizeBytes - 8192])(
    "finds md RAID at %i, near the end",
    (offset) => {
      expect(probed(withBytes(offset, Buffer.from("fc4e2ba9", "hex")))).toMatchObject({
        types: ["md RAID"],
      });
    },
  );

  test.each([0, 1, 2, 3])("finds ZFS by its label %i alone, in either byte order", (index) => {
    const label = [0, 262144, sizeBytes - 524288, sizeBytes - 262144][index] ?? 0;
    for (const magic of ["0cb1ba0000000000", "0000000000bab10c"]) {
      const content = probed(withBytes(label + 131072 + 5 * 1024, Buffer.from(magic, "hex")));
      expect(content).toMatchObject({ types: ["ZFS"] });
    }
  });

  test("names a btrfs label", () => {
    const bytes = withBytes(0x10040, "_BHRfS_M");
    bytes.set(Buffer.from("boot2podman-data"), 0x1012b);
    expect(probed(bytes)).toEqual({ is: "foreign", types: ["btrfs"], label: "boot2podman-data" });
  });

  test("names the volume of an ISO 9660 medium, also beside a hybrid's partition table", () => {
    const bytes = withBytes(32769, "CD001");
    bytes.set(Buffer.from("Boot2Podman-v1.0.0".padEnd(32)), 32808);
    bytes.set(dosTableBytes(1, { type: 0, startSector: 64, sectors: 1000 }), dosTableOffset);
    expect(probed(bytes)).toEqual({
      is: "foreign",
      types: ["ISO 9660", "dos partition table"],
      label: "Boot2Podman-v1.0.0",
    });
  });

  test("tells a FAT boot sector from a table with the same end", () => {
    const bytes = withBytes(54, "FAT16   ");
    bytes.set([0x55, 0xaa], 510);
    bytes.set([0x12], 446);
    expect(probed(bytes)).toEqual({ is: "foreign", types: ["FAT"], label: undefined });
  });

  test("reads a DOS table", () => {
    const partition = { type: 0x83, startSector: 2048, sectors: 4096 };
    expect(probed(withBytes(dosTableOffset, dosTableBytes(7, partition)))).toEqual({
      is: "table",
      table: {
        type: "dos",
        isWhole: true,
        entries: [{ number: 1, startBytes: 1048576, sizeBytes: 2097152, typeCode: "83" }],
      },
    });
  });

  test("reads a DOS table in sectors of 4096 bytes", () => {
    const partition = { type: 0x83, startSector: 256, sectors: 512 };
    const content = probed(withBytes(dosTableOffset, dosTableBytes(7, partition)), 0, 4096);
    expect(content.is === "table" && content.table.entries[0]?.startBytes).toBe(1048576);
  });

  test("reads a GPT whose entries lie elsewhere than usual", () => {
    const bytes = withGpt("backupEntries", "backupHeader", "entries", "header");
    bytes.set(protective, dosTableOffset);
    expect(probed(bytes)).toEqual({
      is: "table",
      table: {
        type: "gpt",
        isWhole: true,
        entries: [
          {
            number: 1,
            startBytes: 2097152,
            sizeBytes: 4194304,
            typeCode: "0fc63daf-8483-4772-8e79-3d69d8477de4",
          },
        ],
      },
    });
  });

  test("trusts no GPT with a wrong checksum", () => {
    const bytes = withGpt("entries", "header");
    bytes.set(protective, dosTableOffset);
    bytes[1048576 + 40] = 99;
    expect(probed(bytes)).toMatchObject({ types: ["damaged GPT (entries checksum)"] });
    bytes[512 + 60] = 99;
    expect(probed(bytes)).toMatchObject({ types: ["damaged GPT (header checksum)"] });
  });

  test("takes the backup of a GPT at the end of the disk for a table, though its start is empty", () => {
    expect(probed(withGpt("backupEntries", "backupHeader"))).toMatchObject({
      is: "table",
      table: { type: "gpt", isWhole: false, entries: [{ number: 1, startBytes: 2097152 }] },
    });
  });

  test("takes a GPT without its protective table for a table", () => {
    expect(probed(withGpt("entries", "header"))).toMatchObject({
      is: "table",
      table: { type: "gpt", isWhole: false },
    });
  });

  test("trusts no DOS table beside the backup of a GPT", () => {
    const bytes = withGpt("backupEntries", "backupHeader");
    bytes.set(dosTableBytes(7, { type: 7, startSector: 1, sectors: 9 }), dosTableOffset);
    expect(probed(bytes)).toMatchObject({ types: ["DOS table and backup of a GPT"] });
  });

  test("passes by the archive behind the magic, but not a table in its padding", () => {
    const archive = withBytes(257, "ustar");
    expect(probed(archive)).toMatchObject({ types: ["tar archive"] });
    expect(probed(archive, 4608)).toEqual({ is: "empty", zeros: false });
    archive.set(dosTableBytes(7, { type: 7, startSector: 1, sectors: 9 }), dosTableOffset);
    expect(probed(archive, 4608)).toMatchObject({ is: "table" });
  });

  test("finds what stands behind the archive", () => {
    const bytes = withBytes(0x10040, "_BHRfS_M");
    expect(probed(bytes, 4608)).toMatchObject({ types: ["btrfs"] });
  });

  test("refuses a device that ends before its size", () => {
    const read = () => new Uint8Array(10);
    const device = { sizeBytes, sectorBytes: 512, read, skipBytes: 0 };
    expect(() => probe(device)).toThrow("10 of 1114112 bytes at 0");
  });

  test.each([0, 512, 1024, 2048, 65536, 300_000])("takes a device of %i bytes", (size) => {
    expect(probed(new Uint8Array(size))).toEqual({ is: "empty", zeros: false });
  });
});
