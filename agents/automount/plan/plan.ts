import type { Bind, Flavour } from "../../flavour/flavour.ts";
import { type Disk, sizeText } from "../disk/disk.ts";
import { layoutOf } from "../disk/layout.ts";
import { decide, type Situation, type Use } from "./decide.ts";
import { grownBytes, growthOf } from "./growth.ts";
import type { Judged } from "./judge-disk.ts";
import { type RowId, rows } from "./rows.ts";
import type { DiskStep, Place } from "./steps.ts";

/** What is special about the use of a filesystem. */
const howUsed = {
  labelled: "",
  "labelled-last-used":
    ": of several with the label it was used last on this machine; name another one with boot2podman.disk=UUID=…",
  "labelled-resume": "; its interrupted set-up is finished",
  "labelled-read-only": "; it is read-only, and everything else is kept in RAM",
  "unlabelled-single": ", an ext4 without a label and the only one",
} as const;

/** Why one disk is not used, in a line for people. */
export interface Note {
  disk: string;
  row: RowId;
  message: string;
}

/** What is to be done with the disks, and why. */
export interface Plan {
  /** The case of the decision table; undefined when there was no disk to decide about. */
  row: RowId | undefined;
  /** One line: what is used and why. */
  message: string;
  steps: readonly DiskStep[];
  notes: readonly Note[];
}

/** What is done about the disks, and one line for each that is not used. Pure. */
export function plan(situation: Situation): Plan {
  const { use, left } = decide(situation);
  return {
    row: use.row,
    message: messageOf(use, situation.flavour),
    steps: use.what === "nothing" ? seedFrom(left) : stepsOf(use, situation),
    notes: [...left].map(([disk, verdict]) => noteOf(disk, verdict)),
  };
}

/** The userdata of the one disk with the magic, when it could not be used: its owner should get in. */
function seedFrom(left: ReadonlyMap<Disk, Judged>): DiskStep[] {
  const marked = [...left].filter(
    ([{ magic }, { row }]) => magic?.archive.state === "complete" && row !== "not-a-disk",
  );
  const [only] = marked;
  if (only === undefined || marked.length > 1) {
    return [];
  }
  return [{ do: "seed-home-from-disk", disk: only[0].name }];
}

function stepsOf(
  use: Exclude<Use, { what: "nothing" }>,
  { flavour, machine }: Situation,
): DiskStep[] {
  const note = machine === undefined ? [] : [{ do: "note-machine", machine } as const];
  if (use.what === "set-up") {
    const { disk } = use;
    const set = { disk: disk.name, layout: layoutOf(disk), label: flavour.label };
    const place = { disk: disk.name, partition: 1 };
    const isMarked = disk.magic !== undefined;
    return [
      ...(isMarked ? [] : [{ do: "write-magic", disk: disk.name, magic: flavour.magic } as const]),
      { do: "make-filesystem", ...set },
      { do: "write-table", ...set },
      { do: "await-partition", place },
      { do: "check", place },
      { do: "mount", place, readOnly: false, discard: disk.discards },
      ...afterSetUp(disk, { ...place, partition: 0 }),
      ...binds(flavour),
      ...note,
      { do: "seed-home" },
    ];
  }
  if (use.what === "fill") {
    const { disk, partition } = use;
    const place = { disk: disk.name, partition: partition.number };
    const sizeBytes = grownBytes(disk, partition);
    return [
      ...(sizeBytes === undefined ? [] : [{ do: "grow-partition", place, sizeBytes } as const]),
      { do: "fill-partition", place, label: flavour.label },
      { do: "check", place },
      { do: "mount", place, readOnly: false, discard: disk.discards },
      { do: "clear-request", place },
      ...binds(flavour),
      ...note,
      { do: "seed-home" },
    ];
  }
  const { disk, partition, readOnly } = use.filesystem;
  const place: Place = { disk: disk.name, partition: partition?.number ?? 0 };
  if (readOnly) {
    return [{ do: "mount", place, readOnly: true, discard: false }, { do: "seed-home" }];
  }
  // Only what carries our label is ours to change.
  const growth = use.row === "unlabelled-single" ? undefined : growthOf(use.filesystem);
  const sizeBytes = growth?.partitionBytes;
  return [
    ...(sizeBytes === undefined ? [] : [{ do: "grow-partition", place, sizeBytes } as const]),
    { do: "check", place },
    { do: "mount", place, readOnly: false, discard: disk.discards },
    ...(use.resume ? afterSetUp(disk, place) : []),
    ...binds(flavour),
    ...(use.row === "unlabelled-single" ? [] : note),
    { do: "seed-home" },
    ...(growth?.filesystem === true ? [{ do: "grow-filesystem", place } as const] : []),
  ];
}

/** The magic goes last: as long as it is there, the next boot finishes what a power cut left undone. */
function afterSetUp(disk: Disk, place: Place): DiskStep[] {
  if (disk.magic === undefined && place.partition > 0) {
    return [{ do: "clear-request", place }];
  }
  const clear: DiskStep = { do: "clear-magic", disk: disk.name };
  const hasArchive = disk.magic !== undefined && disk.magic.archive.state !== "none";
  return hasArchive ? [{ do: "keep-archive", disk: disk.name }, clear] : [clear];
}

function binds(flavour: Flavour): DiskStep[] {
  return flavour.binds.map(({ from, to, owner, mode }: Bind) => ({
    do: "bind",
    from,
    to: owner === "user" ? `${flavour.user.home}/${to}` : to,
    owner,
    mode,
  }));
}

function noteOf(disk: Disk, { row, detail }: Judged): Note {
  const { found, done, advice } = rows[row];
  const what = detail === "" ? found : detail;
  const size = `${disk.name} (${sizeText(disk.sizeBytes)})`;
  const end = advice === "" ? "" : ` ${advice}`;
  return { disk: disk.name, row, message: `${size}: ${what}: ${done}.${end}` };
}

function messageOf(use: Use, flavour: Flavour): string {
  if (use.what === "set-up") {
    const why = use.disk.magic === undefined ? "it is blank" : "it starts with the magic";
    return `${use.disk.name} is set up as the data disk: ${why}`;
  }
  if (use.what === "fill") {
    return `${use.partition.name} is set up as the data disk: the magic is in front of it`;
  }
  if (use.what === "filesystem") {
    return `${use.filesystem.name} is the data disk${howUsed[use.row]}`;
  }
  if (use.row === "labelled-mounted") {
    return `the data disk is in use already: ${use.detail}`;
  }
  if (use.row !== undefined) {
    const { found, done, advice } = rows[use.row];
    const which = use.detail === "" ? "" : ` (${use.detail})`;
    return `no data disk, everything is kept in RAM: ${found}${which}: ${done}. ${advice}`.trim();
  }
  return `no data disk, everything is kept in RAM: found no filesystem labelled ${flavour.label} and no disk marked "${flavour.magic}" that may be set up`;
}
