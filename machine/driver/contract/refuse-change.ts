import { MachineError } from "../../error/machine-error.ts";
import type { Machine } from "../../store/machines.ts";

/** Throws for a machine whose settings are with somebody else. */
export function refuseChange({ name, config }: Machine): never {
  throw new MachineError(
    `"${name}" is managed elsewhere (driver ${config.DriverName}): change it there.`,
  );
}
