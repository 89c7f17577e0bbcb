import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type LaunchPlan, qemuArguments } from "../../machine/driver/qemu/arguments.ts";
import { keepLogs } from "../../machine/driver/qemu/log-keeper.ts";
import { connectQmp } from "../../machine/driver/qemu/qmp.ts";
import { runProgram } from "../../machine/program/run.ts";
import { filesIn, type MachineFiles } from "../../machine/store/machine-files.ts";

const timeoutMs = 60_000;
/** What the first serial port of a PC sends. */
const serialPort = 0x3f8;

let folder: string;
let files: MachineFiles;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "b2p-logs-"));
  files = filesIn(path.join(folder, "box"));
  await mkdir(files.folder);
  await runProgram("qemu-img", ["create", "-q", "-f", "qcow2", files.disk, "1M"], { timeoutMs });
  await writeFile(path.join(folder, "empty.iso"), Buffer.alloc(1 << 20));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function plan(): LaunchPlan {
  return {
    name: "box",
    files,
    machineType: "q35",
    accelerator: "tcg",
    emulatedCpu: "max",
    threads: "single",
    memoryMib: 64,
    cpus: 1,
    network: { kind: "user", isRestricted: true, sshPort: 0, publish: [] },
    disk: { path: files.disk, cacheMode: "default", ioMode: "threads" },
    shares: [],
    display: undefined,
    boot: { kind: "iso", iso: path.join(folder, "empty.iso"), cdDevice: "ide-cd" },
    sandbox: ["-sandbox", "on,obsolete=deny,resourcecontrol=deny"],
  };
}

test.skipIf(process.arch !== "x64")(
  "what QEMU's serial port sends is in the log while it runs, and its end ends the logs",
  async () => {
    const qtest = path.join(folder, "qtest");
    const words = [...qemuArguments(plan()), "-S", "-qtest", `unix:${qtest},server=on,wait=off`];
    const logs = await keepLogs(files);
    const started = await runProgram("qemu-system-x86_64", words, {
      timeoutMs,
      descriptors: [logs.console, logs.boot],
    });
    logs.close();
    expect(started).toMatchObject({ exitCode: 0, stderr: expect.not.stringMatching(/fdset/) });
    const guest = connect(qtest);
    guest.resume();
    for (const byte of Buffer.from("panic!\n")) {
      guest.write(`outb ${serialPort} ${byte}\n`);
    }
    const log = () => readFile(files.consoleLog, "utf8");
    await expect.poll(log, { timeout: timeoutMs }).toBe("panic!\n");
    expect(existsSync(files.consolePipe)).toBe(true);
    const monitor = await connectQmp(files.monitor, timeoutMs);
    await monitor.execute("quit").catch(() => undefined);
    monitor.close();
    guest.destroy();
    const left = () => existsSync(files.consolePipe) || existsSync(files.bootPipe);
    await expect.poll(left, { timeout: timeoutMs }).toBe(false);
    expect(await readFile(files.bootLog, "utf8")).toBe("");
  },
);
