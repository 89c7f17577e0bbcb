import type { Terminal } from "../command/command.ts";
import { oneLine } from "../command/one-line.ts";
import { bringNamed } from "./bring-named.ts";
import { changeOnboot, listKept } from "./library.ts";
import { loadCopied, loadNamed } from "./load-named.ts";
import { readLoaded } from "./loaded.ts";
import type { Bringer } from "./mirror.ts";
import { namesOf } from "./names.ts";
import { parseTceLoad } from "./tce-load.ts";

/** Tiny Core's tce-load, with its words and answers; gives the exit status. */
export async function runTceLoad(
  words: readonly string[],
  bringer: Bringer,
  terminal: Terminal,
): Promise<number> {
  const { kernel } = bringer;
  const asked = parseTceLoad(words);
  const say = asked.isQuiet ? () => undefined : (line: string) => terminal.out(line);
  let status = 0;
  for (const name of namesOf(asked.names)) {
    if (asked.isLoaded && readLoaded(kernel).some((one) => one.name === name)) {
      say(`${name} is already installed!`);
      continue;
    }
    try {
      if (asked.isDownloaded) {
        await bringNamed({ ...bringer, say }, undefined, name, []);
        say(`${name}.tcz: OK`);
      }
      if (!listKept(kernel).has(name)) {
        throw new Error(`${name}.tcz not found!`);
      }
      if (asked.isLoaded) {
        const { problems } = asked.isCopied
          ? await loadCopied(bringer, name)
          : await loadNamed(bringer, [name]);
        if (problems.length > 0) {
          throw new Error(problems.join("; "));
        }
      }
      if (asked.isOnboot) {
        changeOnboot(kernel, [name], true);
      }
    } catch (error) {
      const line = oneLine(error);
      terminal.out(/ not found at /.test(line) ? `${name}.tcz not found!` : line);
      status = 1;
    }
  }
  return status;
}
