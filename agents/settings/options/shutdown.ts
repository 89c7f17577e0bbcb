import { option } from "./option.ts";
import { anywhere } from "./sources.ts";

/** Machine clients pull the plug 180 s after they asked for a shutdown. */
const longestGraceSeconds = 150;

/** How the machine goes off. */
export const shutdownOptions = [
  option({
    name: "boot2podman.grace",
    value: "SECONDS",
    help: "how long all containers together may take to stop at a shutdown, default 60",
    sources: anywhere,
    sets: "graceMs",
    default: 60_000,
    parse(value) {
      const seconds = /^\d{1,3}$/.test(value) ? Number(value) : Number.NaN;
      return seconds <= longestGraceSeconds
        ? { value: seconds * 1000 }
        : { expected: `0 to ${longestGraceSeconds} seconds` };
    },
  }),
];
