import { killedAfter, type Laboratory, onlyThere } from "../laboratory.ts";

/** How long each command takes, in seconds. */
export interface Lengths {
  readonly fork: number;
  readonly run: number;
  readonly save: number;
}

/** fork, run and save are killed with -9, each at so many moments; nothing of them is left, and box goes on. */
export async function kills(
  laboratory: Laboratory,
  lengths: Lengths,
  times: number,
): Promise<void> {
  const { machine, attempt, expectThat } = laboratory;
  const commands = [
    { words: ["fork", "box", "cut"], lengthS: lengths.fork, tidy: ["rm", "-f", "-y", "cut"] },
    {
      words: ["run", "--template", "box", "localhost/busybox", "true"],
      lengthS: lengths.run,
      tidy: [],
    },
    { words: ["save", "--as", "cut", "box"], lengthS: lengths.save, tidy: ["save", "rm", "cut"] },
  ];
  for (const { words, lengthS, tidy } of commands) {
    for (let number = 0; number < times; number += 1) {
      await killedAfter(laboratory, (number / times) * lengthS * 1000, ...words);
      await machine("start", "box");
      await machine("ssh", "box", "true");
      if (tidy.length > 0) {
        await attempt(tidy);
      }
    }
  }
  const left = await onlyThere(laboratory, "box");
  expectThat(left.length === 0, `${3 * times} commands that were killed leave no machine: ${left}`);
}
