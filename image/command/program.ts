import { Command } from "commander";
import { oneLineOf } from "../report/build-error.ts";

/** A command of this folder, as `npm run NAME -- …`; it ends with 2 when it is called wrongly. */
export function newProgram(name: string, description: string): Command {
  return new Command(`npm run ${name} --`)
    .description(description)
    .configureOutput({ outputError: (text, write) => write(text) })
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
}

/** Parses the command line and does `work`; a failure is one line under that name, and the exit status 1. */
export async function runProgram(
  program: Command,
  name: string,
  work: () => Promise<void>,
): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    // Ending by exit removes what is unfinished.
    process.once(signal, () => process.exit(1));
  }
  try {
    program.parse();
    await work();
  } catch (error) {
    console.error(`boot2podman ${name}: ${oneLineOf(error)}`);
    process.exit(1);
  }
}

/** "12.3 s", from that time of performance.now() on. */
export function secondsSince(startedMs: number): string {
  return `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
}
