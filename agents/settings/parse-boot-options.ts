import type { BootOptions } from "./boot-options.ts";
import { openSettings } from "./settings.ts";

/** What was understood, and one line for each word that was not. */
export interface ParsedBootOptions {
  options: BootOptions;
  warnings: readonly string[];
}

/**
 * Understands the kernel's command line alone, without the files that may set more (see ../config). Words of the
 * kernel and of others are left alone; a word of ours that is unknown or has a bad value is left out with a
 * warning, and the boot goes on. Of several the last wins.
 */
export function parseBootOptions(commandLine: string): ParsedBootOptions {
  const { settings, warnings } = openSettings(commandLine);
  return { options: settings.options, warnings };
}
