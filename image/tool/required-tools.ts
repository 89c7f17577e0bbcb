import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { BuildError } from "../report/build-error.ts";
import { toolPath } from "./environment.ts";

/** Programs of the build machine that the build calls, and the Debian package that brings each. */
export const TOOL_PACKAGES = {
  "apt-get": "apt",
  "apt-cache": "apt",
  "apt-config": "apt",
  "dpkg-deb": "dpkg",
  depmod: "kmod",
  xz: "xz-utils",
  zstd: "zstd",
  xorriso: "xorriso",
  mformat: "mtools",
  mcopy: "mtools",
  mmd: "mtools",
  npm: "npm",
} as const;

export type Tool = keyof typeof TOOL_PACKAGES;

const ALL_TOOLS: readonly Tool[] = [
  "apt-get",
  "apt-cache",
  "apt-config",
  "dpkg-deb",
  "depmod",
  "xz",
  "zstd",
  "xorriso",
  "mformat",
  "mcopy",
  "mmd",
];

/** The tools of `wanted` that no folder of `path` holds. */
export function missingTools(wanted: readonly Tool[], path: string): Tool[] {
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
export function missingToolsMessage(missing: readonly Tool[]): string | undefined {
  if (missing.length === 0) {
    return undefined;
  }
  const packages = [...new Set(missing.map((tool) => TOOL_PACKAGES[tool]))].sort();
  return (
    `${missing.join(", ")} not found on this machine: ` +
    `install with "apt-get install ${packages.join(" ")}" (or run ./setup build)`
  );
}

/** @throws BuildError when the build machine lacks a tool: better now than after minutes. */
export function requireTools(): void {
  const message = missingToolsMessage(missingTools(ALL_TOOLS, toolPath(process.env.PATH)));
  if (message !== undefined) {
    throw new BuildError(message);
  }
}
