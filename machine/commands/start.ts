import type { Command } from "commander";
import { imageArgument } from "../boot-image/machine-archive.ts";
import { introduce } from "../life/introduce.ts";
import { startMachine, waitUntilReady } from "../life/start.ts";
import { restartMachine, stopMachine } from "../life/stop.ts";
import { nameHelp, namesOrDefault, wholeNumber } from "./arguments.ts";
import type { Context } from "./context.ts";

interface Flags {
  timeout?: number;
  image?: string;
}

/** `start`: starts machines and waits until they can be used. */
export function addStart(program: Command, context: Context): void {
  program
    .command("start")
    .description("Start machines, and wait until podman answers in them")
    .argument("[names...]", nameHelp)
    .option("--timeout <seconds>", "how long a boot may take", wholeNumber(1, 86_400))
    .option("--image <folder>", "boot the image in this folder or archive, now and at later starts")
    .action(async (names: string[], flags: Flags) => {
      for (const name of namesOrDefault(names)) {
        await start(context, name, flags);
      }
    });
}

/** `restart`: stops machines, waits until they are off, and starts them. */
export function addRestart(program: Command, context: Context): void {
  program
    .command("restart")
    .description("Stop machines and start them again")
    .argument("[names...]", nameHelp)
    .option("--timeout <seconds>", "how long a boot may take", wholeNumber(1, 86_400))
    .action(async (names: string[], flags: Flags) => {
      for (const name of namesOrDefault(names)) {
        if (!(await restartMachine(context.host(), name))) {
          await stopMachine(context.host(), name);
          await start(context, name, flags);
        }
      }
    });
}

/** The line that ends a start. */
export function readyText(name: string, startedMs: number): string {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  return `Machine "${name}" is ready, after ${seconds} s.`;
}

async function start(context: Context, name: string, flags: Flags): Promise<void> {
  const host = context.host();
  const startedMs = performance.now();
  const image = flags.image === undefined ? undefined : imageArgument(flags.image);
  const { machine, launched, resumed } = await startMachine(host, name, image);
  if (!launched) {
    context.terminal.out(
      resumed
        ? `Machine "${name}" goes on where it was held.`
        : `Machine "${name}" is already running.`,
    );
  }
  const timeoutMs = flags.timeout === undefined ? undefined : flags.timeout * 1000;
  await waitUntilReady(host, machine, timeoutMs);
  await introduce(host, machine);
  if (launched) {
    context.terminal.out(readyText(name, startedMs));
  }
}
