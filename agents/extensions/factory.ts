import type { Kernel } from "../kernel/kernel.ts";
import { foldersOf } from "./inspect.ts";

const factory = "usr/share/factory/etc";
const longestFileBytes = 1024 * 1024;

/** Lays the files for /etc of an extension there, where there are none (systemd-tmpfiles(8): the factory folder). */
export function layFactory(kernel: Kernel, root: string): void {
  lay(kernel, root, factory, "/etc");
}

function lay(kernel: Kernel, root: string, folder: string, target: string): void {
  for (const name of foldersOf(kernel, root, folder)) {
    const path = `${root}/${folder}/${name}`;
    const found = kernel.lstat(path);
    const there = kernel.lstat(`${target}/${name}`);
    if (found?.kind === "folder" && (there === undefined || there.kind === "folder")) {
      if (there === undefined) {
        kernel.mkdir(`${target}/${name}`);
      }
      lay(kernel, root, `${folder}/${name}`, `${target}/${name}`);
    } else if (found?.kind === "file" && there === undefined) {
      const bytes = kernel.readNoFollow(path, longestFileBytes) ?? new Uint8Array();
      kernel.writeNew(`${target}/${name}`, bytes, { mode: found.mode });
    }
  }
}
