import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseStat } from "../../host-system/linux.ts";
import { filesIn, type MachineFiles } from "../../store/machine-files.ts";
import {
  findByPidFile,
  isMachineProcess,
  machinePid,
  type ProcessRecord,
  readProcess,
} from "./process.ts";

const record: ProcessRecord = {
  pid: 7,
  startTime: "100",
  accelerator: "tcg",
  imageId: "i",
  imageVersion: "1",
};
const ours = { startTime: "100", commandLine: "qemu -pidfile /m/qemu.pid" };

test.each([
  ["the recorded process", ours, 7, record, true],
  ["a process of which nothing was recorded", ours, 7, undefined, true],
  ["a newer process than the record's", ours, 8, record, true],
  ["no process", undefined, 7, record, false],
  ["another program with the pid", { ...ours, commandLine: "vi qemu.pid" }, 7, undefined, false],
  ["another start with the pid", { ...ours, startTime: "200" }, 7, record, false],
  ["another machine", { ...ours, commandLine: "qemu -pidfile /n/qemu.pid" }, 7, undefined, false],
])("%s is believed or not", (_, found, pid, written, expected) => {
  expect(isMachineProcess(found, pid, "/m/qemu.pid", written)).toBe(expected);
});

const stat = (state: string) =>
  `7 (a) b) ${state} 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 1 1 18446744073709551615`;

test("a process name with a parenthesis doesn't shift the fields", () => {
  expect(parseStat(stat("S"), "qemu\0-m\x001024\0")).toEqual({
    startTime: "4711",
    commandLine: "qemu -m 1024",
  });
});

test.each(["Z", "X"])("a process in the state %s has ended", (state) => {
  expect(parseStat(stat(state), "")).toBeUndefined();
});

test("this process is found, and one that can't be isn't", async () => {
  expect((await readProcess(process.pid))?.startTime).toMatch(/^\d+$/);
  expect(await readProcess(2 ** 22 + 1)).toBeUndefined();
});

let folder: string;
let files: MachineFiles;
let child: ChildProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "process-"));
  files = filesIn(folder);
});
afterEach(async () => {
  child?.kill("SIGKILL");
  child = undefined;
  await rm(folder, { recursive: true });
});

async function runAs(args: string[]): Promise<number> {
  child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", "--", ...args]);
  await once(child, "spawn");
  return child.pid ?? 0;
}

test("the pid of a machine's process is found", async () => {
  const pid = await runAs(["-pidfile", files.pid]);
  await writeFile(files.pid, `${pid}\n`);
  expect(await machinePid(files)).toBe(pid);
});

test("the pid of another process is not believed", async () => {
  const pid = await runAs(["-pidfile", "/elsewhere/qemu.pid"]);
  await writeFile(files.pid, `${pid}\n`);
  expect(await machinePid(files)).toBeUndefined();
});

test("a process that has not written its pid file yet is found by its arguments", async () => {
  expect(await findByPidFile(files.pid)).toBeUndefined();
  const pid = await runAs(["-pidfile", files.pid]);
  expect(await findByPidFile(files.pid)).toBe(pid);
  expect(await findByPidFile("/elsewhere/qemu.pid")).toBeUndefined();
});

test.each(["", "no number", "-1", "0"])("a pid file with %j is no pid", async (text) => {
  await writeFile(files.pid, text);
  expect(await machinePid(files)).toBeUndefined();
});

test("a damaged record is as none", async () => {
  const pid = await runAs(["-pidfile", files.pid]);
  await writeFile(files.pid, String(pid));
  await writeFile(files.process, "{");
  expect(await machinePid(files)).toBe(pid);
});

test("a process that has ended is not there", async () => {
  const pid = await runAs(["-pidfile", files.pid]);
  await writeFile(files.pid, String(pid));
  child?.kill("SIGKILL");
  if (child !== undefined) {
    await once(child, "exit");
  }
  expect(await machinePid(files)).toBeUndefined();
});
