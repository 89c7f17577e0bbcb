import type { Host, Person } from "../life/host.ts";
import { storeFolder } from "../store/location.ts";
import { terminalReport } from "./report.ts";
import type { Caller, Terminal } from "./terminal.ts";

/** What every command gets. */
export interface Context {
  readonly terminal: Terminal;
  readonly person: Person;
  /** The store that the options and the environment name. */
  host(): Host;
  /** The exit status of a command that has one of its own, as `ssh`. */
  exitWith(status: number): void;
}

/** The host of a command, given the value of `--storage-path`. */
export function hostOf({ terminal, person }: Caller, storagePath: string | undefined): Host {
  return {
    store: storeFolder({ storagePath, ...person }),
    report: terminalReport(terminal),
    person,
  };
}
