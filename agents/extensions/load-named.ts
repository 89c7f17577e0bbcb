import { dirname } from "node:path";
import { runChecked } from "../kernel/run-checked.ts";
import { type Kept, listKept, readOnboot } from "./library.ts";
import { type Change, change } from "./load.ts";
import { freshFolder, readLoaded } from "./loaded.ts";
import type { Bringer } from "./mirror.ts";
import { orderOf } from "./names.ts";
import { cdeFolder, runFolder } from "./places.ts";

/** Loads those and what they need, which are here. Those that are loaded stay as they are. */
export async function loadNamed({ kernel }: Bringer, names: readonly string[]): Promise<Change> {
  const kept = listKept(kernel);
  const { order, problems } = orderOf(names, (name) => kept.get(name)?.needs);
  const loaded = readLoaded(kernel);
  const add = order
    .flatMap((name) => kept.get(name) ?? [])
    .filter(({ path }) => !loaded.some((one) => one.path === path));
  const changed = await change(kernel, add, []);
  return {
    done: names.filter((name) => readLoaded(kernel).some((one) => one.name === name)),
    problems: [...problems, ...changed.problems],
  };
}

/**
 * Loads what the lists for the boot name: the medium's, which is as good as the image, and the data disk's unless that
 * may run nothing by itself.
 */
export async function loadOnboot(
  { kernel }: Pick<Bringer, "kernel">,
  isDiskLeftOut = false,
): Promise<Change> {
  const lists = [readOnboot(kernel, `${cdeFolder}/onboot.lst`)];
  if (!isDiskLeftOut) {
    lists.push(readOnboot(kernel));
  }
  kernel.mkdir(runFolder);
  const kept = listKept(kernel, isDiskLeftOut ? [`${cdeFolder}/optional`] : undefined);
  const names = lists.flatMap((one) => one.names);
  const { order, problems } = orderOf(names, (name) => kept.get(name)?.needs);
  const changed = await change(
    kernel,
    order.flatMap((name) => kept.get(name) ?? []),
    [],
  );
  return {
    done: changed.done,
    problems: [
      ...lists.flatMap(({ wrong }) =>
        wrong.map((line) => `onboot.lst: "${line}" is no name of an extension`),
      ),
      ...problems,
      ...changed.problems,
      ...readLoaded(kernel).flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`)),
    ],
  };
}

/** Loads one and what it needs from copies in RAM. */
export async function loadCopied({ kernel }: Bringer, name: string): Promise<Change> {
  const kept = listKept(kernel);
  const { order, problems } = orderOf([name], (one) => kept.get(one)?.needs);
  const loaded = readLoaded(kernel).map((one) => one.name);
  const copies: Kept[] = [];
  for (const one of order.filter((called) => !loaded.includes(called))) {
    const found = kept.get(one);
    if (found !== undefined) {
      const path = `${freshFolder(kernel, "copy")}/${found.file}`;
      await runChecked(kernel, ["cp", found.path, path], { timeoutMs: { quietMs: 120_000 } });
      copies.push({ ...found, path });
    }
  }
  const changed = await change(kernel, copies, []);
  for (const { path } of copies) {
    // The loop device keeps it.
    kernel.unlink(path);
    kernel.rmdir(dirname(path));
  }
  return { ...changed, problems: [...problems, ...changed.problems] };
}
