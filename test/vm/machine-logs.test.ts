import { existsSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connectQmp } from "../../machine/driver/qemu/qmp.ts";
import { type IdleQemu, idleQemu } from "./harness/idle-qemu.ts";

const timeoutMs = 60_000;
/** What the first serial port of a PC sends. */
const serialPort = 0x3f8;

let folder: string;
let qemu: IdleQemu;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "b2p-logs-"));
  qemu = await idleQemu(folder);
});
afterEach(() => qemu.dispose());

test.skipIf(process.arch !== "x64")(
  "what QEMU's serial port sends is in the log while it runs, and its end ends the logs",
  async () => {
    const { files } = qemu;
    const qtest = path.join(folder, "qtest");
    const after = ["-qtest", `unix:${qtest},server=on,wait=off`];
    expect(await qemu.start({ after })).toMatchObject({ kind: "up" });
    expect(await readFile(files.messagesLog, "utf8")).not.toMatch(/fdset/);
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
    const left = () =>
      [files.consolePipe, files.bootPipe, files.messagesPipe].filter((pipe) => existsSync(pipe));
    await expect.poll(left, { timeout: timeoutMs }).toEqual([]);
    expect(await readFile(files.bootLog, "utf8")).toBe("");
  },
);
