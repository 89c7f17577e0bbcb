import type { Kernel } from "../../kernel/kernel.ts";
import type { SystemPath } from "../../kernel/system-path.ts";
import type { Disk, DiskKind, Partition } from "../disk/disk.ts";

/** Sizes in /sys/block are in these, whatever the disk's own sectors are. */
const sysfsSectorBytes = 512;

/** What /sys/block says of a disk; what is on it is read later. */
export type BareDisk = Omit<Disk, "content" | "magic" | "partitions"> & {
  partitions: readonly BarePartition[];
};
/** A partition of which only the kernel's own facts are known, not what is on it. */
export type BarePartition = Omit<Partition, "content">;

/** All block devices as the kernel lists them (kernel: Documentation/ABI/stable/sysfs-block). */
export function listDisks(kernel: Kernel): BareDisk[] {
  const users = deviceUsers(kernel);
  return kernel.listIfPresent("/sys/block").flatMap((name) => {
    const disk = bareDisk(kernel, name, users);
    return disk === undefined ? [] : [disk];
  });
}

/** Node of a partition by its number, or of the whole disk for 0; undefined when the kernel doesn't know it. */
export function findNode(kernel: Kernel, disk: string, number: number): string | undefined {
  const folder: SystemPath = `/sys/block/${disk}`;
  if (number === 0) {
    return kernel.exists(folder) ? nodeOf(disk) : undefined;
  }
  const name = partitionNames(kernel, disk).find(
    (entry) => text(kernel, `${folder}/${entry}/partition`) === String(number),
  );
  return name === undefined ? undefined : nodeOf(name);
}

/**
 * Undefined for loop devices without a file, hidden paths of a disk, what vanished meanwhile, and the read-only disk
 * that the system's own /usr comes from.
 */
function bareDisk(kernel: Kernel, name: string, users: Users): BareDisk | undefined {
  const folder: SystemPath = `/sys/block/${name}`;
  const sectors = text(kernel, `${folder}/size`);
  const kind = kindOf(kernel, name);
  const isNothing = sectors === undefined || (sectors === "0" && kind === "virtual");
  if (isNothing || text(kernel, `${folder}/hidden`) === "1") {
    return undefined;
  }
  const readOnly = text(kernel, `${folder}/ro`) === "1";
  const inUse = userOf(kernel, folder, name, users);
  if (readOnly && inUse === usrUser) {
    return undefined;
  }
  const partitions = partitionNames(kernel, name)
    .filter((entry) => text(kernel, `${folder}/${entry}/partition`) !== undefined)
    .map((entry) => barePartition(kernel, folder, entry, users))
    .sort((one, other) => one.number - other.number);
  return {
    name,
    node: nodeOf(name),
    kind,
    sizeBytes: Number(sectors) * sysfsSectorBytes,
    sectorBytes: Number(text(kernel, `${folder}/queue/logical_block_size`) ?? sysfsSectorBytes),
    readOnly,
    removable: text(kernel, `${folder}/removable`) === "1",
    discards: Number(text(kernel, `${folder}/queue/discard_max_bytes`) ?? 0) > 0,
    inUse,
    partitions,
  };
}

/** Folders that may be partitions: the kernel starts their names with the disk's. */
function partitionNames(kernel: Kernel, disk: string): string[] {
  return kernel.listIfPresent(`/sys/block/${disk}`).filter((entry) => entry.startsWith(disk));
}

/** A partition is known by its attribute "partition", its number never by the look of its name. */
function barePartition(
  kernel: Kernel,
  disk: SystemPath,
  name: string,
  users: Users,
): BarePartition {
  const folder: SystemPath = `${disk}/${name}`;
  return {
    name,
    node: nodeOf(name),
    number: Number(text(kernel, `${folder}/partition`)),
    startBytes: Number(text(kernel, `${folder}/start`)) * sysfsSectorBytes,
    sizeBytes: Number(text(kernel, `${folder}/size`)) * sysfsSectorBytes,
    readOnly: text(kernel, `${folder}/ro`) === "1",
    inUse: userOf(kernel, folder, name, users),
  };
}

/**
 * What the kernel makes out of other storage has no hardware behind it and lies in devices/virtual/block
 * (an NVMe disk with multipath is virtual too, but elsewhere).
 */
function kindOf(kernel: Kernel, name: string): DiskKind {
  const folder: SystemPath = `/sys/block/${name}`;
  const path = kernel.readlink(folder);
  if (path.includes("/devices/virtual/block/") || path.includes("/mtd")) {
    return "virtual";
  }
  if (path.includes("/floppy.")) {
    return "floppy";
  }
  // SCSI peripheral device types 4 and 5: write-once and CD-ROM (SPC: INQUIRY).
  const scsiType = text(kernel, `${folder}/device/type`);
  return scsiType === "4" || scsiType === "5" ? "optical" : "disk";
}

/** In /sys a slash of a device's name is written as "!" (cciss!c0d0). */
function nodeOf(name: string): string {
  return `/dev/${name.replaceAll("!", "/")}`;
}

function mountedAt(target: string): string {
  return `mounted at ${target}`;
}

const usrUser = mountedAt("/usr");

/** Users by device number ("8:1") and by node. */
type Users = ReadonlyMap<string, string>;

function deviceUsers(kernel: Kernel): Users {
  const users = new Map<string, string>();
  for (const { device, source, target } of kernel.mounts().toReversed()) {
    users.set(device, mountedAt(target));
    if (source.startsWith("/dev/")) {
      users.set(source, mountedAt(target));
    }
  }
  for (const line of (kernel.readTextIfPresent("/proc/swaps") ?? "").split("\n").slice(1)) {
    const node = line.split(/\s/)[0] ?? "";
    if (node.startsWith("/dev/")) {
      users.set(node, "swap");
    }
  }
  return users;
}

function userOf(
  kernel: Kernel,
  folder: SystemPath,
  name: string,
  users: Users,
): string | undefined {
  const number = text(kernel, `${folder}/dev`) ?? "";
  const holders = kernel.listIfPresent(`${folder}/holders`);
  const held = holders.length > 0 ? `held by ${holders.join(", ")}` : undefined;
  return users.get(number) ?? users.get(nodeOf(name)) ?? held;
}

function text(kernel: Kernel, path: SystemPath): string | undefined {
  return kernel.readTextIfPresent(path)?.trim();
}
