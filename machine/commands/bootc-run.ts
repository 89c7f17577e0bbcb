import type { Command } from "commander";
import { killBootc } from "../bootc/end.ts";
import { knownPlace } from "../bootc/place.ts";
import { waitForSsh } from "../bootc/reach.ts";
import { type BootcHost, type RunningBootc, runBootc, startBootc } from "../bootc/run.ts";
import { runSsh } from "../ssh/session.ts";
import { addMachineFlags, type MachineFlags, wishOf } from "./bootc-flags.ts";
import type { BootcContext } from "./bootc-host.ts";

/** What a shell of this host exports means nothing there (podman-bootc, pkg/vm/vm.go). */
const ownLocale = ["-o", "SetEnv=LC_ALL="];

/** `bootc run`: makes a machine of an image and logs in to it. */
export function addRun(bootc: Command, context: BootcContext): void {
  const command = bootc
    .command("run")
    .description("Boot a bootc image as a machine, and log in to it")
    .argument("<image>", "name or ID of an image in the machine that builds, or to be pulled")
    .argument("[command...]", "run this in the machine, exit with its status, and end the machine")
    .option("-B, --background", "don't log in: leave the machine running", false)
    .passThroughOptions();
  addMachineFlags(command).action(
    async (image: string, words: string[], flags: MachineFlags & { background: boolean }) => {
      const isEnded = flags.rm || words.length > 0;
      const wish = wishOf(image, flags, context.person.environment);
      await context.withBootc(async (bootc) => {
        const startedMs = performance.now();
        const machine = await runBootc(bootc, wish);
        if (flags.background) {
          context.terminal.out(machine.place.id);
          return;
        }
        try {
          await waitForSsh(machine.place, machine.target, machine.accelerator);
          sayReached(context, machine, startedMs, flags.quiet);
          await session(context, machine, words);
        } finally {
          await endIfOurs(bootc, machine, isEnded);
        }
      });
    },
  );
}

/** `bootc start`: starts a machine again as it was started before. */
export function addStart(bootc: Command, context: BootcContext): void {
  bootc
    .command("start")
    .description("Start a machine that was stopped, as it was started before")
    .argument("<id>", "ID of the machine, or its first digits")
    .action(async (id: string) => {
      await context.withBootc(async (bootc) => {
        const startedMs = performance.now();
        const place = await knownPlace(bootc.cache, id);
        const machine = await startBootc(bootc, place, "auto");
        await waitForSsh(machine.place, machine.target, machine.accelerator);
        sayReached(context, machine, startedMs, false);
      });
    });
}

/** Says how long it took until one could log in. */
export function sayReached(
  context: BootcContext,
  { place, isLaunched }: RunningBootc,
  startedMs: number,
  isQuiet: boolean,
): void {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  if (!isQuiet) {
    context.terminal.error(
      isLaunched
        ? `The machine ${place.name} answers on SSH, after ${seconds} s.`
        : `The machine ${place.name} is already running.`,
    );
  }
}

async function session(
  context: BootcContext,
  { place, target }: RunningBootc,
  words: readonly string[],
): Promise<void> {
  if (words.length === 0) {
    context.terminal.out(
      `Connecting to vm ${place.id}. To close connection, use \`~.\` or \`exit\``,
    );
  }
  context.exitWith(await runSsh(target, [...ownLocale, ...words]));
}

async function endIfOurs(
  bootc: BootcHost,
  { place, isLaunched }: RunningBootc,
  isEnded: boolean,
): Promise<void> {
  if (isEnded && isLaunched) {
    await killBootc(bootc, place);
  }
}

/** The words with which `bootc ssh` runs a command. */
export function sshWords(words: readonly string[]): string[] {
  return [...ownLocale, ...words];
}
