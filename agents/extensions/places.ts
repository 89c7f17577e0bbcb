import { stateFolder } from "../kernel/state-folder.ts";

/** Tiny Core's folder of extensions, on the data disk. */
export const tceFolder = `${stateFolder}/tce`;
/** Extensions that were brought to this machine. */
export const optionalFolder = `${tceFolder}/optional`;
/** Names of those that are loaded at boot. */
export const onbootPath = `${tceFolder}/onboot.lst`;
/** Tiny Core's folder of extensions on the boot medium. */
export const cdeFolder = "/cde";
/** Where extensions are looked for, the data disk's before the boot medium's. */
export const optionalFolders: readonly string[] = [optionalFolder, `${cdeFolder}/optional`];
/** What is mounted, and what was made for it. */
export const runFolder = "/run/boot2podman/extensions";
/** A JSON array: what is in /usr now. The resident agent watches it. */
export const loadedPath = `${runFolder}/loaded/list`;
/** Longer than any list or text of ours. */
export const longestTextBytes = 64 * 1024;
/** There once the services of extensions have ended, since none is in /usr any more. */
export const stoppedPath = `${runFolder}/stopped`;
/** There from the shutdown on: nothing of an extension or of the image is to run any more. */
export const endingPath = `${runFolder}/loaded/ending`;
