import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import { cannotRun } from "./run.ts";

/**
 * Runs a program on this process's own terminal, or pipes, and returns its exit status; 128 +
 * signal when one ended it.
 *
 * @param stdio what it has instead.
 */
export function runAttached(
  program: string,
  args: readonly string[],
  stdio: StdioOptions = "inherit",
): Promise<number> {
  return attach(spawn(program, args, { stdio }), program, true);
}

/**
 * The same for a caller that takes the signals which this process gets.
 *
 * @param isApart in a session of its own, where no key of the terminal sends it a signal; it can't read from that then.
 */
export function runUnsignalled(
  program: string,
  args: readonly string[],
  isApart: boolean,
): Promise<number> {
  return attach(spawn(program, args, { stdio: "inherit", detached: isApart }), program, false);
}

function attach(child: ChildProcess, program: string, takesSignals: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    // ^C reaches the program from the terminal; this process has to outlive it to pass its status on.
    const ignore = () => undefined;
    const forward = () => child.kill("SIGTERM");
    if (takesSignals) {
      process.on("SIGINT", ignore);
      process.on("SIGTERM", forward);
    }
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
