import { type AutomountOptions, defaultAutomountOptions } from "../automount/options.ts";

/** Words of the kernel command line that mean something to us. */
export interface BootOptions {
  /** The root: a tmpfs ("noembed", the default) or the kernel's own rootfs ("embed"). */
  root: "noembed" | "embed";
  /** host= */
  hostname: string | undefined;
  /** user=, default tc */
  user: string;
  nodhcp: boolean;
  norestore: boolean;
  /** waitusb= and boot2podman.automount=, .format=, .disk=: which disk may be used and which formatted. */
  automount: AutomountOptions;
  /** blacklist=: modules that are not loaded. */
  blacklist: readonly string[];
  /** boot2podman.fault=: stages that throw, to test that nothing is load-bearing. */
  faults: readonly string[];
}

/** What was understood, and one line for each word that was not. */
export interface ParsedBootOptions {
  options: BootOptions;
  complaints: readonly string[];
}

export const defaultBootOptions: BootOptions = {
  root: "noembed",
  hostname: undefined,
  user: "tc",
  nodhcp: false,
  norestore: false,
  automount: defaultAutomountOptions,
  blacklist: [],
  faults: [],
};
