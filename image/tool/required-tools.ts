import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { packageOf } from "../../host-packages.ts";
import { BuildError } from "../report/build-error.ts";
import { toolPath } from "./environment.ts";

/** Programs of the build machine that every build calls; host-packages.txt has the package of each. */
export const buildTools: readonly string[] = [
  "apt-get",
  "apt-cache",
  "apt-config",
  "dpkg-deb",
  "depmod",
  "apparmor_parser",
  "xz",
  "zstd",
  "xorriso",
  "mformat",
  "mcopy",
  "mmd",
  "grub-mkimage",
  "qemu-img",
];

/** The tools of `wanted` that no folder of `path` holds. */
export function missingTools(wanted: readonly string[], path: string): string[] {
  const folders = path.split(delimiter);
  return wanted.filter((tool) => !folders.some((folder) => isExecutable(join(folder, tool))));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof Error) {
      return false;
    }
    throw error;
  }
}

/** One line that names every missing tool and the command that installs them, or undefined. */
export function missingToolsMessage(missing: readonly string[]): string | undefined {
  if (missing.length === 0) {
    return undefined;
  }
  const packages = [...new Set(missing.map((tool) => packageOf(tool) ?? tool))].sort();
  return (
    `${missing.join(", ")} not found on this machine: ` +
    `install with "apt-get install ${packages.join(" ")}" (or run ./setup build)`
  );
}

/** @throws BuildError when the build machine lacks a tool: better now than after minutes. */
export function requireTools(): void {
  const message = missingToolsMessage(missingTools(buildTools, toolPath(process.env.PATH)));
  if (message !== undefined) {
    throw new BuildError(message);
  }
}
