import type { Flavour } from "../../flavour/flavour.ts";
import { type AutomountOptions, isOff } from "../../settings/options/automount.ts";
import type { Disk, Partition } from "../disk/disk.ts";
import {
  concerns,
  type Filesystem,
  filesystemsOf,
  isNamed,
  isWanted,
} from "../disk/filesystems.ts";
import { isOurTable } from "../disk/layout.ts";
import {
  isBlank,
  type Judged,
  judgeBlank,
  judgeLeft,
  judgeMagic,
  judgePartition,
  outOfQuestion,
} from "./judge-disk.ts";
import type { RowId } from "./rows.ts";

/** What is used, by the case of the decision table that allows it. */
export type Use =
  | { what: "nothing"; row: RowId | undefined; detail: string }
  | { what: "filesystem"; row: FilesystemRow; filesystem: Filesystem; resume: boolean }
  | { what: "set-up"; row: "magic-format" | "blank-format"; disk: Disk }
  | { what: "fill"; row: "partition-format"; disk: Disk; partition: Partition };

/** Cases in which a filesystem that is there is used. */
type FilesystemRow =
  | "labelled"
  | "labelled-last-used"
  | "labelled-resume"
  | "labelled-read-only"
  | "unlabelled-single";

/** Which disk is used, and why each other one isn't. */
export interface Decision {
  use: Use;
  /** Why each disk is not used; the used one is absent. */
  left: ReadonlyMap<Disk, Judged>;
}

/** All that a decision about disks hangs on. */
export interface Situation {
  disks: readonly Disk[];
  options: AutomountOptions;
  flavour: Flavour;
  inVirtualMachine: boolean;
  /** What distinguishes this machine from others, where its firmware says that. */
  machine?: string | undefined;
}

/** Decides what is used. Pure: docs/data-disk.md says the same as a table. */
export function decide(situation: Situation): Decision {
  const { disks, options, flavour } = situation;
  const left = new Map<Disk, Judged>();
  if (isOff(options)) {
    return { use: nothing("off"), left };
  }
  const open: Disk[] = [];
  for (const disk of disks) {
    const out = outOfQuestion(disk, flavour);
    if (out !== undefined) {
      left.set(disk, out);
    } else if (!concerns(disk, options.disk, flavour)) {
      left.set(disk, bare("not-named"));
    } else {
      open.push(disk);
    }
  }
  const use =
    useWanted(open, situation, left) ??
    useMagic(open, situation, left) ??
    usePartition(open, situation, left) ??
    useUnlabelled(open, situation, left) ??
    useBlank(open, situation, left) ??
    nothing(options.disk !== undefined && open.length === 0 ? "named-missing" : undefined);
  for (const disk of open) {
    if (left.has(disk) || isUsed(disk, use)) {
      continue;
    }
    left.set(disk, use.what === "nothing" ? judgeUnused(disk, flavour) : bare("not-needed"));
  }
  return { use, left };
}

type Rule = (
  open: readonly Disk[],
  situation: Situation,
  left: Map<Disk, Judged>,
) => Use | undefined;

/** A labelled filesystem, or the one that the options name, comes before everything else. */
const useWanted: Rule = (open, { options, flavour, machine }, left) => {
  const wanted = filesystemsOf(open).filter(
    (found) => isWanted(found, options.disk, flavour) && !isHalfMade(found),
  );
  const known = wanted.length > 1 ? lastUsed(wanted, machine) : undefined;
  const filesystem = known ?? wanted[0];
  if (filesystem === undefined) {
    return undefined;
  }
  if (wanted.length > 1 && known === undefined) {
    const names = wanted.map(({ name, ext4 }) => `${name} (UUID=${ext4.uuid})`).join(", ");
    for (const { disk } of wanted) {
      left.set(disk, bare("labelled-several"));
    }
    return nothing("labelled-several", names);
  }
  const { disk, inUse, name } = filesystem;
  if (inUse !== undefined || disk.inUse !== undefined) {
    const detail = `${name} is ${inUse ?? disk.inUse}`;
    left.set(disk, { row: "labelled-mounted", detail });
    return nothing("labelled-mounted", detail);
  }
  const isMarked =
    disk.magic === undefined ? filesystem.partition?.isAskedFor === true : isOurTable(disk);
  const resume = isMarked && !filesystem.readOnly;
  const plain = known === undefined ? "labelled" : "labelled-last-used";
  const row = resume ? "labelled-resume" : filesystem.readOnly ? "labelled-read-only" : plain;
  return { what: "filesystem", row, filesystem, resume };
};

/**
 * Of several data filesystems the one that this machine used last: known by what it says itself, and where several
 * say so by their mount times, which one and the same clock has given. Copies of one another can't be told apart.
 */
function lastUsed(
  wanted: readonly Filesystem[],
  machine: string | undefined,
): Filesystem | undefined {
  const uuids = new Set(wanted.map(({ ext4 }) => ext4.uuid));
  if (machine === undefined || uuids.size < wanted.length) {
    return undefined;
  }
  const [last, before] = wanted
    .filter(({ ext4 }) => ext4.lastMachine === machine)
    .sort((one, other) => other.ext4.lastMountedMs - one.ext4.lastMountedMs);
  if (last === undefined || last.ext4.lastMountedMs === before?.ext4.lastMountedMs) {
    return undefined;
  }
  return last;
}

/** Where the magic is on a disk, nothing weaker than it is looked at, even when it is refused. */
const useMagic: Rule = (open, { options, flavour }, left) => {
  const marked = open.filter((disk) => disk.magic !== undefined);
  const allowed: Disk[] = [];
  for (const disk of marked) {
    const verdict = judgeMagic(disk, flavour);
    if (verdict.row !== "magic-format") {
      left.set(disk, verdict);
    } else if (!isNamed(disk, options.disk)) {
      left.set(disk, bare("not-named"));
    } else if (options.format === "never") {
      left.set(disk, bare("magic-forbidden"));
    } else {
      allowed.push(disk);
    }
  }
  const [disk] = allowed;
  if (disk === undefined) {
    return marked.length > 0 ? nothing(undefined) : undefined;
  }
  if (allowed.length > 1) {
    const names = allowed.map(({ name }) => name).join(", ");
    for (const one of allowed) {
      left.set(one, bare("magic-several"));
    }
    return nothing("magic-several", names);
  }
  return { what: "set-up", row: "magic-format", disk };
};

/** A filesystem in a partition that is asked for, and that nobody has mounted: mke2fs may not have come to its end. */
function isHalfMade({ partition, ext4 }: Filesystem): boolean {
  return partition?.isAskedFor === true && !ext4.everMounted;
}

/** The partition that our disk image has for data, until the first boot has made a filesystem in it. */
const usePartition: Rule = (open, { options }, left) => {
  const asked = open.flatMap((disk) =>
    disk.partitions.filter((one) => one.isAskedFor).map((partition) => ({ disk, partition })),
  );
  const allowed = asked.filter(({ disk, partition }) => {
    const verdict = judgePartition(disk, partition);
    if (verdict.row !== "partition-format") {
      left.set(disk, verdict);
    } else if (!isNamed(disk, options.disk)) {
      left.set(disk, bare("not-named"));
    } else if (options.format === "never") {
      left.set(disk, bare("magic-forbidden"));
    } else {
      return true;
    }
    return false;
  });
  const [only] = allowed;
  if (only === undefined) {
    return asked.length > 0 ? nothing(undefined) : undefined;
  }
  if (allowed.length > 1) {
    for (const { disk } of allowed) {
      left.set(disk, bare("magic-several"));
    }
    return nothing("magic-several", allowed.map(({ partition }) => partition.name).join(", "));
  }
  return { what: "fill", row: "partition-format", ...only };
};

/** "Just attach an ext4 formatted disk", as the first of these systems promised in 2013. */
const useUnlabelled: Rule = (open, { options }, left) => {
  const unlabelled = filesystemsOf(open).filter(({ ext4 }) => ext4.label === "");
  const [filesystem] = unlabelled;
  if (filesystem === undefined || !isNamed(filesystem.disk, options.disk)) {
    return undefined;
  }
  // A disk that can't be read could hold the labelled filesystem.
  const anyUnreadable = open.some(({ content }) => content.is === "unreadable");
  if (unlabelled.length > 1 || filesystem.disk.partitions.length > 1 || anyUnreadable) {
    return undefined;
  }
  if (filesystem.inUse !== undefined || filesystem.disk.inUse !== undefined) {
    return undefined;
  }
  if (filesystem.ext4.holdsSystem !== false) {
    left.set(filesystem.disk, { row: "unlabelled-system", detail: filesystem.name });
    return undefined;
  }
  if (filesystem.readOnly) {
    left.set(filesystem.disk, { row: "unlabelled-read-only", detail: filesystem.name });
    return undefined;
  }
  return { what: "filesystem", row: "unlabelled-single", filesystem, resume: false };
};

const useBlank: Rule = (open, { options, inVirtualMachine }, left) => {
  const blank: Disk[] = [];
  // A disk that can't be read could be the data disk.
  if (open.some(({ content }) => content.is === "unreadable")) {
    return undefined;
  }
  for (const disk of open.filter(isBlank)) {
    const verdict = judgeBlank(disk);
    const isAllowed =
      (options.format === "blank" || (options.format === "vm" && inVirtualMachine)) &&
      isNamed(disk, options.disk);
    const isAskedFor = options.format === "blank" || options.disk !== undefined;
    if (verdict.row !== "blank-format") {
      left.set(disk, verdict);
    } else if (!isAllowed) {
      left.set(disk, bare("blank-refused"));
    } else if (disk.removable && !isAskedFor) {
      left.set(disk, bare("blank-removable"));
    } else {
      blank.push(disk);
    }
  }
  const [disk] = blank;
  if (disk === undefined) {
    return undefined;
  }
  if (blank.length > 1) {
    const names = blank.map(({ name }) => name).join(", ");
    for (const one of blank) {
      left.set(one, bare("blank-several"));
    }
    return nothing("blank-several", names);
  }
  return { what: "set-up", row: "blank-format", disk };
};

/** A disk that could be set up gets here only when a rule ended the search for something else. */
function judgeUnused(disk: Disk, flavour: Flavour): Judged {
  const couldBeSetUp = disk.magic !== undefined || isBlank(disk);
  return couldBeSetUp ? bare("undecided") : judgeLeft(disk, flavour);
}

function bare(row: RowId): Judged {
  return { row, detail: "" };
}

function nothing(row: RowId | undefined, detail = ""): Use {
  return { what: "nothing", row, detail };
}

function isUsed(disk: Disk, use: Use): boolean {
  if (use.what === "filesystem") {
    return use.filesystem.disk === disk;
  }
  return use.what !== "nothing" && use.disk === disk;
}
