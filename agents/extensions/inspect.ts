import type { Kernel } from "../kernel/kernel.ts";
import { parseRelease, plainArch, releaseMisfit } from "./names.ts";
import { longestTextBytes } from "./places.ts";

/** More files than any extension of use has. */
const mostEntries = 200_000;
const releaseFolder = "usr/lib/extension-release.d";

/** What a mounted extension holds besides programs. */
export interface Inspected {
  /** What its extension-release calls its version. */
  version: string;
  /** What is not honoured, in words. */
  notes: string[];
  hasModules: boolean;
}

/** Release of the running kernel. */
export function kernelRelease(kernel: Kernel): string {
  return kernel.readText("/proc/sys/kernel/osrelease").trim();
}

/**
 * Looks into an extension that is mounted at `root`, before it is laid over `base`, the /usr below. Nothing of it is
 * followed or run. Throws in words for one that is foreign, of another kernel, or that could do harm by being there.
 */
export function inspect(
  kernel: Kernel,
  root: string,
  base: string,
  { name, kind, isAnyAccepted }: { name: string; kind: "raw" | "tcz"; isAnyAccepted: boolean },
): Inspected {
  if (kernel.lstat(`${root}/usr`)?.kind !== "folder") {
    throw new Error("it has no folder usr");
  }
  const notes: string[] = [];
  const release = kind === "raw" ? readRelease(kernel, root, name) : new Map<string, string>();
  if (kind === "raw") {
    const system = parseRelease(kernel.readText("/usr/lib/os-release"));
    const arch = plainArch(kernel.architecture());
    const misfit = releaseMisfit(release, system, arch, isAnyAccepted);
    if (misfit !== undefined) {
      throw new Error(misfit);
    }
  } else {
    notes.push("it was built for Tiny Core's libraries: its programs may not start here");
  }
  const kernels = foldersOf(kernel, root, "usr/lib/modules");
  if (kernels.length > 0 && !kernels.includes(kernelRelease(kernel))) {
    throw new Error(`its modules are for the kernel ${kernels.join(", ")}`);
  }
  const others = kernel.listNoFollow(root).filter((one) => !["usr", "lost+found"].includes(one));
  if (others.length > 0) {
    notes.push(`only usr is used, not ${others.join(", ")}`);
  }
  const units = foldersOf(kernel, root, "usr/lib/systemd/system").filter((unit) =>
    /\.(socket|timer|path|mount)$/.test(unit),
  );
  if (units.length > 0) {
    notes.push(`of systemd's units only services are run, not ${units.join(", ")}`);
  }
  walk(kernel, `${root}/usr`, base, { left: mostEntries });
  return { version: release.get("EXTENSION_VERSION") ?? "", notes, hasModules: kernels.length > 0 };
}

function readRelease(kernel: Kernel, root: string, name: string): Map<string, string> {
  const files = foldersOf(kernel, root, releaseFolder);
  // systemd: that of the image's name; a single one of another name is what a renamed image has.
  const file = files.find((one) => one === `extension-release.${name}`) ?? files[0];
  if (file === undefined) {
    throw new Error(`it has no ${releaseFolder}/extension-release.${name}`);
  }
  return kernel.withFolderBeneath(root, releaseFolder, (folder) => {
    const bytes = kernel.readNoFollow(`${folder}/${file}`, longestTextBytes);
    return parseRelease(new TextDecoder().decode(bytes ?? new Uint8Array()));
  });
}

/** Names in a folder of an image; none where it isn't there. Throws for one that a link leads to. */
export function foldersOf(kernel: Kernel, root: string, folder: string): string[] {
  let path = root;
  for (const part of folder.split("/")) {
    path = `${path}/${part}`;
    const kind = kernel.lstat(path)?.kind;
    if (kind === undefined) {
      return [];
    }
    if (kind !== "folder") {
      throw new Error(`its ${folder} is a ${kind}`);
    }
  }
  return kernel.listNoFollow(path);
}

/** What is over a folder of the system hides it; a device over a file takes it away (overlayfs: whiteouts). */
function walk(kernel: Kernel, folder: string, base: string, count: { left: number }): void {
  for (const name of kernel.listNoFollow(folder)) {
    count.left -= 1;
    if (count.left < 0) {
      throw new Error(`it holds more than ${mostEntries} files`);
    }
    const path = `${folder}/${name}`;
    const found = kernel.lstat(path);
    const below = kernel.lstat(`${base}/${name}`);
    const shown = `its ${path.slice(folder.indexOf("/usr") + 1)}`;
    if (found === undefined || ["block", "char", "fifo", "socket"].includes(found.kind)) {
      throw new Error(`${shown} is a ${found?.kind ?? "damaged entry"}`);
    }
    if (found.kind === "file" && (found.mode & 0o6000) !== 0) {
      throw new Error(`${shown} is setuid or setgid`);
    }
    if ((found.kind === "folder") !== ((below?.kind ?? found.kind) === "folder")) {
      throw new Error(`${shown} is a ${found.kind} where the system has a ${below?.kind}`);
    }
    if (found.kind === "folder") {
      walk(kernel, path, `${base}/${name}`, count);
    }
  }
}
