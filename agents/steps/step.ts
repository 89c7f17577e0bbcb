import type { Owner } from "../kernel/files.ts";
import type { MountRequest } from "../kernel/mounts.ts";
import type { SystemPath } from "../kernel/system-path.ts";

/** One change of the system in a plan: data that can be compared, printed and carried out. */
export type Step =
  | ({ do: "mount" } & MountRequest)
  | { do: "unmount"; target: string }
  /** Makes the folder with its parents; an existing one gets the mode and owner too. */
  | { do: "folder"; path: string; mode?: number; owner?: Owner }
  /** Makes a link unless something is there. */
  | { do: "link"; path: string; target: string }
  | { do: "copyTree"; from: string; to: string }
  /** Writes a file in RAM, in /proc or in /sys. */
  | { do: "write"; path: SystemPath; content: string; mode?: number }
  | { do: "own"; path: string; owner: Owner };

/** The step in words, as in records and for --dry-run. */
export function stepText(step: Step): string {
  switch (step.do) {
    case "mount": {
      const flags = step.flags ?? [];
      const how = [step.type, ...flags, step.options].filter((part) => part !== undefined);
      return `mount ${step.source} on ${step.target} (${how.join(",")})`;
    }
    case "unmount":
      return `unmount ${step.target}`;
    case "folder":
      return `make folder ${step.path}`;
    case "link":
      return `link ${step.path} to ${step.target}`;
    case "copyTree":
      return `copy ${step.from} into ${step.to}`;
    case "write":
      return `write ${JSON.stringify(step.content.trim())} to ${step.path}`;
    case "own":
      return `give ${step.path} to ${step.owner.uid}:${step.owner.gid}`;
  }
}
