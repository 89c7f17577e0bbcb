import type { DriverName, NewSettings } from "../../store/driver-config.ts";
import type { MachineFiles } from "../../store/machine-files.ts";
import type { Report } from "./driver.ts";

/** Where what a new machine boots may be put. */
export interface FetchPlace {
  readonly store: string;
  readonly files: MachineFiles;
}

/** What config.json says of what was fetched, beside the settings. */
export interface Fetched {
  readonly ImagePinned?: string;
}

/** A machine to be made by one driver. */
interface NewMachineOf<N extends DriverName> {
  readonly driver: N;
  /** As `key=value`. */
  readonly labels: readonly string[];
  readonly rootful: boolean;
  /** Whether podman and ssh of this host are told of it. */
  readonly connection: boolean;
  /** What config.json is to say of the driver. */
  readonly settings: NewSettings<N>;
  /** Brings what it boots: files in the new machine's folder or in the store, and settings that name them. */
  readonly fetch?: (place: FetchPlace, report: Report) => Promise<Fetched>;
}

/** A machine to be made. */
export type NewMachine<N extends DriverName = DriverName> = { [M in N]: NewMachineOf<M> }[N];
