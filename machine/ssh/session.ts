import { runAttached } from "../program/attached.ts";
import { type ProgramResult, runProgram } from "../program/run.ts";
import { type SshTarget, sshArguments } from "./client.ts";

/**
 * Runs ssh on this process's own terminal, or pipes, and returns its exit status: that of the
 * remote command, 255 when ssh itself failed, 128 + signal when one ended it.
 */
export function runSsh(target: SshTarget, command: readonly string[]): Promise<number> {
  return runAttached("ssh", sshArguments(target, command));
}

/** Runs a command in the machine without a terminal and returns what it printed. */
export function captureSsh(
  target: SshTarget,
  command: readonly string[],
  timeoutMs: number,
): Promise<ProgramResult> {
  return runProgram("ssh", [...sshArguments(target, command)], { timeoutMs });
}
