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

/** Runs a command in the machine whose output a person follows on standard error; returns its exit status. */
export function followSsh(target: SshTarget, command: readonly string[]): Promise<number> {
  return runAttached("ssh", sshArguments(target, command), ["ignore", 2, 2]);
}

/** Runs a command in the machine without a terminal, and writes what it prints to an open file. */
export function sshToFile(
  target: SshTarget,
  command: readonly string[],
  descriptor: number,
): Promise<number> {
  return runAttached("ssh", sshArguments(target, command), ["ignore", descriptor, 2]);
}
