import type { Layout } from "../disk/layout.ts";

/** A filesystem by where it is: the number of its partition, or 0 for a whole disk. */
export interface Place {
  disk: string;
  partition: number;
}

/** One change of a disk, or of what lies over its folders: data that can be compared, printed and carried out. */
export type DiskStep =
  | { do: "write-magic"; disk: string; magic: string }
  | { do: "make-filesystem"; disk: string; layout: Layout; label: string }
  | { do: "fill-partition"; place: Place; label: string }
  | { do: "write-table"; disk: string; layout: Layout; label: string }
  | { do: "await-partition"; place: Place }
  | { do: "grow-partition"; place: Place; sizeBytes: number }
  | { do: "check"; place: Place }
  | { do: "mount"; place: Place; readOnly: boolean; discard: boolean }
  | { do: "grow-filesystem"; place: Place }
  | { do: "keep-archive"; disk: string }
  | { do: "clear-magic"; disk: string }
  | { do: "clear-request"; place: Place }
  | { do: "bind"; from: string; to: string; owner: "root" | "user"; mode: number }
  | { do: "note-machine"; machine: string }
  | { do: "seed-home" }
  /** For a boot without a data disk: userdata of a disk that could not be used. */
  | { do: "seed-home-from-disk"; disk: string };

/** Disks that the steps change outside any filesystem, by a set-up or its end. */
export function formattedDisks(steps: readonly DiskStep[]): string[] {
  const names = steps.flatMap((step) =>
    step.do === "fill-partition" || step.do === "clear-request"
      ? [step.place.disk]
      : step.do === "write-magic" ||
          step.do === "make-filesystem" ||
          step.do === "write-table" ||
          step.do === "clear-magic"
        ? [step.disk]
        : [],
  );
  return [...new Set(names)];
}

/** Disks with a filesystem that the steps write into, by check or mount. */
export function writtenFilesystems(steps: readonly DiskStep[]): Place[] {
  return steps.flatMap((step) =>
    step.do === "check" || (step.do === "mount" && !step.readOnly) ? [step.place] : [],
  );
}

/** The step in words, as in records and for --dry-run. */
export function stepText(step: DiskStep): string {
  switch (step.do) {
    case "write-magic":
      return `write the magic to ${step.disk}, so that an interrupted set-up can be finished`;
    case "make-filesystem":
      return `make an ext4 filesystem labelled ${step.label} on ${step.disk}, ${step.layout.startBytes} bytes in`;
    case "fill-partition":
      return `make an ext4 filesystem labelled ${step.label} in ${placeText(step.place)}`;
    case "write-table":
      return `write a ${step.layout.table === "dos" ? "DOS" : "GPT"} table with one partition to ${step.disk}`;
    case "await-partition":
      return `wait for partition ${step.place.partition} of ${step.place.disk}`;
    case "grow-partition":
      return `grow ${placeText(step.place)} to ${step.sizeBytes} bytes`;
    case "grow-filesystem":
      return `grow the filesystem on ${placeText(step.place)}`;
    case "check":
      return `check the filesystem on ${placeText(step.place)}`;
    case "mount":
      return `mount ${placeText(step.place)} ${step.readOnly ? "read-only" : "for writing"}`;
    case "keep-archive":
      return `keep the userdata archive of ${step.disk} in its filesystem`;
    case "clear-magic":
      return `clear the magic on ${step.disk}`;
    case "clear-request":
      return `clear the magic in front of ${placeText(step.place)}`;
    case "bind":
      return `bind ${step.from} of the data disk over ${step.to}`;
    case "note-machine":
      return "record on the data disk which machine uses it";
    case "seed-home":
      return "extract userdata into the home folder";
    case "seed-home-from-disk":
      return `extract userdata of ${step.disk} into the home folder, in RAM`;
  }
}

function placeText(place: Place): string {
  return place.partition === 0 ? place.disk : `partition ${place.partition} of ${place.disk}`;
}
