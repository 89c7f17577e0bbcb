import type { BootOptionKind } from "../boot-option-table.ts";
import { anywhere } from "../sources.ts";

/** Machine clients pull the plug 180 s after they asked for a shutdown. */
const longestGraceSeconds = 150;

/** How the machine goes off. */
export const shutdownOptions: readonly BootOptionKind[] = [
  {
    name: "boot2podman.grace",
    value: "SECONDS",
    help: "how long all containers together may take to stop when the machine goes off, default 60",
    sources: anywhere,
    read(options, value) {
      const seconds = /^\d{1,3}$/.test(value) ? Number(value) : Number.NaN;
      if (!(seconds <= longestGraceSeconds)) {
        return `0 to ${longestGraceSeconds} seconds`;
      }
      options.graceMs = seconds * 1000;
      return undefined;
    },
  },
];
