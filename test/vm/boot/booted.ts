import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test as plain } from "vitest";
import { importBusybox } from "../harness/container-image.ts";
import { type Identity, newDataDisk, newIdentity } from "../harness/data-disk.ts";
import { freePort } from "../harness/ports.ts";
import type { DiskOptions } from "../harness/qemu.ts";
import { runOk } from "../harness/run.ts";
import { sharedByFile } from "../harness/shared-by-file.ts";
import { TestMachine } from "../harness/test-machine.ts";

/** The one machine that several groups of tests share. */
export interface Booted {
  identity: Identity;
  machine: TestMachine;
  /** Port of the host that leads to the guest's 8080. */
  webPort: number;
  /** Disks of somebody else's; beside each lies a copy, NAME.before. */
  foreign: DiskOptions[];
}

/** A machine started from the kernel, with a new data disk and two foreign disks. */
export const test = plain.extend(
  "booted",
  ...sharedByFile(async (atTheEnd): Promise<Booted> => {
    const identity = await newIdentity();
    atTheEnd(() => rm(identity.folder, { recursive: true, force: true }));
    const foreign = await foreignDisks(identity.folder);
    for (const disk of foreign) {
      await copyFile(disk.file, `${disk.file}.before`);
    }
    const webPort = await freePort();
    const machine = await TestMachine.start({
      key: identity.key,
      disks: [await newDataDisk(identity), ...foreign],
      forwards: [[webPort, 8080]],
    });
    atTheEnd(() => machine.remove());
    await importBusybox(machine);
    return { identity, machine, webPort, foreign };
  }),
);

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
