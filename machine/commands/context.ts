import type { Host } from "../life/host.ts";
import { storeFolder } from "../store/location.ts";
import { terminalReport } from "./report.ts";
import type { Terminal } from "./terminal.ts";

/** What every command gets. */
export interface Context {
  readonly terminal: Terminal;
  /** The store that the options and the environment name. */
  host(): Host;
  /** The exit status of a command that has one of its own, as `ssh`. */
  exitWith(status: number): void;
}

/** The host of a command, given the value of `--storage-path`. */
export function hostOf(terminal: Terminal, storagePath: string | undefined): Host {
  const { environment, home } = terminal;
  return {
    store: storeFolder({ storagePath, environment, home }),
    report: terminalReport(terminal),
    person: { home, environment },
  };
}
