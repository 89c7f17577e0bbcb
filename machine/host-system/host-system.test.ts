import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { HostSystem } from "./contract.ts";
import { darwin, parsePs } from "./darwin.ts";
import { linux } from "./linux.ts";

let folder: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "b2p-host-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
  }
  await rm(folder, { recursive: true });
});

/** Starts what takes a lock; resolves to "held", or to its exit status. */
function take(system: HostSystem, path: string, seconds: number) {
  const [program = "", ...words] = system.lockWords(path, seconds);
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  child.stdin.on("error", () => undefined);
  child.stdin.write("x\n");
  const outcome = new Promise<"held" | number | null>((resolve) => {
    child.stdout.once("data", () => resolve("held"));
    child.once("exit", resolve);
  });
  return { child, outcome };
}

// What macOS has is here too: perl, and a ps with the same options.
describe.each([
  ["Linux", linux],
  ["macOS", darwin],
])("%s", (_, system) => {
  test("a lock is held by one until its input ends", async () => {
    const path = join(folder, "lock");
    const first = take(system, path, 0);
    expect(await first.outcome).toBe("held");
    expect(await take(system, path, 0).outcome).toBe(75);
    const waiting = take(system, path, 600);
    first.child.stdin.end();
    expect(await waiting.outcome).toBe("held");
  });

  test("waiting for a lock ends", async () => {
    const path = join(folder, "lock");
    expect(await take(system, path, 0).outcome).toBe("held");
    expect(await take(system, path, 1).outcome).toBe(75);
  });

  test("a process is known by its start and its arguments, however long they are", async () => {
    const long = "a".repeat(3000);
    const child = spawn("sh", ["-c", "read x; true", long], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    children.push(child);
    const { pid = 0 } = child;
    await new Promise((resolve) => child.once("spawn", resolve));
    const found = await system.readProcess(pid);
    expect(found?.commandLine).toContain(long);
    expect(await system.readProcess(pid)).toEqual(found);
    expect(await system.allPids()).toContain(pid);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.stdin?.end("\n");
    await ended;
    expect(await system.readProcess(pid)).toBeUndefined();
  });
});

test.each([
  [
    "Ss   Mon Nov 30 11:04:21 2026     /opt/homebrew/bin/qemu-system-aarch64 -name box -pidfile /Users/a b/qemu.pid\n",
    {
      startTime: "Mon Nov 30 11:04:21 2026",
      commandLine: "/opt/homebrew/bin/qemu-system-aarch64 -name box -pidfile /Users/a b/qemu.pid",
    },
  ],
  ["Z    Mon Nov  3 01:04:21 2026     (qemu-system-aarch64)\n", undefined],
  ["", undefined],
])("macOS's ps is read: %j", (text, found) => {
  expect(parsePs(text)).toEqual(found);
});
