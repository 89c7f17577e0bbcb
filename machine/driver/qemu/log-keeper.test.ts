import { closeSync, existsSync, writeSync } from "node:fs";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runProgram } from "../../program/run.ts";
import { keepLog } from "./log-keeper.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "b2p-log-"));
});
// A keeper that lives a moment longer may write into the folder while it is removed.
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));

const paths = () => ({ pipe: join(folder, "pipe"), log: join(folder, "a $(b) log") });
/** Until all that was written lies in the log. */
const ended = () => expect.poll(() => existsSync(paths().pipe), { timeout: 60_000 }).toBe(false);

test("what is printed is in the log at once, while the pipe stays open", async () => {
  const { pipe, log } = paths();
  const end = await keepLog({ pipe, log, earlier: "", maxBytes: 4096 });
  expect(await readFile(log, "utf8")).toBe("");
  writeSync(end, "first line");
  await expect.poll(() => readFile(log, "utf8")).toBe("first line");
  expect((await stat(log)).mode & 0o777).toBe(0o600);
  closeSync(end);
  await ended();
});

test("of a guest that prints without end, two files of the limit stay, with the last of it", async () => {
  const { pipe, log } = paths();
  const earlier = join(folder, "earlier");
  const end = await keepLog({ pipe, log, earlier, maxBytes: 64 * 1024 });
  for (let count = 0; count < 20_000; count += 1) {
    writeSync(end, `line ${String(count).padStart(25, "0")}\n`);
  }
  closeSync(end);
  await ended();
  expect((await stat(earlier)).size).toBeLessThanOrEqual(64 * 1024);
  expect((await stat(log)).size).toBeLessThanOrEqual(64 * 1024);
  // Nothing is lost where one ends and the other begins.
  const kept = (await readFile(earlier, "utf8")) + (await readFile(log, "utf8"));
  const numbers = kept
    .split("\n")
    .slice(1, -1)
    .map((line) => Number(line.slice(5)));
  expect(numbers.at(-1)).toBe(19_999);
  expect(numbers.length).toBeGreaterThan(1000);
  expect(numbers).toEqual(numbers.map((_, index) => 20_000 - numbers.length + index));
});

test("of one without a second file the beginning stays, and nobody waits for the rest", async () => {
  const { pipe, log } = paths();
  const end = await keepLog({ pipe, log, earlier: "", maxBytes: 8192 });
  writeSync(end, "stage one ok 1\n");
  for (let count = 0; count < 5000; count += 1) {
    writeSync(end, "x".repeat(100));
  }
  closeSync(end);
  await ended();
  expect((await readFile(log, "utf8")).startsWith("stage one ok 1\nxxx")).toBe(true);
  expect((await stat(log)).size).toBeLessThanOrEqual(8192);
});

test("a folder that is removed meanwhile ends nothing but the log", async () => {
  const { pipe, log } = paths();
  const end = await keepLog({ pipe, log, earlier: join(folder, "earlier"), maxBytes: 8192 });
  await rm(folder, { recursive: true, maxRetries: 10 });
  for (let count = 0; count < 5000; count += 1) {
    writeSync(end, "x".repeat(100));
  }
  closeSync(end);
  expect(existsSync(folder)).toBe(false);
});

test("the next start's log waits for the end of the last one's, and keeps its pipe", async () => {
  const { pipe, log } = paths();
  const plan = { pipe, log, earlier: "", maxBytes: 64 * 1024 };
  const last = await keepLog(plan);
  let isMade = false;
  const next = keepLog(plan).finally(() => {
    isMade = true;
  });
  writeSync(last, "last words\n");
  await expect.poll(() => readFile(log, "utf8")).toBe("last words\n");
  expect(isMade).toBe(false);
  closeSync(last);
  const end = await next;
  writeSync(end, "first words\n");
  await expect.poll(() => readFile(log, "utf8")).toBe("last words\nfirst words\n");
  expect(existsSync(pipe)).toBe(true);
  closeSync(end);
  await ended();
});

test("a pipe that a crash of the host left is replaced at once", async () => {
  const { pipe, log } = paths();
  await runProgram("mkfifo", [pipe], { timeoutMs: 60_000 });
  const end = await keepLog({ pipe, log, earlier: "", maxBytes: 4096 });
  writeSync(end, "words");
  await expect.poll(() => readFile(log, "utf8")).toBe("words");
  closeSync(end);
  await ended();
});
