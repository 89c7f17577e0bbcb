import type { Kernel } from "../../kernel/kernel.ts";
import { findStateMount, stateFolder } from "../../kernel/state-folder.ts";
import type { SystemPath } from "../../kernel/system-path.ts";

/** Folders in which a person's and the client's changes outlast a boot, as /home does. */
const lastingFolders = [
  ...["containers", "docker", "environment.d", "pki", "profile.d", "sysctl.d", "systemd"].map(
    (name) => `/etc/${name}`,
  ),
  ...["/etc/tmpfiles.d", "/usr/local"],
];
/** What is kept of a config; on the data disk when there is one. */
const keptFolder = `${stateFolder}/ignition`;
const appliedPath = `${keptFolder}/applied.json`;
const longestRecordBytes = 1024 * 1024;
/** Shutdown takes these mounts off with those of disks, which they keep busy (init-hooks/shutdown). */
const source = "lasting";

/** What an earlier run has made. */
export interface Applied {
  /** SHA-256 of the config. */
  config: string;
  paths: readonly string[];
}

/**
 * Lays a folder of the data disk over each of the folders that last: what is changed in them is kept there, and what
 * isn't comes from the image, a newer one too. Without a data disk they are in RAM. Gives what could not be laid over.
 */
export function layLasting(
  kernel: Kernel,
  rebind: (folder: string, lay: () => void) => void,
): string[] {
  const warnings: string[] = [];
  const hasDisk = findStateMount(kernel.mounts()) !== undefined;
  // In RAM all of them but the compressed /usr are writable.
  for (const folder of hasDisk ? lastingFolders : ["/usr/local"]) {
    const name = folder.slice(1).replaceAll("/", "-");
    const base = hasDisk ? `${keptFolder}/${name}` : `/run/boot2podman/${name}`;
    try {
      for (const part of [`${base}/upper`, `${base}/work`, folder] as SystemPath[]) {
        if (kernel.lstat(part) === undefined) {
          kernel.mkdir(part);
        }
      }
      const options = `lowerdir=${folder},upperdir=${base}/upper,workdir=${base}/work`;
      rebind(folder, () =>
        kernel.mount({
          source,
          target: folder,
          type: "overlay",
          flags: ["nosuid", "nodev"],
          options,
        }),
      );
    } catch (error) {
      warnings.push(`${folder} does not last: ${error instanceof Error ? error.message : error}`);
    }
  }
  return warnings;
}

/** Whether what is made at that path is there again after the next boot. */
export function lasts(kernel: Kernel, path: string): boolean {
  if (findStateMount(kernel.mounts()) === undefined) {
    return false;
  }
  return ["/home", stateFolder, "/var/lib/containers", ...lastingFolders].some((folder) =>
    path.startsWith(`${folder}/`),
  );
}

/** What an earlier run left; undefined when there was none, or its record is damaged: all is made again then. */
export function readApplied(kernel: Kernel): Applied | undefined {
  const bytes =
    kernel.lstat(keptFolder) === undefined
      ? undefined
      : kernel.readNoFollow(appliedPath, longestRecordBytes);
  try {
    const found = JSON.parse(Buffer.from(bytes ?? []).toString("utf8")) as Partial<Applied>;
    const { config, paths } = found;
    return typeof config === "string" && Array.isArray(paths) ? { config, paths } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

/** Says that a config has been applied whole: written last, so that a run that a power cut ends is done again. */
export function keepApplied(kernel: Kernel, applied: Applied): void {
  kernel.mkdir(keptFolder, { mode: 0o700 });
  kernel.writeAtomic(appliedPath, `${JSON.stringify(applied)}\n`, { mode: 0o600 });
}
