import { MachineError } from "../../error/machine-error.ts";
import { runProgram } from "../../program/run.ts";

/** A release of QEMU. */
export interface QemuVersion {
  readonly major: number;
  readonly minor: number;
}

const versionTimeoutMs = 10_000;

/** What a QEMU says to `--version`. */
export async function askQemuVersion(program: string): Promise<string> {
  return (await runProgram(program, ["--version"], { timeoutMs: versionTimeoutMs })).stdout;
}

/** Asks a QEMU for its release; undefined when it says none. */
export async function readQemuVersion(program: string): Promise<QemuVersion | undefined> {
  return parseQemuVersion(await askQemuVersion(program));
}

/** Reads the first line of `--version`. */
export function parseQemuVersion(text: string): QemuVersion | undefined {
  const match = /^QEMU emulator version (\d+)\.(\d+)/.exec(text);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

/** The devices that give memory back to the host came with 5.1. */
const oldest = { major: 5, minor: 1 };

/** Throws for a QEMU that lacks what machines need; one that says no version is tried. */
export function checkQemuVersion(program: string, version: QemuVersion | undefined): void {
  if (version === undefined) {
    return;
  }
  const { major, minor } = version;
  if (major < oldest.major || (major === oldest.major && minor < oldest.minor)) {
    throw new MachineError(
      `${program} is QEMU ${major}.${minor}, and machines need ${oldest.major}.${oldest.minor} or later: install a newer one, or name it with --program.`,
    );
  }
}

/**
 * How many threads may emulate processors. Before 8.1 one thread could run an instruction that
 * another had just changed: Linux changes its own code as it runs, and about one boot in fifty
 * ended in "Oops: int3" (QEMU commit deba78709a, "accel/tcg: Always lock pages before
 * translation"). One thread for all processors has no such race, and boots as fast.
 */
export function emulationThreads(version: QemuVersion | undefined): "multi" | "single" {
  if (version === undefined) {
    return "single";
  }
  const { major, minor } = version;
  return major > 8 || (major === 8 && minor >= 1) ? "multi" : "single";
}
