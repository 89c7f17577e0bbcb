import type { Kernel } from "../kernel/kernel.ts";
import { KernelError } from "../kernel/kernel-error.ts";
import type { BootOptions } from "./boot-options.ts";
import { commandLineValues } from "./command-line.ts";
import type { GivenValue } from "./given-value.ts";
import { configPaths, type FileSource } from "./options/sources.ts";
import { isOption, type Resolved, resolveSettings } from "./resolve.ts";

const longestFileBytes = 64 * 1024;

/** All settings of this boot, as far as their sources have been read. */
export interface Settings {
  /** The same object for ever: what is read later changes it. */
  readonly options: BootOptions;
  /**
   * Reads the image's or the data disk's boot2podman.toml, if there is one. Gives warnings
   * about it; never rejects.
   */
  readFile(kernel: Kernel, source: FileSource): Promise<string[]>;
  /** Takes values that somebody else has read, and gives warnings about them. */
  give(values: readonly GivenValue[]): string[];
  /** With all warnings so far. */
  resolved(): Resolved;
}

/** The settings of the kernel's command line; `warnings` are about them. */
export function openSettings(commandLine: string): { settings: Settings; warnings: string[] } {
  const { given, warnings } = commandLineValues(commandLine, isOption);
  let resolved = resolveSettings(given);
  const options = resolved.options;
  const settings: Settings = {
    options,
    give(values) {
      given.push(...values);
      const before = new Set(resolved.warnings);
      resolved = resolveSettings(given);
      Object.assign(options, resolved.options);
      return resolved.warnings.filter((line) => !before.has(line));
    },
    async readFile(kernel, source) {
      const file = await valuesOf(kernel, source);
      if (file === undefined) {
        return [];
      }
      warnings.push(...file.warnings);
      return [...file.warnings, ...settings.give(file.given)];
    },
    resolved: () => ({ ...resolved, warnings: [...warnings, ...resolved.warnings] }),
  };
  return { settings, warnings: [...settings.resolved().warnings] };
}

/** The settings of all sources, for commands that run after the boot. */
export async function readSettings(
  kernel: Kernel,
): Promise<{ options: BootOptions; warnings: string[] }> {
  const { settings, warnings } = openSettings(kernel.readText("/proc/cmdline"));
  for (const source of ["image", "data disk"] as const) {
    warnings.push(...(await settings.readFile(kernel, source)));
  }
  return { options: settings.options, warnings };
}

/** Undefined without a file: then the parsers aren't loaded. */
async function valuesOf(kernel: Kernel, source: FileSource) {
  const path = configPaths[source];
  try {
    const bytes = kernel.readNoFollow(path, longestFileBytes + 1);
    if (bytes === undefined) {
      return undefined;
    }
    if (bytes.length > longestFileBytes) {
      const warning = `${path} is longer than ${longestFileBytes} bytes; nothing of it is used`;
      return { given: [], warnings: [warning] };
    }
    const { tomlValues } = await import("./toml-file.ts");
    return tomlValues(new TextDecoder().decode(bytes), source, isOption);
  } catch (error) {
    if (!(error instanceof KernelError)) {
      throw error;
    }
    return { given: [], warnings: [error.message] };
  }
}
