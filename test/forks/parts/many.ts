import { readFile } from "node:fs/promises";
import type { Identities } from "../identities.ts";
import { inSeconds, type Laboratory, median, timed } from "../laboratory.ts";

/** Forks one after the other; returns how long one takes, in seconds. */
export async function inARow(
  { machine }: Laboratory,
  identities: Identities,
  count: number,
): Promise<number> {
  const lengths: number[] = [];
  for (let number = 1; number <= count; number += 1) {
    const name = `row-${number}`;
    lengths.push((await timed(() => machine("fork", "--rm", "box", name))).seconds);
    await identities.look(name);
    await machine("kill", name);
  }
  console.log(`${count} forks in a row: median ${inSeconds(median(lengths))}`);
  return median(lengths);
}

/** Forks at once, that are there together. */
export async function atOnce(
  laboratory: Laboratory,
  identities: Identities,
  count: number,
): Promise<void> {
  const { machine } = laboratory;
  const { value, seconds } = await timed(() => machine("fork", "-n", String(count), "box"));
  console.log(`${count} forks at once: ${inSeconds(seconds)} for all\n${value.trim()}`);
  const names = Array.from({ length: count }, (_, index) => `box-${index + 1}`);
  for (const name of names) {
    await identities.look(name);
  }
  for (const name of new Set([names[0] ?? "", names.at(-1) ?? ""])) {
    const { rss, pss, own } = await memoryOf(laboratory, name);
    const mib = (value: number) => `${value.toFixed(0)} MiB`;
    console.log(
      `memory of ${name}: RSS ${mib(rss)}, PSS ${mib(pss)}; pages of the guest that are its own: ${mib(own)}`,
    );
  }
  await machine("rm", "-f", "-y", ...names);
}

/** What a machine's QEMU has in memory, in MiB. */
async function memoryOf(
  { pidOf }: Laboratory,
  name: string,
): Promise<{ rss: number; pss: number; own: number }> {
  const pid = await pidOf(name);
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const kib = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(rollup)?.[1]);
  const all = await readFile(`/proc/${pid}/smaps`, "utf8");
  // The guest's pages that it has written itself: of the mapping of the template's memory.
  const part = all.slice(all.search(/^.*templates\/box\/memory$/m));
  const own = Number(/^Private_Dirty:\s+(\d+)/m.exec(part)?.[1]);
  return { rss: kib("Rss") / 1024, pss: kib("Pss") / 1024, own: own / 1024 };
}
