import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { Failure } from "../failure.ts";
import { addAddress } from "./address.ts";
import { hostOf } from "./context.ts";
import { addCreate } from "./create.ts";
import { addEnv } from "./env.ts";
import { addLs } from "./ls.ts";
import { addRm } from "./rm.ts";
import { addSsh } from "./ssh.ts";
import { addRestart, addStart } from "./start.ts";
import { addActive, addStatus } from "./status.ts";
import { addKill, addStop } from "./stop.ts";
import type { Terminal } from "./terminal.ts";

const USAGE_STATUS = 2;

/**
 * Runs the command line and returns its exit status: 0 done, 1 failed, 2 wrong usage, and for
 * `ssh` that of what it ran.
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  let status = 0;
  const program = new Command("podman-machine");
  program
    .description("Machines that run boot2podman, and their podman.")
    .option("-s, --storage-path <folder>", "where machines are kept (MACHINE_STORAGE_PATH)")
    .option("-D, --debug", "tell the causes of an error too (MACHINE_DEBUG)", false)
    .version(versionText(), "-v, --version", "print the version")
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.error(text.trimEnd()),
      outputError: (text, write) => write(`${text.trimEnd()} (--help lists what can be said)`),
    });
  const context = {
    terminal,
    host: () => hostOf(terminal, program.opts<{ storagePath?: string }>().storagePath),
    exitWith: (code: number) => {
      status = code;
    },
  };
  addCreate(program, context);
  addStart(program, context);
  addStop(program, context);
  addRestart(program, context);
  addKill(program, context);
  addRm(program, context);
  addLs(program, context);
  addStatus(program, context);
  addSsh(program, context);
  addEnv(program, context);
  addAddress(program, context);
  addActive(program, context);
  program
    .command("version")
    .description("Print the version")
    .action(() => terminal.out(versionText()));
  try {
    await program.parseAsync(args, { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : USAGE_STATUS;
    }
    const { debug } = program.opts<{ debug: boolean }>();
    return report(error, terminal, debug || Boolean(terminal.environment.MACHINE_DEBUG));
  }
}

/** Prints an error as one line, with its causes when they were asked for. */
export function report(error: unknown, terminal: Terminal, debug: boolean): number {
  terminal.error(error instanceof Error ? error.message : String(error));
  if (debug && error instanceof Error) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      terminal.error(cause.stack ?? cause.message);
    }
  }
  return error instanceof Failure ? error.exitCode : 1;
}

function versionText(): string {
  return `podman-machine version ${packageJson.version}`;
}
