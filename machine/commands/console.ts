import { connect } from "node:net";
import { stripVTControlCharacters } from "node:util";
import type { Command } from "commander";
import { MachineError } from "../error/machine-error.ts";
import { followFile } from "../life/follow.ts";
import { loadMachine, ofDriver } from "../store/machines.ts";
import { defaultName } from "../store/name.ts";
import { readIfThere } from "../store/read-file.ts";
import type { Context } from "./context.ts";

/** Ctrl-], as telnet and virsh have it: a guest's programs hardly ever need it. */
const leaveKey = 0x1d;

/** `console`: the machine's serial console on this terminal. */
export function addConsole(program: Command, context: Context): void {
  program
    .command("console")
    .description("Attach to the serial console of a machine; Ctrl-] leaves it")
    .argument("[name]", `name of the machine (default: "${defaultName}")`)
    .action(async (name = defaultName) => {
      const machine = ofDriver(await loadMachine(context.host().store, name), "qemu");
      context.terminal.error(`The console of "${name}". Ctrl-] leaves it.`);
      await attach(machine.files.consoleSocket, name);
    });
}

/** `logs`: what the machine's console printed since its start. */
export function addLogs(program: Command, context: Context): void {
  program
    .command("logs")
    .description("Print the console output of a machine since its start")
    .argument("[name]", `name of the machine (default: "${defaultName}")`)
    .option("-f, --follow", "follow the output", false)
    .option("--boot", "print the stages of its boot instead", false)
    .option("--previous", "of the previous start", false)
    .action(
      async (name = defaultName, flags: { follow: boolean; boot: boolean; previous: boolean }) => {
        const machine = ofDriver(await loadMachine(context.host().store, name), "qemu");
        const { bootLog, consoleLog, consoleLogEarlier } = machine.files;
        const path = `${flags.boot ? bootLog : consoleLog}${flags.previous ? ".1" : ""}`;
        const text = await readIfThere(path);
        if (text === undefined && !flags.follow) {
          throw new MachineError(`"${name}" has printed nothing yet: there is no ${path}.`);
        }
        const shown = context.terminal.isTerminal ? harmless : (part: string) => part;
        if (flags.follow) {
          await followFile(path, (part) => context.terminal.write(shown(part)));
        } else {
          const earlier = path === consoleLog ? await readIfThere(consoleLogEarlier) : undefined;
          context.terminal.write(shown(`${earlier ?? ""}${text ?? ""}`));
        }
      },
    );
}

/**
 * What a guest printed, for a terminal that shall not obey it (move windows, change titles, answer
 * as if somebody typed): without escape sequences, and without the bytes that begin one, which may
 * be cut in two.
 */
export function harmless(text: string): string {
  return (
    stripVTControlCharacters(text)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not get through.
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, "")
  );
}

/** Joins this terminal with the console at a socket until somebody leaves, or the machine ends. */
export function attach(path: string, name: string): Promise<void> {
  const { stdin, stdout } = process;
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const end = (error?: Error) => {
      stdin.off("data", type);
      if (stdin.isTTY) {
        stdin.setRawMode(false);
      }
      stdin.pause();
      socket.destroy();
      if (error === undefined) {
        stdout.write("\r\n");
        resolve();
      } else {
        reject(
          new MachineError(`The console of "${name}" can't be reached: is it running?`, {
            cause: error,
          }),
        );
      }
    };
    const type = (data: Buffer) => {
      const leave = data.indexOf(leaveKey);
      if (leave >= 0) {
        end();
      } else {
        socket.write(data);
      }
    };
    socket.on("connect", () => {
      if (stdin.isTTY) {
        stdin.setRawMode(true);
      }
      stdin.on("data", type);
      // A login prompt that was printed before comes again.
      socket.write("\r");
    });
    socket.on("data", (data) => stdout.write(data));
    socket.on("error", end);
    socket.on("close", () => end());
    stdin.on("end", () => end());
  });
}
