import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runProgram } from "../program/run.ts";
import { takeLock, withLock } from "./lock.ts";

let store: string;

beforeEach(async () => {
  store = await mkdtemp(join(tmpdir(), "lock-"));
});
afterEach(() => rm(store, { recursive: true }));

/** Longer than any wait that comes to its end. */
const patienceMs = 60_000;

function options(timeoutMs: number, onWait?: (holder: string) => void) {
  return { store, name: "box", command: "start box", timeoutMs, ...(onWait ? { onWait } : {}) };
}

test("a lock that is held is refused after the deadline, with who holds it", async () => {
  const lock = await takeLock(options(patienceMs));
  const waited: string[] = [];
  await expect(takeLock(options(100, (holder) => waited.push(holder)))).rejects.toThrow(
    `"box" is busy: "podman-machine start box" (process ${process.pid})`,
  );
  expect(waited).toEqual([`"podman-machine start box" (process ${process.pid})`]);
  await lock.release();
});

test("a lock that is released goes to the one who waits", async () => {
  const order: string[] = [];
  const first = await takeLock(options(patienceMs));
  const second = takeLock(options(patienceMs)).then((lock) => {
    order.push("second");
    return lock;
  });
  order.push("released");
  await first.release();
  await (await second).release();
  expect(order).toEqual(["released", "second"]);
});

test("locks of different machines don't wait for one another", async () => {
  const first = await takeLock(options(patienceMs));
  const other = await takeLock({ ...options(patienceMs), name: "other" });
  await other.release();
  await first.release();
});

test("only one at a time does the locked work", async () => {
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setTimeout(resolve, 5));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock(options(patienceMs), work)));
  expect(most).toBe(1);
});

test("work that throws gives the lock back", async () => {
  const failing = withLock(options(patienceMs), () => Promise.reject(new Error("no")));
  await expect(failing).rejects.toThrow("no");
  await (await takeLock(options(patienceMs))).release();
});

test("a holder that is killed leaves no lock behind", async () => {
  const script = `import { takeLock } from ${JSON.stringify(join(import.meta.dirname, "lock.ts"))};
    await takeLock(${JSON.stringify(options(patienceMs))});
    console.log("held");
    await new Promise(() => setInterval(() => undefined, 1000));`;
  const holder = spawn("bun", ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  await expect(takeLock(options(100))).rejects.toThrow("is busy");
  holder.kill("SIGKILL");
  await (await takeLock(options(patienceMs))).release();
});

test.runIf(process.getuid?.() === 0)("a lock is taken on a full disk", async () => {
  const mount = (...words: string[]) => runProgram("mount", words, { timeoutMs: patienceMs });
  await mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", store);
  try {
    const lock = await takeLock(options(patienceMs));
    await lock.release();
    await writeFile(join(store, "locks/box"), "");
    await expect(writeFile(join(store, "filler"), Buffer.alloc(2 ** 20))).rejects.toThrow("ENOSPC");
    const again = await takeLock(options(patienceMs));
    await expect(takeLock(options(100))).rejects.toThrow('"box" is busy: another command');
    await again.release();
  } finally {
    await runProgram("umount", [store], { timeoutMs: patienceMs });
  }
});
