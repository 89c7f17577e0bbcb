import { Command, CommanderError, Option } from "commander";
import { MachineError } from "../error/machine-error.ts";
import { asMachineError } from "../error/system-failure.ts";
import { addAddress } from "./address.ts";
import { addBootc } from "./bootc.ts";
import { addCompletion } from "./completion.ts";
import { addConsole, addLogs } from "./console.ts";
import { hostOf } from "./context.ts";
import { addCreate } from "./create.ts";
import { addEnv } from "./env.ts";
import { addFork } from "./fork.ts";
import { addLs } from "./ls.ts";
import { addMount } from "./mount.ts";
import { addBootChart, addProvision } from "./provision.ts";
import { addPause, addRestore, addResume } from "./restore.ts";
import { addRm } from "./rm.ts";
import { addRun } from "./run.ts";
import { addSave } from "./save.ts";
import { addScp } from "./scp.ts";
import { addSet } from "./set.ts";
import { addSsh } from "./ssh.ts";
import { addSshConfig } from "./ssh-config.ts";
import { addRestart, addStart } from "./start.ts";
import { addActive, addStatus } from "./status.ts";
import { addKill, addStop } from "./stop.ts";
import type { Caller, Terminal } from "./terminal.ts";
import { addUpgrade } from "./upgrade.ts";
import { addVersion, versionText } from "./version.ts";

const usageStatus = 2;

/** Global flags of docker-machine that have nothing left to say: SSH keys replaced certificates. */
const withoutEffect = [
  "--tls-ca-cert <file>",
  "--tls-ca-key <file>",
  "--tls-client-cert <file>",
  "--tls-client-key <file>",
  "--github-api-token <token>",
  "--native-ssh",
];

/** The commands as they are declared, and the exit status of the one that ran. */
export interface CommandLine {
  readonly program: Command;
  status(): number;
}

/** Declares all commands; what they print goes to a terminal. */
export function commandLine(caller: Caller): CommandLine {
  const { terminal, person } = caller;
  let status = 0;
  const program = new Command("podman-machine");
  program
    .description("Machines that run boot2podman, and their podman.")
    .option("-s, --storage-path <folder>", "where machines are kept (MACHINE_STORAGE_PATH)")
    .option("-D, --debug", "also print the causes of an error (MACHINE_DEBUG)", false)
    .version(versionText, "-v, --version", "print the version")
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.error(text.trimEnd()),
      outputError: (text, write) => write(`${text.trimEnd()} (see --help)`),
    });
  for (const flag of withoutEffect) {
    program.addOption(new Option(flag, "accepted for compatibility, without effect").hideHelp());
  }
  const context = {
    terminal,
    person,
    host: () => hostOf(caller, program.opts<{ storagePath?: string }>().storagePath),
    exitWith: (code: number) => {
      status = code;
    },
  };
  addCreate(program, context);
  addStart(program, context);
  addStop(program, context);
  addRestart(program, context);
  addKill(program, context);
  addPause(program, context);
  addResume(program, context);
  addSave(program, context);
  addFork(program, context);
  addRestore(program, context);
  addRun(program, context);
  addRm(program, context);
  addLs(program, context);
  addStatus(program, context);
  addSsh(program, context);
  addScp(program, context);
  addSshConfig(program, context);
  addSet(program, context);
  addUpgrade(program, context);
  addConsole(program, context);
  addLogs(program, context);
  addBootChart(program, context);
  addProvision(program, context);
  addMount(program, context);
  addBootc(program, context);
  addCompletion(program, context);
  addEnv(program, context);
  addAddress(program, context);
  addActive(program, context);
  addVersion(program, context);
  return { program, status: () => status };
}

/**
 * Runs the command line and returns its exit status: 0 done, 1 failed, 2 wrong usage, and for
 * `ssh` that of what it ran.
 */
export async function runCommandLine(args: readonly string[], caller: Caller): Promise<number> {
  const { program, status } = commandLine(caller);
  try {
    await program.parseAsync(args, { from: "user" });
    return status();
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : usageStatus;
    }
    const { debug } = program.opts<{ debug: boolean }>();
    const { terminal, person } = caller;
    return report(error, terminal, debug || Boolean(person.environment.MACHINE_DEBUG));
  }
}

/** Prints an error as one line, with its causes when they were asked for. */
export function report(found: unknown, terminal: Terminal, debug: boolean): number {
  const error = asMachineError(found);
  terminal.error(error instanceof Error ? error.message : String(error));
  if (debug && error instanceof Error) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      terminal.error(cause.stack ?? cause.message);
    }
  }
  return error instanceof MachineError ? error.exitCode : 1;
}
