import { spawn } from "node:child_process";
import { constants } from "node:os";
import { cannotRun } from "./run.ts";

/**
 * Runs a program on this process's own terminal, or pipes, and returns its exit status; 128 +
 * signal when one ended it.
 */
export function runAttached(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit" });
    // ^C reaches the program from the terminal; this process has to outlive it to pass its status on.
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
      reject(cannotRun(program, error));
    });
    child.on("exit", (code, signal) => {
      done();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
