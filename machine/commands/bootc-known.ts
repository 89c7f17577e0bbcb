import type { Command } from "commander";
import { isRunning } from "../bootc/boot.ts";
import { configGone, readConfigFile, readStart } from "../bootc/config-file.ts";
import { removeBootc, stopBootc } from "../bootc/end.ts";
import { type ListedBootc, listBootc } from "../bootc/list.ts";
import { allPlaces, cacheFolder, knownPlace } from "../bootc/place.ts";
import { bootcTarget } from "../bootc/reach.ts";
import { ago, humanSize } from "../bootc/size.ts";
import { MachineError, UsageError } from "../error/machine-error.ts";
import { followFile } from "../life/follow.ts";
import { runSsh } from "../ssh/session.ts";
import { readIfThere } from "../store/read-file.ts";
import type { BootcContext } from "./bootc-host.ts";
import { sshWords } from "./bootc-run.ts";
import { attach, harmless } from "./console.ts";
import { formatTable } from "./table.ts";

const idHelp = "ID of the machine, or its first digits";

/** The commands for machines that there are. */
export function addKnown(bootc: Command, context: BootcContext): void {
  addList(bootc, context);
  addSsh(bootc, context);
  addStop(bootc, context);
  addRm(bootc, context);
  addLogs(bootc, context);
  addConsole(bootc, context);
}

function addList(bootc: Command, context: BootcContext): void {
  bootc
    .command("list")
    .description("List the machines of bootc images")
    .option("--json", "as JSON", false)
    .action(async ({ json }: { json: boolean }) => {
      const { terminal, person } = context;
      const machines = await listBootc(cacheFolder(person), (text) => terminal.error(text));
      const lines = json ? [jsonOf(machines)] : tableOf(machines, Date.now());
      for (const line of lines) {
        terminal.out(line);
      }
    });
}

function jsonOf(machines: readonly ListedBootc[]): string {
  const shown = machines.map((one) => ({
    Id: one.id,
    Repo: one.repo,
    Size: one.sizeBytes,
    Created: new Date(one.createdMs).toISOString(),
    Running: one.isRunning,
    SshPort: one.sshPort,
  }));
  return JSON.stringify(shown, null, 4);
}

/** The list as podman-bootc prints it. */
export function tableOf(machines: readonly ListedBootc[], nowMs: number): string[] {
  const rows = machines.map((one) => [
    one.id,
    one.repo,
    humanSize(one.sizeBytes),
    ago(one.createdMs, nowMs),
    String(one.isRunning),
    String(one.sshPort),
  ]);
  return formatTable([["ID", "REPO", "SIZE", "CREATED", "RUNNING", "SSH PORT"], ...rows]);
}

function addSsh(bootc: Command, context: BootcContext): void {
  bootc
    .command("ssh")
    .description("Log in to a machine, or run a command in it and exit with its status")
    .argument("<id>", idHelp)
    .argument("[command...]", "options of ssh such as -L, then a command for the machine's shell")
    .option("-u, --user <name>", "log in as this user (default: as it was started)")
    .passThroughOptions()
    .action(async (id: string, words: string[], { user }: { user?: string }) => {
      const place = await knownPlace(cacheFolder(context.person), id);
      const config = await readConfigFile(place);
      const start = await readStart(place);
      if (!(await isRunning(place))) {
        throw new MachineError(
          `The machine ${place.name} is not running: start it with "podman-bootc start ${place.name}".`,
        );
      }
      if (config === undefined || start === undefined) {
        throw configGone(place);
      }
      const target = bootcTarget(place, config.SshPort, user ?? start.user);
      context.exitWith(await runSsh(target, sshWords(words)));
    });
}

function addStop(bootc: Command, context: BootcContext): void {
  bootc
    .command("stop")
    .description("Shut a machine down")
    .argument("<id>", idHelp)
    .action(async (id: string) => {
      await context.withBootc(async (bootc) => {
        const place = await knownPlace(bootc.cache, id);
        if (!(await stopBootc(bootc, place))) {
          context.terminal.error(`The machine ${place.name} is already stopped.`);
        }
      });
    });
}

function addRm(bootc: Command, context: BootcContext): void {
  bootc
    .command("rm")
    .description("Remove a machine with its disk")
    .argument("[id]", idHelp)
    .option("--all", "remove all machines that don't run", false)
    .option("-f, --force", "also remove machines that run", false)
    .action(async (id: string | undefined, flags: { all: boolean; force: boolean }) => {
      if ((id === undefined) !== flags.all) {
        throw new UsageError("Give one ID, or --all.");
      }
      await context.withBootc(async (bootc) => {
        const places =
          id === undefined ? await allPlaces(bootc.cache) : [await knownPlace(bootc.cache, id)];
        for (const place of places) {
          const isSpared = flags.all && !flags.force && (await isRunning(place));
          if (!isSpared) {
            await removeBootc(bootc, place, flags.force);
          }
        }
      });
    });
}

function addLogs(bootc: Command, context: BootcContext): void {
  bootc
    .command("logs")
    .description("Print the console output of a machine since its start")
    .argument("<id>", idHelp)
    .option("-f, --follow", "follow the output", false)
    .action(async (id: string, { follow }: { follow: boolean }) => {
      const { terminal } = context;
      const { name, files } = await knownPlace(cacheFolder(context.person), id);
      const shown = terminal.isTerminal ? harmless : (part: string) => part;
      if (follow) {
        await followFile(files.consoleLog, (part) => terminal.write(shown(part)));
        return;
      }
      const text = await readIfThere(files.consoleLog);
      if (text === undefined) {
        throw new MachineError(`The machine ${name} has printed nothing yet.`);
      }
      terminal.write(shown(`${(await readIfThere(files.consoleLogEarlier)) ?? ""}${text}`));
    });
}

function addConsole(bootc: Command, context: BootcContext): void {
  bootc
    .command("console")
    .description("Attach to the serial console of a machine; Ctrl-] leaves it")
    .argument("<id>", idHelp)
    .action(async (id: string) => {
      const { name, files } = await knownPlace(cacheFolder(context.person), id);
      context.terminal.error(`The console of "${name}". Ctrl-] leaves it.`);
      await attach(files.consoleSocket, name);
    });
}
