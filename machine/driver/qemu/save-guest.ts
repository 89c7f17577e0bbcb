import { randomBytes } from "node:crypto";
import { createWriteStream, existsSync } from "node:fs";
import { chmod, open, readdir, readlink, rename, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import * as z from "zod";
import { linkBases, linkFile, makeOverlay } from "../../disk/overlay.ts";
import { MachineError } from "../../error/machine-error.ts";
import { lastLine, runProgram } from "../../program/run.ts";
import { waitForBanner } from "../../ssh/banner.ts";
import { captureSsh } from "../../ssh/session.ts";
import { sshTarget } from "../../ssh/target.ts";
import { isUserNetwork } from "../../store/driver-config.ts";
import type { MachineFiles } from "../../store/machine-files.ts";
import type { Machine } from "../../store/machines.ts";
import type { TemplateFiles } from "../../store/templates.ts";
import type { Report, SavedGuest } from "../contract/driver.ts";
import { balloonSlot } from "./arguments.ts";
import { readBootLog } from "./boot-log.ts";
import { type ControlPort, openControlPort } from "./control-port.ts";
import { type Held, readHeld, removeHeld, writeHeld } from "./held.ts";
import { nowSeconds } from "./identity.ts";
import { machinePid, readRecord } from "./process.ts";
import { connectQmp, type QmpConnection } from "./qmp.ts";

const quiesceCommand = "/usr/lib/boot2podman/quiesce";
const loginTimeoutMs = 60_000;
/** What its programs have written has to come to the disk. */
const quietTimeoutMs = 120_000;
const sameTimeoutMs = 60_000;
const monitorTimeoutMs = 60_000;
const copyTimeoutMs = 600_000;

/**
 * Saves a guest that runs: it is told to answer nobody, is stopped, its devices and memory are written, its disk is
 * left as it is and goes on in a file laid over it; then it goes on. Whatever fails, it goes on.
 *
 * @param into a folder that becomes the template's when all went well.
 */
export async function saveGuest(
  machine: Machine<"qemu">,
  into: TemplateFiles,
  report: Report,
): Promise<SavedGuest> {
  const { hardware, imageId, imageVersion, pid } = await checkSavable(machine);
  const { files } = machine;
  const id = randomBytes(4).toString("hex");
  const mark = { Kind: "save", Base: `base-${id}.qcow2`, Node: `data-${id}` } as const;
  const control = await openControlPort(files.controlSocket);
  try {
    await writeHeld(files, mark);
    report.line(`Saving "${machine.name}"...`);
    await quiesce(machine, control);
    const monitor = await connectQmp(files.monitor, monitorTimeoutMs);
    let stoppedMs: number;
    try {
      await refusePlugged(machine, monitor);
      await takeBalloonOff(monitor);
      await monitor.execute("stop");
      const startedMs = performance.now();
      await layOverlay(files, monitor, mark);
      await writeState(monitor, join(files.folder, "state.socket"), into.state);
      await copyMemory(pid, into.memory);
      stoppedMs = performance.now() - startedMs;
    } finally {
      monitor.close();
    }
    await goOnAsSame(machine, control);
    await linkBases(files.folder, into.folder);
    await chmod(into.state, 0o600);
    await chmod(into.memory, 0o600);
    await syncFile(into.state);
    await syncFile(into.memory);
    await syncFile(join(into.folder, mark.Base));
    const hostKeys = (await readBootLog(files.bootLog)).hostKeys;
    return { base: mark.Base, hardware, imageId, imageVersion, hostKeys, stoppedMs };
  } catch (error) {
    await goOnAsSame(machine, control).catch((also: unknown) => {
      report.warn(
        `"${machine.name}" is still held (${also instanceof Error ? also.message : also}): "podman-machine start ${machine.name}" lets it go on.`,
      );
    });
    throw error;
  } finally {
    control.close();
  }
}

/** Lets a guest go on whose save was interrupted, at whatever step that was. */
export async function endSave(machine: Machine<"qemu">): Promise<void> {
  const control = await openControlPort(machine.files.controlSocket);
  try {
    await goOnAsSame(machine, control);
  } finally {
    control.close();
  }
}

/** What can't be saved is told before anything is done. */
async function checkSavable(machine: Machine<"qemu">) {
  const { name, files, config } = machine;
  const cannot = (why: string) => new MachineError(`"${name}" can't be saved: ${why}.`);
  const { Network, Shares } = config.Driver;
  if (!isUserNetwork(Network)) {
    throw cannot(`on a network of the kind "${Network}" two guests would have one address`);
  }
  if (Shares.length > 0) {
    throw cannot(
      `it shares ${Shares.map(({ HostFolder }) => HostFolder).join(", ")}, and QEMU moves no guest that has files of its host open (9p, virtiofs). Without shares it can be: podman-machine set --no-volumes ${name}`,
    );
  }
  const written = await readRecord(files);
  const pid = await machinePid(files);
  if (pid === undefined || written?.hardware === undefined) {
    throw cannot(
      "its memory is not in a file that can be copied, as of a fork, of a machine that boots the ISO, of one that an earlier podman-machine started, or for another processor than amd64. Where it can be, it is so after podman-machine restart",
    );
  }
  return { ...written, hardware: written.hardware, pid };
}

async function quiesce(machine: Machine<"qemu">, control: ControlPort): Promise<void> {
  const target = sshTarget(machine, "root");
  const { exitCode, stderr } = await captureSsh(target, [quiesceCommand], loginTimeoutMs);
  if (exitCode !== 0) {
    const found = /not found|No such file/.test(stderr)
      ? `its image is older: podman-machine upgrade ${machine.name}`
      : lastLine(stderr) || "no answer over SSH";
    throw new MachineError(`"${machine.name}" could not be saved: ${found}`);
  }
  control.send("quiesce\n");
  await control.expect("quiet", quietTimeoutMs);
}

/** A fork has none, and the guest would miss it. */
async function refusePlugged({ name }: Machine<"qemu">, monitor: QmpConnection): Promise<void> {
  const blocks = blockReply.parse(await monitor.execute("query-block"));
  if (blocks.some(({ inserted }) => inserted?.["node-name"] === "plugged")) {
    throw new MachineError(`"${name}" can't be saved: a disk is plugged in.`);
  }
}

async function takeBalloonOff(monitor: QmpConnection): Promise<void> {
  const isGone = monitor.event("DEVICE_DELETED", isBalloon);
  // The guest may not have its driver, and say nothing.
  isGone.catch(() => undefined);
  await monitor.execute("device_del", { id: "balloon" });
  await isGone;
}

function isBalloon(data: unknown): boolean {
  return z.object({ device: z.literal("balloon") }).safeParse(data).success;
}

/**
 * The disk becomes the base of what is written from now on. QEMU opens a file again by the name that it was told, so
 * that each keeps that name: the new one has two, and only then the machine's usual one is its second.
 */
async function layOverlay(
  files: MachineFiles,
  monitor: QmpConnection,
  { Base, Node }: Held & { Kind: "save" },
): Promise<void> {
  const overlay = join(files.folder, `disk-${Node.slice("data-".length)}.qcow2`);
  await linkFile(files.disk, join(files.folder, Base));
  await makeOverlay(`${overlay}.new`, Base);
  await rename(`${overlay}.new`, overlay);
  await writeToOverlay(monitor, overlay, Node);
  await giveUsualName(files, overlay);
}

async function giveUsualName(files: MachineFiles, overlay: string): Promise<void> {
  const second = `${files.disk}.new`;
  await rm(second, { force: true });
  await linkFile(overlay, second);
  await rename(second, files.disk);
  // Of two names of one file, as when this was done already, none goes (rename(2)).
  await rm(second, { force: true });
}

const blockReply = z.array(
  z.object({ inserted: z.object({ "node-name": z.string(), ro: z.boolean() }).optional() }),
);

/** Lets QEMU write what is new into that file, unless it does. */
async function writeToOverlay(
  monitor: QmpConnection,
  overlay: string,
  node: string,
): Promise<void> {
  const blocks = blockReply.parse(await monitor.execute("query-block"));
  const top = blocks.find(({ inserted }) => inserted?.["node-name"].startsWith("data"))?.inserted;
  if (top === undefined || top["node-name"] === node) {
    return;
  }
  await monitor.execute("blockdev-add", {
    driver: "qcow2",
    "node-name": node,
    backing: null,
    discard: "unmap",
    "detect-zeroes": "unmap",
    file: { driver: "file", filename: overlay, discard: "unmap" },
  });
  await monitor.execute("blockdev-snapshot", { node: top["node-name"], overlay: node });
}

const migrateReply = z.object({
  status: z.string().optional(),
  "error-desc": z.string().optional(),
});

/** QEMU's sandbox lets it start nothing, so it writes to a socket. Memory is left out: it is copied as a file. */
async function writeState(monitor: QmpConnection, socket: string, into: string): Promise<void> {
  await rm(socket, { force: true });
  const server = createServer();
  const written = new Promise<void>((resolve, reject) => {
    server.once("connection", (connection) => {
      pipeline(connection, createWriteStream(into, { mode: 0o600 })).then(resolve, reject);
    });
    server.once("error", reject);
  });
  written.catch(() => undefined);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    await monitor.execute("migrate-set-capabilities", {
      capabilities: [
        { capability: "x-ignore-shared", state: true },
        { capability: "events", state: true },
      ],
    });
    await monitor.execute("migrate-set-parameters", { "max-bandwidth": 2 ** 40 });
    const ended = monitor.event("MIGRATION", isEnd);
    ended.catch(() => undefined);
    await monitor.execute("migrate", { uri: `unix:${socket}` });
    await ended;
    const found = migrateReply.parse(await monitor.execute("query-migrate"));
    if (found.status !== "completed") {
      throw new MachineError(
        `QEMU could not save the guest: ${found["error-desc"] ?? "no reason"}`,
      );
    }
    await written;
  } finally {
    server.close();
    await rm(socket, { force: true });
  }
}

function isEnd(data: unknown): boolean {
  const found = z.object({ status: z.string() }).safeParse(data);
  return found.success && /^(completed|failed|cancelled)$/.test(found.data.status);
}

/** Of a guest that is stopped. Pages that it never wrote take no room. */
async function copyMemory(pid: number, into: string): Promise<void> {
  const folder = `/proc/${pid}/fd`;
  let memory: string | undefined;
  for (const name of await readdir(folder)) {
    if ((await readlink(join(folder, name))).includes("memory-backend-memfd")) {
      memory = join(folder, name);
    }
  }
  if (memory === undefined) {
    throw new MachineError(`QEMU (process ${pid}) has no file with the guest's memory.`);
  }
  const args = ["--sparse=always", "--", memory, into];
  const { exitCode, stderr } = await runProgram("cp", args, { timeoutMs: copyTimeoutMs });
  if (exitCode !== 0) {
    throw new MachineError(
      `The memory could not be written to ${into}: ${lastLine(stderr) || "it took more than ten minutes"}`,
    );
  }
}

const statusReply = z.object({ status: z.string() });

/** Whatever was done of a save. The guest's part may not have begun, or be over. */
async function goOnAsSame(machine: Machine<"qemu">, control: ControlPort): Promise<void> {
  const { files } = machine;
  const mark = await readHeld(files);
  if (mark?.Kind !== "save") {
    return;
  }
  const monitor = await connectQmp(files.monitor, monitorTimeoutMs);
  try {
    const { status } = statusReply.parse(await monitor.execute("query-status"));
    await mendDisk(files, monitor, mark);
    if (status !== "running") {
      await monitor.execute("cont");
    }
    await putBalloonBack(monitor);
  } finally {
    monitor.close();
  }
  control.send(`same ${nowSeconds()}\n`);
  await untilSame(machine, control);
  await removeHeld(files);
}

/** Ends what a save has begun with the disk: what is laid over it goes on, or was never used. */
async function mendDisk(
  files: MachineFiles,
  monitor: QmpConnection | undefined,
  { Base, Node }: Held & { Kind: "save" },
): Promise<void> {
  const overlay = join(files.folder, `disk-${Node.slice("data-".length)}.qcow2`);
  await rm(`${overlay}.new`, { force: true });
  if (!existsSync(overlay)) {
    await rm(join(files.folder, Base), { force: true });
    return;
  }
  if (monitor !== undefined) {
    await writeToOverlay(monitor, overlay, Node);
  }
  await giveUsualName(files, overlay);
}

/** The same for a machine that was switched off meanwhile; further names of its disk go, since no QEMU knows them. */
export async function tidyDisk(files: MachineFiles): Promise<void> {
  const held = await readHeld(files);
  if (held?.Kind === "save") {
    await mendDisk(files, undefined, held);
  }
  for (const name of await readdir(files.folder)) {
    if (/^disk-[0-9a-f]+\.qcow2$/.test(name)) {
      await rm(join(files.folder, name));
    }
  }
  await removeHeld(files);
}

async function putBalloonBack(monitor: QmpConnection): Promise<void> {
  try {
    await monitor.execute("query-balloon");
  } catch (error) {
    if (!(error instanceof MachineError) || !error.message.startsWith("QEMU refused")) {
      throw error;
    }
    await monitor.execute("device_add", {
      driver: "virtio-balloon-pci",
      id: "balloon",
      bus: balloonSlot,
      "free-page-reporting": true,
      "deflate-on-oom": true,
    });
  }
}

/** One that had not begun to be quiet says nothing on the port, and its sshd answers. */
async function untilSame(machine: Machine<"qemu">, control: ControlPort): Promise<void> {
  const isOver = new AbortController();
  try {
    await Promise.race([
      control.expect("same", sameTimeoutMs),
      waitForBanner(machine.config.Driver.SSHPort, isOver.signal).then((isSeen) =>
        isSeen ? undefined : new Promise<void>(() => undefined),
      ),
    ]);
  } finally {
    isOver.abort();
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
