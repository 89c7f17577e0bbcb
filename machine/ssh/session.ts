import { spawn } from "node:child_process";
import { constants } from "node:os";
import { cannotRun, type ProgramResult, runProgram } from "../program/run.ts";
import { type SshTarget, sshArguments } from "./client.ts";

/**
 * Runs ssh on this process's own terminal, or pipes, and returns its exit status: that of the
 * remote command, 255 when ssh itself failed, 128 + signal when one ended it.
 */
export function runSsh(target: SshTarget, command: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn("ssh", sshArguments(target, command), { stdio: "inherit" });
    // ^C reaches ssh from the terminal; this process has to outlive it to pass its status on.
    const ignore = () => undefined;
    const forward = () => child.kill("SIGTERM");
    process.on("SIGINT", ignore);
    process.on("SIGTERM", forward);
    const done = () => {
      process.off("SIGINT", ignore);
      process.off("SIGTERM", forward);
    };
    child.on("error", (error) => {
      done();
      reject(cannotRun("ssh", error));
    });
    child.on("exit", (code, signal) => {
      done();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

/** Runs a command in the machine without a terminal and returns what it printed. */
export function captureSsh(
  target: SshTarget,
  command: readonly string[],
  timeoutMs: number,
): Promise<ProgramResult> {
  return runProgram("ssh", [...sshArguments(target, command)], { timeoutMs });
}
