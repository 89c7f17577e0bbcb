import { oneLine } from "../../command/one-line.ts";
import type { Flavour } from "../../flavour/flavour.ts";
import type { BlockDevice } from "../../kernel/block-devices.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { archiveFacts, maxArchiveBytes, readArchive, startsWith } from "../archive/archive.ts";
import { isZeros } from "../content/blank.ts";
import { blkidCommand, readBlkid } from "../content/blkid.ts";
import { bothProbes, needsSecondProbe } from "../content/both-probes.ts";
import type { Content } from "../content/content.ts";
import { probe } from "../content/probe.ts";
import type { Disk, Magic, Partition } from "../disk/disk.ts";
import { layoutOf } from "../disk/layout.ts";
import type { BareDisk, BarePartition } from "./block-devices.ts";

const probeTimeout = { quietMs: 60_000 };

/** Looks at what is on a disk and its partitions. Only reads; a disk that can't be read says so in its content. */
export async function readDisk(kernel: Kernel, bare: BareDisk, flavour: Flavour): Promise<Disk> {
  if (bare.kind !== "disk" || bare.sizeBytes === 0) {
    const content: Content = { is: "unreadable", why: "not looked at" };
    const partitions = bare.partitions.map((partition) => ({ ...partition, content }));
    return { ...bare, content, magic: undefined, partitions };
  }
  const whole: Region = { ...bare, offsetBytes: 0, skipBytes: 0 };
  const [read, ...partitions] = await Promise.all([
    readWhole(kernel, bare, whole, flavour),
    ...bare.partitions.map((partition) => readPartition(kernel, bare, partition)),
  ]);
  if (read.magic !== undefined || read.content.is !== "table") {
    return { ...bare, ...read, partitions };
  }
  const marked = partitions.map((partition) =>
    isAskedFor(kernel, bare, partition, flavour)
      ? { ...partition, isAskedFor: true as const }
      : partition,
  );
  return { ...bare, ...read, partitions: marked };
}

/**
 * Whether the magic in front of a partition asks for a filesystem in it. Only of one that holds nothing or a filesystem of
 * ours, and only in a sector that is no other partition's, whose files could hold anything.
 */
function isAskedFor(
  kernel: Kernel,
  disk: BareDisk,
  { content, startBytes }: Partition,
  flavour: Flavour,
): boolean {
  const isOurs = content.is === "ext4" && content.ext4.label === flavour.label;
  const atBytes = startBytes - disk.sectorBytes;
  const isTaken = disk.partitions.some(
    (other) => other.startBytes <= atBytes && atBytes < other.startBytes + other.sizeBytes,
  );
  if ((content.is !== "empty" && !isOurs) || atBytes <= 0 || isTaken) {
    return false;
  }
  try {
    const sector = withDevice(kernel, disk.node, (device) =>
      device.read(atBytes, disk.sectorBytes),
    );
    return startsWith(sector, flavour.magic);
  } catch {
    // What can't be read asks for nothing.
    return false;
  }
}

/** A part of a device. */
interface Region {
  node: string;
  sizeBytes: number;
  sectorBytes: number;
  offsetBytes: number;
  skipBytes: number;
}

async function readWhole(
  kernel: Kernel,
  bare: BareDisk,
  whole: Region,
  flavour: Flavour,
): Promise<Pick<Disk, "content" | "magic">> {
  let archive: Magic["archive"] | undefined;
  try {
    archive = withDevice(kernel, bare.node, (device) => {
      const start = device.read(0, maxArchiveBytes);
      return startsWith(start, flavour.magic)
        ? archiveFacts(readArchive(start, flavour.magic))
        : undefined;
    });
  } catch (error) {
    return { content: unreadable(error), magic: undefined };
  }
  if (archive === undefined) {
    const content = await readRegion(kernel, whole);
    const zeros =
      content.is === "empty" && bare.partitions.length === 0 && (await areZeros(kernel, whole));
    return { content: zeros ? { is: "empty", zeros } : content, magic: undefined };
  }
  const skipBytes =
    archive.state === "none" ? flavour.magic.length : Math.max(512, archive.lengthBytes);
  const { startBytes, sizeBytes } = layoutOf(bare);
  const place = { ...whole, offsetBytes: startBytes, sizeBytes };
  const [content, behind] = await Promise.all([
    readRegion(kernel, { ...whole, skipBytes }),
    sizeBytes > 0 ? readRegion(kernel, place) : ({ is: "empty", zeros: false } as const),
  ]);
  return { content, magic: { archive, behind } };
}

async function readPartition(
  kernel: Kernel,
  disk: BareDisk,
  partition: BarePartition,
): Promise<Partition> {
  const region = { ...partition, sectorBytes: disk.sectorBytes, offsetBytes: 0, skipBytes: 0 };
  return { ...partition, content: await readRegion(kernel, region) };
}

/** Asks both probes, the second only where its word counts. */
async function readRegion(kernel: Kernel, region: Region): Promise<Content> {
  let own: Content;
  try {
    own = withDevice(kernel, region.node, (device) =>
      probe({ ...region, read: reader(device, region) }),
    );
  } catch (error) {
    return unreadable(error);
  }
  if (!needsSecondProbe(own)) {
    return own;
  }
  try {
    const command = blkidCommand(region.node, region.offsetBytes);
    const result = await kernel.run(command, { timeoutMs: probeTimeout });
    return bothProbes(own, readBlkid(result.exitCode, result.stdout, result.stderr));
  } catch (error) {
    return unreadable(error);
  }
}

async function areZeros(kernel: Kernel, region: Region): Promise<boolean> {
  try {
    return withDevice(kernel, region.node, (device) =>
      isZeros(device.sizeBytes, reader(device, region)),
    );
  } catch {
    // What can't be read is not known to be zeros; the disk is then left alone.
    return false;
  }
}

function reader(device: BlockDevice, region: Region) {
  return (offset: number, length: number) => device.read(region.offsetBytes + offset, length);
}

function withDevice<T>(kernel: Kernel, node: string, use: (device: BlockDevice) => T): T {
  const device = kernel.openBlockDevice(node, "read");
  try {
    return use(device);
  } finally {
    device.close();
  }
}

function unreadable(error: unknown): Content {
  return { is: "unreadable", why: oneLine(error) };
}
