import { rename, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import path from "node:path";
import { manifest } from "../../vm/harness/artifacts.ts";
import { measureHostMemory, measureLists } from "./measure-machines.ts";
import { measureStore } from "./measure-store.ts";

const root = path.resolve(import.meta.dirname, "../../..");

const whole = {
  store: { images: 200, layersEach: 10, containers: [0, 100, 1000] },
  lists: [1, 10, 50],
  machines: [1, 5, 10],
};
const small = {
  store: { images: 3, layersEach: 10, containers: [2] },
  lists: [1, 3],
  machines: [1, 2],
};

/** How costs grow: with what is in the store, with how many machines there are, and with how many of them run. */
export async function benchGrowth(runs: number, isSmall: boolean): Promise<void> {
  const sizes = isSmall ? small : whole;
  const result = {
    version: manifest().version,
    host: { cpus: cpus().length, cpu: cpus()[0]?.model, accelerator: "tcg", runs },
    sizes,
    machinesMib: await measureHostMemory(sizes.machines),
    lists: await measureLists(sizes.lists),
    store: await measureStore(sizes.store, runs),
  };
  const file = path.join(root, "bench-growth.json");
  await writeFile(`${file}.part`, `${JSON.stringify(result, null, 2)}\n`);
  await rename(`${file}.part`, file);
  print(result);
}

type Row = Readonly<Record<string, unknown>>;

function print({ store, lists, machinesMib }: Record<"store" | "lists" | "machinesMib", object[]>) {
  for (const rows of [store, lists, machinesMib]) {
    console.log("");
    const cells = rows.map((row) => Object.entries(row as Row));
    const line = (values: readonly unknown[]) =>
      console.log(values.map((value) => String(value).padEnd(14)).join(""));
    line((cells[0] ?? []).map(([name]) => name));
    for (const row of cells) {
      line(row.map(([, value]) => value));
    }
  }
}
