import type { Flavour } from "../../flavour/flavour.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { contentText } from "../content/content.ts";
import { type Disk, sizeText } from "../disk/disk.ts";
import { filesystemsOf } from "../disk/filesystems.ts";
import { listDisks } from "./block-devices.ts";
import { readDisk } from "./contents.ts";
import { loadExt4 } from "./ext4-module.ts";
import { holdsSystem, lastMachineOf } from "./look-inside.ts";

/** All disks with what is on them. Nothing is written. */
export async function observeDisks(kernel: Kernel, flavour: Flavour): Promise<Disk[]> {
  const disks = await Promise.all(listDisks(kernel).map((bare) => readDisk(kernel, bare, flavour)));
  await noteLastMachines(kernel, disks, flavour);
  return await lookInsideSingle(kernel, disks, flavour);
}

/** Several labelled filesystems are asked who used them last; one alone needs no asking. */
async function noteLastMachines(
  kernel: Kernel,
  disks: readonly Disk[],
  flavour: Flavour,
): Promise<void> {
  const labelled = filesystemsOf(disks).filter(({ ext4 }) => ext4.label === flavour.label);
  if (labelled.length < 2) {
    return;
  }
  await loadExt4(kernel);
  for (const { disk, partition, ext4, inUse } of labelled) {
    if (inUse !== undefined || disk.inUse !== undefined) {
      continue;
    }
    const machine = lastMachineOf(kernel, (partition ?? disk).node, flavour);
    if (machine !== undefined) {
      ext4.lastMachine = machine;
    }
  }
}

/** An unlabelled filesystem is looked into only where the plan could come to use it. */
async function lookInsideSingle(kernel: Kernel, disks: Disk[], flavour: Flavour): Promise<Disk[]> {
  const filesystems = filesystemsOf(disks);
  const isNeeded =
    !disks.some((disk) => disk.magic !== undefined) &&
    !filesystems.some(({ ext4 }) => ext4.label === flavour.label);
  const unlabelled = filesystems.filter(({ ext4 }) => ext4.label === "");
  const [single] = unlabelled;
  if (!isNeeded || single === undefined || unlabelled.length > 1) {
    return disks;
  }
  if (single.inUse !== undefined || single.disk.inUse !== undefined) {
    return disks;
  }
  const node = (single.partition ?? single.disk).node;
  await loadExt4(kernel);
  single.ext4.holdsSystem = holdsSystem(kernel, node);
  return disks;
}

/** A disk in a line for people: "sda 21.5 GB: DOS partition table; sda1: ext4 labelled …". */
export function diskText(disk: Disk): string {
  const magic = disk.magic === undefined ? "" : "the magic, ";
  const parts = disk.partitions.map(({ name, content }) => `; ${name}: ${contentText(content)}`);
  const whole = disk.kind === "disk" ? `${magic}${contentText(disk.content)}` : disk.kind;
  return `${disk.name} ${sizeText(disk.sizeBytes)}: ${whole}${parts.join("")}`;
}
