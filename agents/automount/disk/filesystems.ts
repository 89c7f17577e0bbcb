import type { Flavour } from "../../flavour/flavour.ts";
import type { DiskSelector } from "../../settings/options/automount.ts";
import type { Ext4 } from "../content/content.ts";
import type { Disk, Partition } from "./disk.ts";

/** An ext4 filesystem and where it lies. */
export interface Filesystem {
  disk: Disk;
  /** Undefined when it takes the whole disk. */
  partition: Partition | undefined;
  /** Kernel name of the partition or disk. */
  name: string;
  ext4: Ext4;
  readOnly: boolean;
  inUse: string | undefined;
}

/** All ext4 filesystems, whole disks first, each disk's partitions in order. */
export function filesystemsOf(disks: readonly Disk[]): Filesystem[] {
  return disks.flatMap((disk) => {
    const places = [undefined, ...disk.partitions];
    return places.flatMap((partition) => {
      const { content, name, readOnly, inUse } = partition ?? disk;
      if (content.is !== "ext4") {
        return [];
      }
      const both = { readOnly: readOnly || disk.readOnly, inUse };
      return [{ disk, partition, name, ext4: content.ext4, ...both }];
    });
  });
}

/** Whether it is the data filesystem that is looked for: by the label, or as the options name it. */
export function isWanted(
  filesystem: Filesystem,
  selector: DiskSelector | undefined,
  flavour: Flavour,
): boolean {
  const { label, uuid } = filesystem.ext4;
  if (selector === undefined) {
    return label === flavour.label;
  }
  if (selector.by === "nothing") {
    return false;
  }
  if (selector.by === "label") {
    return label === selector.value;
  }
  if (selector.by === "uuid") {
    return uuid === selector.value;
  }
  return filesystem.partition !== undefined && filesystem.name === selector.value
    ? true
    : filesystem.disk.name === selector.value && label === flavour.label;
}

/** Whether the options leave the disk itself, all of it, to us. */
export function isNamed(disk: Disk, selector: DiskSelector | undefined): boolean {
  return selector === undefined || (selector.by === "name" && selector.value === disk.name);
}

/** Whether the selector speaks of the disk or of anything on it. */
export function concerns(
  disk: Disk,
  selector: DiskSelector | undefined,
  flavour: Flavour,
): boolean {
  if (isNamed(disk, selector)) {
    return true;
  }
  return filesystemsOf([disk]).some((filesystem) => isWanted(filesystem, selector, flavour));
}
