import type { Flavour } from "../../flavour/flavour.ts";
import { contentText } from "../content/content.ts";
import type { Disk, Partition } from "../disk/disk.ts";
import { isOurTable, leastDiskBytes } from "../disk/layout.ts";
import type { RowId } from "./rows.ts";

/** A case of the decision table, with what exactly was found. */
export interface Judged {
  row: RowId;
  detail: string;
}

const judged = (row: RowId, detail = ""): Judged => ({ row, detail });

/** Why the disk can't be a candidate for anything, whatever else is attached; undefined when it can. */
export function outOfQuestion(disk: Disk, flavour: Flavour): Judged | undefined {
  if (disk.kind !== "disk") {
    return judged("not-a-disk", `${disk.kind} device`);
  }
  if (disk.sizeBytes === 0) {
    return judged("not-a-disk", "drive without a medium");
  }
  const contents = [disk.content, ...disk.partitions.map((partition) => partition.content)];
  const bootVolume = contents.find(
    (content) =>
      content.is === "foreign" &&
      content.types.includes("ISO 9660") &&
      content.label?.startsWith(flavour.bootVolumePrefix) === true,
  );
  if (bootVolume?.is === "foreign") {
    return judged("boot-medium", `volume ${bootVolume.label}`);
  }
  return undefined;
}

/** What becomes of a disk that starts with the magic and holds no filesystem that is wanted. */
export function judgeMagic(disk: Disk, flavour: Flavour): Judged {
  const broken = unreadable(disk) ?? heldBy(disk);
  if (broken !== undefined) {
    return broken;
  }
  if (disk.magic === undefined) {
    throw new Error(`${disk.name} has no magic to judge`);
  }
  const { content } = disk;
  const behind = disk.magic.behind;
  const foreignTable = content.is === "table" ? !isOurTable(disk) : disk.partitions.length > 0;
  if (foreignTable) {
    return judged("magic-table", tableText(disk));
  }
  if (content.is === "ext4" || content.is === "foreign") {
    return judged("magic-filesystem", contentText(content));
  }
  const taken = disk.partitions.find((partition) => partition.content.is !== "empty");
  if (taken !== undefined) {
    return judged("magic-filesystem", `${contentText(taken.content)} on ${taken.name}`);
  }
  if (behind.is === "unreadable") {
    return judged("unreadable", behind.why);
  }
  if (behind.is === "ext4" && behind.ext4.label === flavour.label) {
    if (behind.ext4.everMounted) {
      return judged("magic-used-filesystem", `filesystem ${behind.ext4.uuid}`);
    }
  } else if (behind.is !== "empty") {
    return judged("magic-filesystem", `${contentText(behind)} where the partition would start`);
  }
  if (disk.readOnly) {
    return judged("magic-read-only");
  }
  if (disk.sizeBytes < leastDiskBytes) {
    return judged("magic-small");
  }
  return judged("magic-format");
}

/** What becomes of an empty partition that is asked for. */
export function judgePartition(disk: Disk, partition: Partition): Judged {
  const broken = unreadable(disk);
  if (broken !== undefined) {
    return broken;
  }
  const user = disk.inUse ?? partition.inUse;
  if (user !== undefined) {
    return judged("in-use", `${partition.name} is ${user}`);
  }
  if (disk.readOnly || partition.readOnly) {
    return judged("magic-read-only");
  }
  if (partition.sizeBytes < leastDiskBytes) {
    return judged("magic-small");
  }
  return judged("partition-format");
}

/** What becomes of a blank disk, the options left aside. */
export function judgeBlank(disk: Disk): Judged {
  const broken = unreadable(disk) ?? heldBy(disk);
  if (broken !== undefined) {
    return broken;
  }
  if (disk.readOnly) {
    return judged("blank-read-only");
  }
  if (disk.sizeBytes < leastDiskBytes) {
    return judged("blank-small");
  }
  return judged("blank-format");
}

/** Whether a disk is one that nobody has used: no signature, no partition, zeros wherever it was looked at. */
export function isBlank(disk: Disk): boolean {
  return (
    disk.magic === undefined &&
    disk.partitions.length === 0 &&
    disk.content.is === "empty" &&
    disk.content.zeros
  );
}

/** The case of a disk that no rule gave a use to. */
export function judgeLeft(disk: Disk, flavour: Flavour): Judged {
  const broken = unreadable(disk) ?? heldBy(disk);
  if (broken !== undefined) {
    return broken;
  }
  const places = [disk, ...disk.partitions];
  const labelled = places.find(
    ({ content }) => content.is === "foreign" && content.label === flavour.label,
  );
  if (labelled !== undefined) {
    return judged("labelled-other-type", `${contentText(labelled.content)} on ${labelled.name}`);
  }
  const unlabelled = places.find(
    ({ content }) => content.is === "ext4" && content.ext4.label === "",
  );
  if (unlabelled?.content.is === "ext4") {
    const isSystem = unlabelled.content.ext4.holdsSystem === true;
    return judged(isSystem ? "unlabelled-system" : "unlabelled-not-alone", unlabelled.name);
  }
  const signed = places.filter(({ content }) => content.is === "foreign" || content.is === "ext4");
  if (signed.length > 0) {
    return judged(
      "foreign",
      signed.map(({ content, name }) => `${contentText(content)} on ${name}`).join(", "),
    );
  }
  return disk.content.is === "table" || disk.partitions.length > 0
    ? judged("table-only", tableText(disk))
    : judged("unknown-bytes");
}

function unreadable(disk: Disk): Judged | undefined {
  for (const { content, name } of [disk, ...disk.partitions]) {
    if (content.is === "unreadable") {
      return judged("unreadable", `${name}: ${content.why}`);
    }
  }
  return undefined;
}

function heldBy(disk: Disk): Judged | undefined {
  const holder = [disk, ...disk.partitions].find((place) => place.inUse !== undefined);
  return holder === undefined ? undefined : judged("in-use", `${holder.name} is ${holder.inUse}`);
}

function tableText(disk: Disk): string {
  const type = disk.content.is === "table" ? disk.content.table.type.toUpperCase() : "a";
  return `${type} table with ${disk.partitions.length} partition(s)`;
}
