import { join, resolve } from "node:path";
import { MachineError } from "../error/machine-error.ts";

/**
 * The folder that holds all machines: the `--storage-path` option, else MACHINE_STORAGE_PATH,
 * else where there is a home `~/.local/machine`, where the podman-machine that existed before keeps its machines too.
 */
export function storeFolder(options: {
  storagePath: string | undefined;
  environment: Readonly<Record<string, string | undefined>>;
  home: string;
}): string {
  const chosen = options.storagePath ?? options.environment.MACHINE_STORAGE_PATH;
  if (chosen !== undefined && chosen !== "") {
    return resolve(chosen);
  }
  if (options.home === "") {
    throw new MachineError(
      "There is no home folder for the machines: set HOME, or name a folder with --storage-path.",
    );
  }
  return join(resolve(options.home), ".local", "machine");
}
