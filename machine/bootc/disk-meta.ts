import * as z from "zod";
import { MachineError } from "../error/machine-error.ts";
import { findProgram } from "../program/find.ts";
import { runProgram } from "../program/run.ts";

/** Where podman-bootc notes what a disk was made from (pkg/bootc/bootc_disk.go). */
const attribute = "user.bootc.meta";
const timeoutMs = 10_000;

const meta = z.object({ imageDigest: z.string() });

/** The programs of Linux (package attr) and macOS that read and write extended attributes. */
const programs: Readonly<
  Record<
    string,
    { set: (value: string, path: string) => string[]; get: (path: string) => string[] }
  >
> = {
  darwin: {
    set: (value, path) => ["xattr", "-w", attribute, value, path],
    get: (path) => ["xattr", "-p", attribute, path],
  },
  linux: {
    set: (value, path) => ["setfattr", "-n", attribute, "-v", value, path],
    get: (path) => ["getfattr", "--only-values", "--absolute-names", "-n", attribute, path],
  },
};

/** Notes on a disk which image it was made from, for podman-bootc. Nothing where the host or its filesystem can't. */
export async function markDisk(path: string, imageId: string): Promise<void> {
  const value = JSON.stringify({ imageDigest: imageId });
  await run(programs[process.platform]?.set(value, path));
}

/** The ID of the image that a disk says it was made from; undefined when it says nothing. */
export async function markOfDisk(path: string): Promise<string | undefined> {
  const text = await run(programs[process.platform]?.get(path));
  return text === undefined ? undefined : parseMark(text);
}

/** Reads the attribute's value. */
export function parseMark(text: string): string | undefined {
  try {
    return meta.parse(JSON.parse(text)).imageDigest;
  } catch (error) {
    // Another program's, or cut off: then the disk counts as one of an unknown image.
    if (error instanceof z.ZodError || error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

/** What a program prints; undefined when it isn't there, or fails. */
async function run(words: readonly string[] | undefined): Promise<string | undefined> {
  const [program, ...args] = words ?? [];
  if (program === undefined) {
    return undefined;
  }
  try {
    await findProgram(program);
    const { exitCode, stdout } = await runProgram(program, args, { timeoutMs });
    return exitCode === 0 ? stdout : undefined;
  } catch (error) {
    if (error instanceof MachineError) {
      return undefined;
    }
    throw error;
  }
}
