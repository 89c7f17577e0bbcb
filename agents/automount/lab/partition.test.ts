import { describe, expect, test } from "vitest";
import { boot2podman } from "../../flavour/flavour.ts";
import { mebibyte } from "../../units/bytes.ts";
import type { Hardware } from "./lab-kernel.testing.ts";
import { boot, deviceWrites, machine } from "./machines.testing.ts";
import { Platter, type Survivors } from "./platter.testing.ts";

/** The disk image in small: code and a table, loaders, /usr, and a partition for data that the magic asks for. */
const partitions = [
  { type: 0xef, start: 1, size: 8 },
  { type: 0x83, start: 9, size: 16 },
  { type: 0x83, start: 32, size: 96 },
] as const;
const dataBytes = 32 * mebibyte;
const requestBytes = dataBytes - 512;

function firstSector(): Buffer {
  const sector = Buffer.alloc(512);
  sector.write("code of a loader");
  for (const [index, { type, start, size }] of partitions.entries()) {
    sector[446 + index * 16 + 4] = type;
    sector.writeUInt32LE(start * 2048, 446 + index * 16 + 8);
    sector.writeUInt32LE(size * 2048, 446 + index * 16 + 12);
  }
  sector.set([0x55, 0xaa], 510);
  return sector;
}

/** Enlarged from 128 MiB, as clients do with the image before they boot it. */
function diskImage(sizeBytes = 256 * mebibyte): Hardware {
  const disk = new Platter(sizeBytes, 512);
  disk.write(0, firstSector());
  disk.write(requestBytes, Buffer.from(boot2podman.magic));
  disk.write(9 * mebibyte, Buffer.from("hsqs"));
  disk.flush();
  return machine(disk);
}

function readAt(hardware: Hardware, offset: number, length: number): string {
  const bytes = hardware.disks.get("vda")?.read(offset, length) ?? new Uint8Array();
  return Buffer.from(bytes).toString("latin1");
}

function expectDataDisk(booted: Awaited<ReturnType<typeof boot>>, hardware: Hardware): void {
  expect(booted.result, booted.message).toBe("ok");
  expect(booted.message).toContain("/dev/vda3 on /mnt/vda3");
  expect(readAt(hardware, requestBytes, 29)).toBe("\0".repeat(29));
  // The rest of the disk is as it was.
  expect(readAt(hardware, 0, 16)).toBe("code of a loader");
  expect(readAt(hardware, 9 * mebibyte, 4)).toBe("hsqs");
}

describe("the partition for data of a disk image", () => {
  test("grows to the end of the disk on the first boot, gets its filesystem, and is used as it is on the next", async () => {
    const hardware = diskImage();
    const first = await boot(hardware);
    expectDataDisk(first, hardware);
    expect(first.kernel.readText("/sys/block/vda/vda3/size")).toBe(String((256 - 32) * 2048));
    const next = await boot(hardware);
    expectDataDisk(next, hardware);
    expect(deviceWrites(next.kernel)).toEqual([]);
  });

  test("grows again when the disk does", async () => {
    const hardware = diskImage();
    await boot(hardware);
    for (const disk of hardware.disks.values()) {
      disk.sizeBytes = 512 * mebibyte;
    }
    const { kernel } = await boot(hardware);
    expect(kernel.readText("/sys/block/vda/vda3/size")).toBe(String((512 - 32) * 2048));
    expect(kernel.runs.map(({ argv }) => argv[0])).toContain("resize2fs");
  });

  test.each<[string, Survivors]>([
    ["no unflushed write survives", "none"],
    ["all unflushed writes survive", "all"],
    ["every other unflushed write survives", (index) => index % 2 === 0],
  ])("cut at every change (%s): the next boot ends the set-up", async (_, survivors) => {
    const { changes } = (await boot(diskImage())).kernel;
    expect(changes).toBeGreaterThan(20);
    for (let atChange = 0; atChange < changes; atChange += 1) {
      const hardware = diskImage();
      await boot(hardware, { cut: { atChange, survivors } });
      expectDataDisk(await boot(hardware), hardware);
    }
  });

  test("that a program holds is left alone", async () => {
    const hardware = diskImage();
    const { kernel, result } = await boot(hardware, {
      prepare: (made) => {
        made.isLockedByOthers = true;
      },
    });
    expect(result).toBe("failed");
    expect(deviceWrites(kernel)).toEqual([]);
  });

  test("is none where the magic lies in another partition: a file there may say anything", async () => {
    const hardware = diskImage();
    const disk = hardware.disks.get("vda");
    const sector = firstSector();
    // The second partition reaches up to the third one.
    sector.writeUInt32LE(23 * 2048, 446 + 16 + 12);
    disk?.write(0, sector);
    disk?.flush();
    const { kernel, result } = await boot(hardware);
    expect(result).toBe("skipped");
    expect(deviceWrites(kernel)).toEqual([]);
  });
});
