import { writeSync } from "node:fs";
import { runCommand } from "../command/run-command.ts";
import { linuxKernel } from "../kernel/linux/linux-kernel.ts";
import { varlinkCommand } from "./command.ts";

/**
 * The command `varlink`, to its end: a program of its own beside the agents' and run by it, as text, which takes a
 * quarter of the room of the agents' compiled form, and is read by nobody who doesn't use it. Gives the exit status.
 */
export function runVarlinkProgram(words: readonly string[]): Promise<number> {
  const commands = { varlink: async () => varlinkCommand };
  return runCommand("varlink", words, commands, linuxKernel, {
    out: (text) => writeSync(1, `${text}\n`),
    err: (text) => writeSync(2, `${text}\n`),
  });
}
