import { oneLine } from "../command/one-line.ts";
import { version } from "../command/version.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { findStateMount } from "../kernel/state-folder.ts";
import { newMessages } from "./kernel-log.ts";
import { diskFolder, ramFolder } from "./log-folders.ts";
import { diskLogBytes, ramLogBytes, readPart, rotate } from "./rotate.ts";

const bootLog = "/boot.log";
const progressPath = "/run/boot2podman/log-progress";

/** How far the logs have been kept. */
interface Progress {
  /** Bytes of each log in RAM that are on the disk. */
  copied: Record<string, number>;
  kernelUs: number;
}

/**
 * Takes what is new in the logs in RAM and in the kernel's own to the data disk, and cuts logs that have grown too
 * long. Done by the resident agent now and then, and by the shutdown a last time; how far they came lies in /run.
 * Gives what went wrong, one line each. Throws a KernelError only where /run or /proc can't be read.
 */
export function flushLogs(kernel: Kernel): string[] {
  const warnings: string[] = [];
  const tried = (call: () => void) => {
    try {
      call();
    } catch (error) {
      warnings.push(`logs: ${oneLine(error)}`);
    }
  };
  const progress = readProgress(kernel);
  const isOnDisk = findStateMount(kernel.mounts()) !== undefined;
  if (isOnDisk) {
    tried(() => kernel.mkdir(diskFolder));
    tried(() => copyKernelLog(kernel, progress));
  }
  const inRam = kernel.listIfPresent(ramFolder).filter((name) => name.endsWith(".log"));
  for (const path of [bootLog, ...inRam.map((name) => `${ramFolder}/${name}`)]) {
    if (isOnDisk) {
      tried(() => copyNew(kernel, path, progress));
    }
    tried(() => {
      if (rotate(kernel, path, ramLogBytes)) {
        progress.copied[path] = 0;
      }
    });
  }
  if (isOnDisk) {
    let onDisk: string[] = [];
    tried(() => {
      onDisk = kernel.listNoFollow(diskFolder).filter((name) => name.endsWith(".log"));
    });
    for (const name of onDisk) {
      tried(() => rotate(kernel, `${diskFolder}/${name}`, diskLogBytes));
    }
  }
  tried(() => kernel.writePlain(progressPath, JSON.stringify(progress), { mode: 0o600 }));
  return warnings;
}

function copyNew(kernel: Kernel, path: string, progress: Progress): void {
  const found = kernel.lstat(path);
  if (found?.kind !== "file") {
    return;
  }
  const before = progress.copied[path] ?? 0;
  // A shorter file than before was begun anew.
  const start = before > found.sizeBytes ? 0 : before;
  if (found.sizeBytes === start) {
    return;
  }
  const content = readPart(kernel, path, start, found.sizeBytes - start);
  append(kernel, path.slice(path.lastIndexOf("/") + 1), content);
  progress.copied[path] = start + content.length;
}

function copyKernelLog(kernel: Kernel, progress: Progress): void {
  const { text, lastUs } = newMessages(kernel.readKernelLog(), progress.kernelUs);
  if (text === "") {
    return;
  }
  const isFirst = progress.kernelUs < 0;
  const date = new Date(kernel.nowMs()).toISOString();
  append(kernel, "kernel.log", `${isFirst ? `=== ${date} boot2podman ${version}\n` : ""}${text}`);
  progress.kernelUs = lastUs;
}

function append(kernel: Kernel, name: string, content: string | Uint8Array): void {
  const path = `${diskFolder}/${name}`;
  const found = kernel.lstat(path);
  if (found !== undefined && found.kind !== "file") {
    throw new Error(`${path} is not a file`);
  }
  // Logs may tell what is nobody else's business; the kernel's is root's alone in dmesg, too.
  if (found === undefined) {
    kernel.writeAtomic(path, "", { mode: 0o600 });
  }
  kernel.append(path, content);
}

function readProgress(kernel: Kernel): Progress {
  const nothing = { copied: {}, kernelUs: -1 };
  try {
    const text = kernel.readTextIfPresent(progressPath) ?? "{}";
    const found: unknown = JSON.parse(text);
    return isProgress(found) ? found : nothing;
  } catch (error) {
    // Cut off: some lines then come twice, which is better than never.
    if (error instanceof SyntaxError) {
      return nothing;
    }
    throw error;
  }
}

/** Our own note in /run, which only an interrupted write damages: not worth zod in the resident agent. */
function isProgress(found: unknown): found is Progress {
  if (typeof found !== "object" || found === null) {
    return false;
  }
  if (!("copied" in found && "kernelUs" in found) || typeof found.kernelUs !== "number") {
    return false;
  }
  const { copied } = found;
  if (typeof copied !== "object" || copied === null) {
    return false;
  }
  return Object.values(copied).every((bytes) => typeof bytes === "number");
}
