import {
  closeSync,
  createReadStream,
  createWriteStream,
  ftruncateSync,
  openSync,
  rmSync,
  writeSync,
} from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { toolEnvironment } from "../tool/environment.ts";
import { runTool } from "../tool/run-tool.ts";
import { usrIdBlock, usrIdBytes } from "../usr/usr-id.ts";
import { makeBiosLoader } from "./bios-loader.ts";
import { type BootPartitionInput, makeBootPartition } from "./boot-partition.ts";
import { diskBytes, firstSector, partitions, sectorBytes } from "./layout.ts";

/** Bytes in the sector in front of the partition for data that ask for a filesystem in it; docs/data-disk.md. */
const request = "boot2podman, please format-me";

/** What the disk image is made of. */
export interface DiskInput extends BootPartitionInput {
  /** The uncompressed /usr, and its identity. */
  usrImage: { id: string; diskPath: string };
  cacheDir: string;
}

/**
 * Makes the disk as a raw file with holes in `target`: boots by BIOS (where the architecture has that) and by UEFI with
 * or without Secure Boot, and makes its data partition on the first boot. `folder` is for what goes in.
 */
export async function makeDisk(input: DiskInput, folder: string, target: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { bios } = input.recipe.machine.disk;
  const [boot, usr, , data] = partitions;
  const loader = bios && (await makeBiosLoader(bios, input.packages, input.store, input.cacheDir));
  const bootImage = await makeBootPartition(input, boot.sizeBytes, folder);
  const disk = openSync(target, "w");
  try {
    ftruncateSync(disk, diskBytes);
    writeSync(disk, firstSector(loader?.code ?? new Uint8Array()), 0, sectorBytes, 0);
    if (loader) {
      writeSync(disk, loader.core, 0, loader.core.length, sectorBytes);
    }
    const id = usrIdBlock(input.usrImage.id);
    writeSync(disk, id, 0, usrIdBytes, usr.startBytes + usr.sizeBytes - usrIdBytes);
    writeSync(disk, request, data.startBytes - sectorBytes, "latin1");
  } finally {
    closeSync(disk);
  }
  await copyInto(bootImage, target, boot.startBytes);
  await copyInto(input.usrImage.diskPath, target, usr.startBytes);
}

async function copyInto(source: string, target: string, start: number): Promise<void> {
  await pipeline(createReadStream(source), createWriteStream(target, { flags: "r+", start }));
}

/** What `zstd` is told: a window of 64 MiB is what every client takes, and saves what levels cost time for. */
const window = "--long=26";

/** Packs a raw disk as a compressed qcow2 image, the same bytes every time. */
export async function packDisk(
  raw: string,
  folder: string,
  target: string,
  level: number,
): Promise<void> {
  const qcow2 = join(folder, "disk.qcow2");
  await runTool("qemu-img", ["convert", "-m", "1", "-f", "raw", "-O", "qcow2", raw, qcow2], {
    purpose: "make the disk image",
    env: toolEnvironment(),
  });
  await compressDisk(qcow2, target, level);
  rmSync(qcow2);
}

/** Compresses a file with a disk, the same bytes on any number of processors. */
export async function compressDisk(
  source: string,
  target: string,
  level: number,
  more: readonly string[] = [window],
): Promise<void> {
  await runTool("zstd", ["-q", `-${level}`, ...more, "-T2", "-f", "-o", target, source], {
    purpose: "compress the disk image",
    env: toolEnvironment(),
  });
}
