import { mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runAfterHolders } from "./afterwards.ts";

const usualPath = process.env.PATH;
let place: string;
let folder: string;
/** Written by the program that runs afterwards. */
let trace: string;

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "b2p-afterwards-"));
  folder = join(place, "machine");
  trace = join(place, "trace");
  await mkdir(folder);
});
afterEach(async () => {
  process.env.PATH = usualPath;
  await rm(place, { recursive: true, maxRetries: 10 });
});

/** A shell that does nothing before a file "go" is there, and notes when it is over. */
async function laySlowShell(): Promise<void> {
  const script = '#!/bin/sh\nuntil [ -e "$0.go" ]; do sleep 0.05; done\n/bin/sh "$@"\n>"$0.over"\n';
  await writeFile(join(place, "sh"), script, { mode: 0o755 });
  process.env.PATH = `${place}:${usualPath}`;
}
const letItGoOn = () => writeFile(join(place, "sh.go"), "");
const untilThere = (path: string) => vi.waitFor(() => stat(path), { timeout: 60_000 });

test("a program runs after the last holder, also when what waits for it comes later than that", async () => {
  await laySlowShell();
  const { close } = await runAfterHolders(folder, ["touch", trace]);
  close();
  await letItGoOn();
  await untilThere(trace);
});

test("it does not run for another folder of that name", async () => {
  await laySlowShell();
  const { close } = await runAfterHolders(folder, ["touch", trace]);
  await rename(folder, join(place, "removed"));
  await mkdir(folder);
  await letItGoOn();
  close();
  await untilThere(join(place, "sh.over"));
  await expect(stat(trace)).rejects.toThrow("ENOENT");
});
