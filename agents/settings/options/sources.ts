import { stateFolder } from "../../kernel/state-folder.ts";

/** Where a setting may come from, the weakest first: a later one wins over an earlier one. */
export const sources = ["image", "Ignition", "data disk", "command line"] as const;
/** One of the places that a setting may come from. */
export type Source = (typeof sources)[number];

/** Files that are read when they are there; see docs/configuration.md. */
export const configPaths = {
  image: "/etc/boot2podman/boot2podman.toml",
  "data disk": `${stateFolder}/boot2podman.toml`,
} as const satisfies Partial<Record<Source, string>>;
/** One of those that are files. */
export type FileSource = keyof typeof configPaths;

/** For settings that are used when the data disk is mounted. */
export const anywhere: readonly Source[] = sources;
/** For those that are used before: a disk can't say whether it may be looked at. */
export const beforeDisks: readonly Source[] = ["image", "Ignition", "command line"];
/** For those that are used before there is a root with files in it, and for trials. */
export const commandLineOnly: readonly Source[] = ["command line"];
