import { join, resolve } from "node:path";

/**
 * The folder that holds all machines: the `--storage-path` option, else MACHINE_STORAGE_PATH,
 * else `~/.local/machine`, where the podman-machine that existed before keeps its machines too.
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
  return join(options.home, ".local", "machine");
}
