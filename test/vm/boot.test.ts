import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import type { Booted } from "./boot/booted.ts";
import { containerTests } from "./boot/containers.ts";
import { lastingTests } from "./boot/lasting.ts";
import { remoteTests } from "./boot/remote.ts";
import { systemTests } from "./boot/system.ts";
import { importBusybox } from "./harness/container-image.ts";
import { newDataDisk, newIdentity } from "./harness/data-disk.ts";
import { freePort } from "./harness/ports.ts";
import type { DiskOptions } from "./harness/qemu.ts";
import { runOk } from "./harness/run.ts";
import { TestMachine } from "./harness/test-machine.ts";

/** A disk of somebody else's: an ext4 filesystem with a label and data of its own, and one of plain bytes. */
async function foreignDisks(folder: string): Promise<DiskOptions[]> {
  const tree = path.join(folder, "foreign");
  await mkdir(tree);
  await writeFile(path.join(tree, "diary"), "don't touch\n");
  const filesystem = path.join(folder, "foreign-ext4.raw");
  await runOk(["mke2fs", "-q", "-t", "ext4", "-L", "precious", "-d", tree, filesystem, "64M"]);
  const bytes = path.join(folder, "foreign-bytes.raw");
  await writeFile(bytes, Buffer.alloc(32 * 2 ** 20, "some database without a filesystem "));
  return [
    { file: filesystem, format: "raw", bus: "sata" },
    { file: bytes, format: "raw", bus: "scsi" },
  ];
}

describe("a machine started from the kernel, with a new data disk and two foreign disks", () => {
  const booted = {} as Booted;

  beforeAll(async () => {
    booted.identity = await newIdentity();
    booted.foreign = await foreignDisks(booted.identity.folder);
    for (const disk of booted.foreign) {
      await copyFile(disk.file, `${disk.file}.before`);
    }
    booted.webPort = await freePort();
    booted.machine = await TestMachine.start({
      key: booted.identity.key,
      disks: [await newDataDisk(booted.identity), ...booted.foreign],
      forwards: [[booted.webPort, 8080]],
    });
    await importBusybox(booted.machine);
  });
  afterAll(async () => {
    await booted.machine?.remove();
    await rm(booted.identity.folder, { recursive: true, force: true });
  });

  systemTests(booted);
  containerTests(booted);
  remoteTests(booted);
  lastingTests(booted);
});
