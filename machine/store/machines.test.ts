import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadMachine, machineFolderExists, machineNames } from "./machines.ts";

let store: string;

beforeEach(async () => {
  store = await mkdtemp(join(tmpdir(), "machines-"));
});
afterEach(() => rm(store, { recursive: true }));

test("a store that isn't there yet has no machines", async () => {
  expect(await machineNames(join(store, "absent"))).toEqual([]);
});

test("machines are in a person's order, without files and unfinished ones", async () => {
  for (const name of ["box10", "box2", "alpha", ".creating-box3"]) {
    await mkdir(join(store, "machines", name), { recursive: true });
  }
  await writeFile(join(store, "machines", "note"), "");
  expect(await machineNames(store)).toEqual(["alpha", "box2", "box10"]);
});

test("a machine without a config.json does not exist, though its folder does", async () => {
  await mkdir(join(store, "machines", "box"), { recursive: true });
  await expect(loadMachine(store, "box")).rejects.toThrow('"box" does not exist');
  expect(await machineFolderExists(store, "box")).toBe(true);
  expect(await machineFolderExists(store, "other")).toBe(false);
});

test("a name with a path in it is refused before anything is read", async () => {
  await expect(loadMachine(store, "../box")).rejects.toThrow("Invalid hostname");
});
