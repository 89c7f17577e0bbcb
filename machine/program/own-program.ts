import { fileURLToPath } from "node:url";

/** Whether this is podman-machine as one file, which has no repository around it. */
export const isOneFile = import.meta.url.includes("/$bunfs/");

/** The path by which this program can be started again. */
export const ownProgram = isOneFile
  ? process.execPath
  : fileURLToPath(new URL("../podman-machine", import.meta.url));
