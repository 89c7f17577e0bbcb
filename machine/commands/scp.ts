import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { sshConfigText } from "../client/ssh-config.ts";
import { driverOf } from "../driver/drivers.ts";
import { UsageError } from "../error/machine-error.ts";
import { loadRunning } from "../life/running.ts";
import { runAttached } from "../program/attached.ts";
import { findProgram } from "../program/find.ts";
import { runProgram } from "../program/run.ts";
import { shellWords } from "../ssh/words.ts";
import type { Context } from "./context.ts";

const askTimeoutMs = 60_000;

interface Flags {
  recursive: boolean;
  delta: boolean;
  quiet: boolean;
}

/** `scp`: copies files between this host and machines, or from machine to machine. */
export function addScp(program: Command, context: Context): void {
  program
    .command("scp")
    .description("Copy files from or to a machine, or between two")
    .argument("<source>", "[[user@]machine:]path")
    .argument("<destination>", "[[user@]machine:]path")
    .option("-r, --recursive", "copy folders recursively", false)
    .option("-d, --delta", "use rsync, which sends only differences", false)
    .option("-q, --quiet", "no progress", false)
    .action(async (source: string, destination: string, flags: Flags) => {
      const names = [...new Set([source, destination].map(machineIn))].filter(
        (name) => name !== undefined,
      );
      if (names.length === 0) {
        throw new UsageError(
          "Neither source nor destination is on a machine: expected MACHINE:PATH.",
        );
      }
      if (flags.delta && names.length > 1) {
        throw new UsageError("--delta copies between this host and one machine, not between two.");
      }
      await withSshConfig(context, names, async (config) => {
        const hasRsync = flags.delta && (await rsyncOnBothEnds(context, config, names));
        const make = hasRsync ? rsyncCommand : scpCommand;
        const { file, args } = make(config, source, destination, flags);
        context.exitWith(await runAttached(file, args));
      });
    });
}

/** The machine that a place names; undefined for a path of this host, as scp(1) tells them apart. */
export function machineIn(place: string): string | undefined {
  const match = /^(?:[^@/:]+@)?([^@/:]+):/.exec(place);
  return match?.[1];
}

interface CopyCommand {
  readonly file: string;
  readonly args: string[];
}

/** rsync is needed here and there; without it all is copied, which takes longer and is said. */
async function rsyncOnBothEnds(
  context: Context,
  config: string,
  names: readonly string[],
): Promise<boolean> {
  const asked = names.map((name) => ["ssh", "-F", config, name, "command -v rsync"]);
  const found = await Promise.all([
    findProgram("rsync").then(
      () => true,
      () => false,
    ),
    ...asked.map(async ([file = "", ...args]) => {
      const result = await runProgram(file, args, { timeoutMs: askTimeoutMs });
      return result.exitCode === 0;
    }),
  ]);
  if (found.every(Boolean)) {
    return true;
  }
  const where = found[0] === true ? `in "${names[0]}"` : "on this host";
  context.terminal.error(`There is no rsync ${where}: everything is copied, not only differences.`);
  return false;
}

/** Between two machines the data goes through this host (-3): they don't know one another. */
export function scpCommand(
  config: string,
  source: string,
  destination: string,
  flags: Flags,
): CopyCommand {
  return {
    file: "scp",
    args: [
      ...["-3", "-F", config],
      ...(flags.recursive ? ["-r"] : []),
      ...(flags.quiet ? ["-q"] : []),
      ...["--", source, destination],
    ],
  };
}

/** rsync(1) over the same ssh. */
export function rsyncCommand(
  config: string,
  source: string,
  destination: string,
  flags: Flags,
): CopyCommand {
  return {
    file: "rsync",
    args: [
      ...["-e", shellWords(["ssh", "-F", config]), "-tp"],
      ...(flags.recursive ? ["-r", "-l"] : []),
      ...(flags.quiet ? ["-q"] : ["--progress"]),
      ...["--", source, destination],
    ],
  };
}

async function withSshConfig(
  context: Context,
  names: readonly string[],
  work: (path: string) => Promise<void>,
): Promise<void> {
  const texts = await Promise.all(names.map((name) => sshConfigOf(context, name)));
  const folder = await mkdtemp(join(tmpdir(), "podman-machine-scp-"));
  try {
    const path = join(folder, "config");
    await writeFile(path, texts.join(""), { mode: 0o600 });
    await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function sshConfigOf(context: Context, name: string): Promise<string> {
  const { store } = context.host();
  const machine = await loadRunning(store, name);
  return sshConfigText(driverOf(store, machine.config.DriverName).sshTarget(machine), [name]);
}
