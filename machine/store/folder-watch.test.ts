import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitInFolder } from "./folder-watch.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "watch-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const isThere = async () => (existsSync(join(folder, "file")) ? "there" : undefined);

test("what is there already is seen at once", async () => {
  await writeFile(join(folder, "file"), "");
  expect(await waitInFolder(folder, isThere, 60_000)).toBe("there");
});

test("a change is seen by its event, without looking from time to time", async () => {
  const waiting = waitInFolder(folder, isThere, 60_000, 100_000);
  setTimeout(() => void writeFile(join(folder, "file"), ""), 30);
  expect(await waiting).toBe("there");
});

test("what leaves no trace in the folder is seen by looking again", async () => {
  let ended = false;
  const waiting = waitInFolder(folder, async () => (ended ? "ended" : undefined), 60_000);
  ended = true;
  expect(await waiting).toBe("ended");
});

test("when the time is over there is nothing", async () => {
  expect(await waitInFolder(folder, isThere, 50)).toBeUndefined();
});

test("a look that throws ends the wait", async () => {
  const look = () => Promise.reject(new Error("broken"));
  await expect(waitInFolder(folder, look, 60_000)).rejects.toThrow("broken");
});

test("looks don't overlap", async () => {
  let inside = 0;
  let most = 0;
  const look = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inside -= 1;
    return undefined;
  };
  const waiting = waitInFolder(folder, look, 300);
  for (let index = 0; index < 10; index += 1) {
    await writeFile(join(folder, `file${index}`), "");
  }
  await waiting;
  expect(most).toBe(1);
});
