import { readdir, rename, rm } from "node:fs/promises";
import { MachineError } from "../error/machine-error.ts";
import { findProgram } from "../program/find.ts";
import { lastLine, runProgram } from "../program/run.ts";

const makeTimeoutMs = 120_000;

/** Programs that make an ISO of a folder, and how; the last is macOS's own. */
const makers: readonly (readonly [string, (folder: string, iso: string) => string[]])[] = [
  ["xorriso", (folder, iso) => ["-as", "mkisofs", ...isoOptions(folder, iso)]],
  ["genisoimage", isoOptions],
  ["mkisofs", isoOptions],
  [
    "hdiutil",
    (folder, iso) => [
      ...["makehybrid", "-iso", "-joliet", "-default-volume-name", "cidata"],
      ...["-o", iso, folder],
    ],
  ],
];

function isoOptions(folder: string, iso: string): string[] {
  return ["-quiet", "-volid", "cidata", "-joliet", "-rock", "-o", iso, folder];
}

/** Makes a NoCloud disk of a folder with user-data and meta-data (cloud-init, NoCloud). */
export async function makeCloudInitDisk(folder: string, path: string): Promise<void> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new MachineError(`${folder}, named by --cloudinit, is no folder that can be read.`, {
      cause,
    });
  });
  const missing = ["user-data", "meta-data"].filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new MachineError(
      `${folder}, named by --cloudinit, has no ${missing.join(" and no ")}, which cloud-init needs: create it, empty if need be.`,
    );
  }
  const { program, words } = await findMaker();
  const unfinished = `${path}.new.iso`;
  await rm(unfinished, { force: true });
  const made = await runProgram(program, words(folder, unfinished), { timeoutMs: makeTimeoutMs });
  if (made.exitCode !== 0) {
    throw new MachineError(
      `${program} could not make a disk for cloud-init of ${folder}: ${lastLine(made.stderr) || "it gave no reason"}`,
    );
  }
  await rename(unfinished, path);
}

async function findMaker() {
  let failure: unknown;
  for (const [program, words] of makers) {
    try {
      await findProgram(program);
      return { program, words };
    } catch (error) {
      failure ??= error;
    }
  }
  // The first is the one to install.
  throw failure;
}
