import type { DriverName, NewSettings } from "../../store/driver-config.ts";
import type { MachineFiles } from "../../store/machine-files.ts";
import type { Report } from "./driver.ts";

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
  /** Puts files into the new machine's folder, such as an ISO of its own. */
  readonly fetch?: (files: MachineFiles, report: Report) => Promise<void>;
}

/** A machine to be made. */
export type NewMachine<N extends DriverName = DriverName> = { [M in N]: NewMachineOf<M> }[N];
