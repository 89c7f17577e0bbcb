import type { Command } from "../command/command.ts";
import { oneLine } from "../command/one-line.ts";
import { runCommand } from "../command/run-command.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { linuxDownloads } from "../kernel/linux/linux-downloads.ts";
import type { Supervisor } from "../services/supervisor.ts";
import { extensionHelp, runExtension } from "./command.ts";
import { loadOnboot } from "./load-named.ts";
import { readLoaded } from "./loaded.ts";
import { mountMedium } from "./medium.ts";
import { basePath } from "./merge.ts";
import { endingPath, stoppedPath } from "./places.ts";
import { type FoundServices, openRunner, readServicesIn } from "./services.ts";

// A program of its own beside the agents', as text that their program runs: nobody reads it who has no extension.

const command: Command = {
  name: "boot2podman extension",
  help: extensionHelp,
  run(words, kernel, terminal) {
    const say = (line: string) => terminal.err(line);
    return runExtension(words, { kernel, downloads: linuxDownloads, say }, terminal);
  },
};

/** `boot2podman extension`, and tce-load. */
export const extensionCommand: Command = {
  ...command,
  // What is thrown here would be of another class than the same where this is called from.
  run: (words, kernel, terminal) =>
    runCommand("extension", words, { extension: async () => command }, kernel, terminal),
};

/** What the boot loads; gives what is loaded and one line for each thing that isn't as it was asked for. */
export async function loadAtBoot(
  kernel: Kernel,
  { hasMedium, isDiskLeftOut }: { hasMedium: boolean; isDiskLeftOut: boolean },
): Promise<{ done: string[]; problems: string[] }> {
  const medium: string[] = [];
  if (hasMedium) {
    try {
      mountMedium(kernel);
    } catch (error) {
      medium.push(oneLine(error));
    }
  }
  const { done, problems } = await loadOnboot({ kernel }, isDiskLeftOut);
  return { done, problems: [...medium, ...problems] };
}

/**
 * Runs the services of what is in /usr; call `follow` whenever that has changed. From the first call with `withImage` on,
 * those of the image itself too.
 */
export function serviceRunner(
  kernel: Kernel,
  supervisor: Supervisor,
  parseToml: (text: string) => unknown,
): { follow(withImage: boolean): Promise<{ started: string[]; problems: string[] }> } {
  const runner = openRunner(kernel, supervisor, parseToml);
  let last: Promise<unknown> = Promise.resolve();
  let ofImage: FoundServices | undefined;
  return {
    follow(withImage) {
      // One after the other.
      const next = last.then(async () => {
        if (withImage && ofImage === undefined) {
          // The image's own: extensions lie over it.
          const usr = kernel.exists(basePath) ? basePath : "/usr";
          ofImage = readServicesIn(kernel, { usr, name: "the image" }, parseToml);
        }
        const isEnding = kernel.exists(endingPath);
        const loaded = isEnding ? [] : readLoaded(kernel);
        if (loaded.length > 0 && kernel.exists(stoppedPath)) {
          kernel.unlink(stoppedPath);
        }
        const followed = await runner.follow(loaded, isEnding ? undefined : ofImage);
        if (isEnding) {
          kernel.writePlain(stoppedPath, "");
        }
        return followed;
      });
      last = next;
      return next;
    },
  };
}
