import { oneLine } from "../command/one-line.ts";
import { findStateMount } from "../kernel/state-folder.ts";
import { listKept, readOnboot, textOf } from "./library.ts";
import { readLoaded } from "./loaded.ts";
import { type Bringer, checkSum } from "./mirror.ts";
import { namesOf } from "./names.ts";

/** An extension that is here, or in /usr. */
export interface Row {
  name: string;
  version: string;
  sizeBytes: number;
  isLoaded: boolean;
  isOnboot: boolean;
  path: string;
  needs: readonly string[];
  notes: readonly string[];
}

/** All of them, by name. */
export function listRows({ kernel }: Bringer): Row[] {
  const loaded = readLoaded(kernel);
  const onboot = readOnboot(kernel).names;
  const kept = listKept(kernel);
  const names = [...new Set([...kept.keys(), ...loaded.map(({ name }) => name)])].sort();
  return names.map((name) => {
    const here = kept.get(name);
    const used = loaded.find((one) => one.name === name);
    return {
      name,
      version: used?.version || here?.version || "",
      sizeBytes: here?.sizeBytes ?? 0,
      isLoaded: used !== undefined,
      isOnboot: onboot.includes(name),
      path: here?.path ?? used?.path ?? "",
      needs: here?.needs ?? used?.needs ?? [],
      notes: used?.notes ?? [],
    };
  });
}

/** For people. */
export function tableOf(rows: readonly Row[]): string {
  const cells = [
    ["NAME", "VERSION", "SIZE", "LOADED", "AT BOOT"],
    ...rows.map((row) => [
      row.name,
      row.version,
      `${(row.sizeBytes / 1e6).toFixed(1)} MB`,
      row.isLoaded ? "yes" : "no",
      row.isOnboot ? "yes" : "no",
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** One of them, and what is wrong with its file. */
export type Info = Row & { info: string; problem: string | undefined };

/** Throws when none of that name is here. */
export async function infoOf(bringer: Bringer, word: string): Promise<Info> {
  const { kernel } = bringer;
  const [name = ""] = namesOf([word]);
  const row = listRows(bringer).find((one) => one.name === name);
  if (row === undefined) {
    throw new Error(`${name} not found here; boot2podman extension ls shows what is`);
  }
  const sum = textOf(kernel, `${row.path}.sha256`)?.slice(0, 64);
  let problem = findStateMount(kernel.mounts()) === undefined ? "there is no data disk" : undefined;
  try {
    if (sum !== undefined) {
      await checkSum(kernel, row.path, sum);
      problem = undefined;
    }
  } catch (error) {
    problem = oneLine(error);
  }
  return { ...row, info: textOf(kernel, `${row.path}.info`) ?? "", problem };
}

/** For people. */
export function infoText(info: Info): string {
  const lines = [
    tableOf([info]),
    info.path,
    ...(info.needs.length === 0 ? [] : [`needs ${info.needs.join(", ")}`]),
    ...info.notes,
    info.info.trimEnd(),
    info.problem ?? "as it was brought here",
  ];
  return lines.filter((line) => line !== "").join("\n");
}
