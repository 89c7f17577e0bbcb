import { resolve } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../error/machine-error.ts";
import { introduce } from "../life/introduce.ts";
import { startMachine, waitUntilReady } from "../life/start.ts";
import { stopMachine } from "../life/stop.ts";
import { chooseImage } from "../life/upgrade.ts";
import { nameHelp, namesOrDefault, wholeNumber } from "./arguments.ts";
import type { Context } from "./context.ts";
import { builtImage } from "./create-qemu.ts";

interface Flags {
  image?: string;
  rollback: boolean;
  timeout?: number;
}

/** `upgrade`: another image for machines, whose data stays; and the way back. */
export function addUpgrade(program: Command, context: Context): void {
  program
    .command("upgrade")
    .description("Boot machines from the newest image, or from the previous one; data stays")
    .argument("[names...]", nameHelp)
    .option("--image <folder>", "folder of the image (default: the machine's own, as it is now)")
    .option("--rollback", "return to the previous image", false)
    .option("--timeout <seconds>", "how long a boot may take", wholeNumber(1, 86_400))
    .action(async (names: string[], flags: Flags) => {
      if (flags.rollback && flags.image !== undefined) {
        throw new UsageError("--rollback and --image exclude one another.");
      }
      for (const name of namesOrDefault(names)) {
        await upgrade(context, name, flags);
      }
    });
}

async function upgrade(context: Context, name: string, flags: Flags): Promise<void> {
  const host = context.host();
  const image = flags.image === undefined ? undefined : resolve(flags.image);
  const choice = await chooseImage(host, name, {
    image,
    rollback: flags.rollback,
    usual: builtImage,
  });
  if (!choice.isOther) {
    context.terminal.out(
      `Machine "${name}" has this image already (${choice.version}, ${choice.id}).`,
    );
    return;
  }
  const which = `image ${choice.version}, ${choice.id}`;
  if (!choice.isRunning) {
    context.terminal.out(`Machine "${name}" will boot the ${which} at its next start.`);
    return;
  }
  await stopMachine(host, name);
  const { machine } = await startMachine(host, name);
  try {
    await waitUntilReady(
      host,
      machine,
      flags.timeout === undefined ? undefined : flags.timeout * 1000,
    );
  } catch (error) {
    if (!flags.rollback) {
      host.report.warn(
        `To return to the previous image: podman-machine upgrade --rollback ${name}`,
      );
    }
    throw error;
  }
  await introduce(host, machine);
  context.terminal.out(`Machine "${name}" runs the ${which}.`);
}
