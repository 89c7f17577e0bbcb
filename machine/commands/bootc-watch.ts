import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { watchFolder } from "../bootc/watch.ts";
import { UsageError } from "../error/machine-error.ts";
import { addMachineFlags, type MachineFlags, wishOf } from "./bootc-flags.ts";
import type { BootcContext } from "./bootc-host.ts";

/** `bootc watch`: builds and boots a folder's image, and again at each change. */
export function addWatch(bootc: Command, context: BootcContext): void {
  const command = bootc
    .command("watch")
    .description("Build a folder's image and boot it, and again at each change; ^C ends it")
    .argument("<folder>", "folder with a Containerfile")
    .option("--file <path>", "the Containerfile, from the folder");
  addMachineFlags(command).action(async (name: string, flags: MachineFlags & { file?: string }) => {
    const folder = resolve(name);
    if ((await stat(folder).catch(() => undefined))?.isDirectory() !== true) {
      throw new UsageError(`${folder} is not a folder.`);
    }
    const { image: _, ...wish } = wishOf("", flags, context.person.environment);
    const end = new AbortController();
    const abort = () => end.abort();
    process.once("SIGINT", abort);
    process.once("SIGTERM", abort);
    const { terminal } = context;
    try {
      await context.withBootc((bootc) =>
        watchFolder(
          bootc,
          folder,
          { file: flags.file, wish: { ...wish, mode: "ephemeral" }, signal: end.signal },
          {
            reached: ({ place }, afterMs) =>
              terminal.out(
                `From the change to SSH: ${(afterMs / 1000).toFixed(1)} s. To log in: podman-bootc ssh ${place.name}`,
              ),
            failed: (error) => terminal.error(error.message),
          },
        ),
      );
    } finally {
      process.off("SIGINT", abort);
      process.off("SIGTERM", abort);
    }
  });
}
