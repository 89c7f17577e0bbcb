import { KernelError } from "./kernel-error.ts";
import type { Processes, RunOptions } from "./processes.ts";

/**
 * Runs a program and gives its stdout.
 *
 * Throws a KernelError with code "EXIT", the status and the last line of stderr when it didn't end with 0.
 */
export async function runChecked(
  kernel: Processes,
  argv: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const result = await kernel.run(argv, options);
  if (result.exitCode === 0) {
    return result.stdout;
  }
  const lastLine = result.stderr.trim().split("\n").at(-1) ?? "";
  const said = lastLine === "" ? "" : `: ${lastLine}`;
  throw new KernelError("run", argv.join(" "), "EXIT", {
    detail: `status ${result.exitCode}${said}`,
  });
}
