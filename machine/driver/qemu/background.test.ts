import { existsSync } from "node:fs";
import { chmod, mkdtemp, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { filesIn, type MachineFiles } from "../../store/machine-files.ts";
import { type Outcome, runInBackground } from "./background.ts";
import { keepLogs } from "./log-keeper.ts";
import { findByPidFile, readProcess } from "./process.ts";

const timeoutMs = 60_000;

let folder: string;
let files: MachineFiles;
let program: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "b2p-back-"));
  files = filesIn(folder);
  program = join(folder, "qemu");
});
afterEach(async () => {
  const pid = await findByPidFile(files.pid);
  if (pid !== undefined) {
    process.kill(pid, "SIGKILL");
  }
  await rm(folder, { recursive: true, maxRetries: 10 });
});

/** Runs a script in QEMU's place, with the words that name the machine's files. */
async function runScript(script: string, limitMs = timeoutMs): Promise<Outcome> {
  await writeFile(program, script);
  await chmod(program, 0o755);
  const words = [program, "-qmp", `unix:${files.monitor}`, "-pidfile", files.pid];
  return runInBackground(files, words, await keepLogs(files), limitMs);
}

/** What serves a monitor; `answer(socket)` is called when it was asked to leave its negotiation mode. */
const monitor = (answer: string, atStart = "") => `#!${process.execPath}
const { existsSync, watch, writeFileSync } = require("node:fs");
const { createServer } = require("node:net");
const files = ${JSON.stringify(files)};
const ok = (socket) => socket.write('{"return": {}, "id": "1"}\\n');
const answer = (socket) => { ${answer} };
writeFileSync(files.pid, process.pid + "\\n");
createServer((socket) => {
  socket.on("error", () => undefined);
  socket.write('{"QMP": {"version": {}, "capabilities": []}}\\n');
  socket.once("data", () => answer(socket));
}).listen(files.monitor);
${atStart}
`;

test("what is up is a daemon: a session and the root folder of its own, nothing to read, a log", async () => {
  const outcome = await runScript(monitor("ok(socket)"));
  expect(outcome.kind).toBe("up");
  const pid = outcome.kind === "up" ? outcome.pid : 0;
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
  // proc_pid_stat(5): state, parent, group, session, terminal.
  expect(fields.slice(2, 5)).toEqual([String(pid), String(pid), "0"]);
  const link = (name: string) => readlink(`/proc/${pid}/${name}`);
  expect(await link("cwd")).toBe("/");
  expect(await Promise.all(["fd/0", "fd/1", "fd/2", "fd/3", "fd/4"].map(link))).toEqual([
    ...["/dev/null", "/dev/null"],
    ...[files.messagesPipe, files.consolePipe, files.bootPipe],
  ]);
  expect((await stat(files.messagesLog)).mode & 0o777).toBe(0o600);
});

test("a greeting alone is not up: a command has to be carried out", async () => {
  const go = join(folder, "go");
  const asked = join(folder, "asked");
  const answer = `
    writeFileSync("${asked}", "");
    const look = () => existsSync("${go}") && ok(socket);
    watch("${folder}", look);
    look();`;
  let isOver = false;
  const started = runScript(monitor(answer)).finally(() => {
    isOver = true;
  });
  await expect.poll(() => existsSync(asked), { timeout: timeoutMs }).toBe(true);
  expect(isOver).toBe(false);
  await writeFile(go, "");
  expect((await started).kind).toBe("up");
});

test.each([
  ["at once", '#!/bin/sh\necho "of no interest"\necho why >&2\nexit 1', undefined],
  ["with nothing wrong", "#!/bin/sh\necho why >&2", undefined],
  ["by a signal", "#!/bin/sh\necho why >&2\nkill -SYS $$", "SIGSYS"],
])("a QEMU that ends %s is told with what it said", async (_, script, signal) => {
  expect(await runScript(script)).toEqual({ kind: "ended", signal, said: "why\n" });
  expect(existsSync(files.messagesPipe)).toBe(false);
});

test("a QEMU that ends while its monitor is asked is told with what it said", async () => {
  const ends = 'console.error("why"); process.exit(1)';
  expect(await runScript(monitor(ends))).toEqual({
    kind: "ended",
    signal: undefined,
    said: "why\n",
  });
});

test("one that says more than a pipe and a log hold neither waits nor fills the disk", async () => {
  const outcome = await runScript("#!/bin/sh\nhead -c 4000000 /dev/zero | tr '\\0' x >&2\nexit 1");
  expect(outcome.kind).toBe("ended");
  expect((await stat(files.messagesLog)).size).toBeLessThanOrEqual(256 * 1024);
});

test("one that goes on complaining when nobody listens any more goes on running", async () => {
  const complains = 'setInterval(() => console.error("x".repeat(100_000)), 1)';
  const outcome = await runScript(monitor("ok(socket)", complains));
  const size = async () => (await stat(files.messagesLog)).size;
  await expect.poll(size, { timeout: timeoutMs }).toBeGreaterThan(100_000);
  expect(outcome.kind === "up" && (await readProcess(outcome.pid))).toBeTruthy();
});

test("one that does nothing is late, and is killed", async () => {
  expect(await runScript("#!/bin/sh\nexec sleep 1000", 300)).toEqual({ kind: "late" });
  await expect.poll(() => findByPidFile(files.pid), { timeout: timeoutMs }).toBeUndefined();
});

test("one whose monitor speaks another protocol is told, and is killed", async () => {
  const started = runScript(monitor('socket.write("what?\\n")'));
  await expect(started).rejects.toThrow("QEMU's monitor sent what isn't JSON: what?");
  await expect.poll(() => findByPidFile(files.pid), { timeout: timeoutMs }).toBeUndefined();
});

test("a program that isn't there is told as such", async () => {
  const words = ["/nonexistent/qemu", "-pidfile", files.pid];
  const started = runInBackground(files, words, await keepLogs(files), timeoutMs);
  await expect(started).rejects.toThrow("/nonexistent/qemu is not installed");
});
