import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node-pty";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { filesIn, machineFolder } from "../store/machine-files.ts";
import { harmless } from "./console.ts";
import { runCommandLine } from "./program.ts";
import { makeTestCaller } from "./terminal.testing.ts";

const program = join(import.meta.dirname, "../podman-machine");

let store: string;
let guest: Server;
let typed: string;

beforeEach(async () => {
  store = await mkdtemp(join(tmpdir(), "console-"));
  const files = filesIn(machineFolder(store, "box"));
  await mkdir(files.folder, { recursive: true });
  const driver = { SSHPort: 40_000, Memory: 256, DiskSize: 256, CPU: 1 };
  const config = { ConfigVersion: 3, Driver: driver, DriverName: "qemu", Name: "box" };
  await writeFile(files.config, JSON.stringify(config));
  await writeFile(files.consoleLog, "what was printed\n");
  await writeFile(files.bootLog, "stage root ok 3\n");
  typed = "";
  guest = createServer((socket) => {
    socket.write("box login: ");
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      typed += data;
      socket.write(data);
    });
  });
  await new Promise<void>((resolve) => guest.listen(files.consoleSocket, resolve));
});
afterEach(async () => {
  guest.close();
  await rm(store, { recursive: true });
});

test("console joins the terminal with the guest until Ctrl-]", async () => {
  const terminal = spawn(program, ["-s", store, "console", "box"], { cols: 80, rows: 24 });
  let shown = "";
  const ended = new Promise<number>((resolve) => {
    terminal.onExit(({ exitCode }) => resolve(exitCode));
  });
  terminal.onData((data) => {
    if (data.includes("login:") && !shown.includes("login:")) {
      // ^C is the guest's, as everything is but ^].
      terminal.write("root\u0003");
    }
    shown += data;
  });
  await vi.waitFor(() => expect(typed).toContain("root\u0003"), { timeout: 60_000 });
  await vi.waitFor(() => expect(shown).toContain("root"), { timeout: 60_000 });
  terminal.write("\u001d");
  expect(await ended).toBe(0);
  expect(shown).toContain('The console of "box". Ctrl-] leaves it.');
  expect(typed).toBe("\rroot\u0003");
});

test.each([
  [["logs"], "what was printed\n"],
  [["logs", "--boot"], "stage root ok 3\n"],
])("%j prints what was kept", async (words, text) => {
  const caller = makeTestCaller(store);
  expect(await runCommandLine(words, caller)).toBe(0);
  expect(caller.printed).toEqual([text]);
});

test("a console that isn't there, and logs of no start, are told", async () => {
  await new Promise((resolve) => guest.close(resolve));
  for (const [words, message] of [
    [["console"], 'The console of "box" can\'t be reached: is it running?'],
    [["logs", "--previous"], '"box" has printed nothing yet'],
  ] as const) {
    const caller = makeTestCaller(store);
    expect(await runCommandLine(words, caller)).toBe(1);
    expect(caller.errors.at(-1)).toContain(message);
  }
});

test.each([
  ["a title and an answer as if typed", "a\u001b]0;title\u0007b\u001b[6nc", "abc"],
  ["a sequence that is cut in two", "end\u001b", "end"],
  ["C1 controls, bells, backspaces", "x\u0085\u0007\u0008y\u007f", "xy"],
  ["lines, tabs and letters stay", "ä\tb\r\nc\n", "ä\tb\r\nc\n"],
])("what a guest prints does nothing to a terminal: %s", (_, printed, shown) => {
  expect(harmless(printed)).toBe(shown);
});
