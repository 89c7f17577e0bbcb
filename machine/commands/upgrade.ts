import type { Command } from "commander";
import { imageArgument } from "../boot-image/machine-archive.ts";
import { UsageError } from "../error/machine-error.ts";
import type { Host } from "../life/host.ts";
import { introduce } from "../life/introduce.ts";
import { startMachine, waitUntilReady } from "../life/start.ts";
import { stopMachine } from "../life/stop.ts";
import { listTemplates } from "../life/templates.ts";
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
    .option(
      "--image <folder>",
      "folder or archive of the image (default: the machine's own, as it is now)",
    )
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

/** They go on from the memory of the image before: nothing but a save changes them. */
async function tellOfTemplates({ terminal, host }: Context, name: string, id: string) {
  const all = await listTemplates(host().store);
  const older = all.filter(({ machine, imageId }) => machine === name && imageId !== id);
  if (older.length > 0) {
    const words = older.map((template) => template.name).join(", ");
    terminal.out(
      `Templates of "${name}" go on with the image before: ${words}. For this one: podman-machine save ${name}`,
    );
  }
}

async function upgrade(context: Context, name: string, flags: Flags): Promise<void> {
  const host = context.host();
  const image = flags.image === undefined ? undefined : imageArgument(flags.image);
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
  await tellOfTemplates(context, name, choice.id);
  const which = `image ${choice.version}, ${choice.id}`;
  if (!choice.isRunning) {
    context.terminal.out(`Machine "${name}" will boot the ${which} at its next start.`);
    return;
  }
  await stopMachine(host, name);
  const { machine } = await startMachine(host, name).catch(async (error: unknown) => {
    await choice.undo();
    await startAsBefore(host, name);
    throw error;
  });
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

/** The new image didn't start: the machine goes on with what it ran. */
async function startAsBefore(host: Host, name: string): Promise<void> {
  try {
    const { machine } = await startMachine(host, name);
    await waitUntilReady(host, machine);
    await introduce(host, machine);
    host.report.warn(`"${name}" could not be upgraded, and runs the image that it ran before.`);
  } catch (error) {
    // Told besides the reason why the new one didn't start, which is the one to mend.
    const reason = error instanceof Error ? error.message : String(error);
    host.report.warn(
      `"${name}" does not start with the image that it ran before either: ${reason}`,
    );
  }
}
