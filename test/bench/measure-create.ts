import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { makeDataDisk } from "../../machine/disk/data-disk.ts";
import { readBootLog } from "../../machine/driver/qemu/boot-log.ts";
import { waitInFolder } from "../../machine/store/folder-watch.ts";
import { newIdentity } from "../vm/harness/data-disk.ts";
import { run, runOk } from "../vm/harness/run.ts";

const program = path.resolve(import.meta.dirname, "../../machine/podman-machine");
const readyTimeoutMs = 300_000;
const diskSizeMib = 8000;

/** Milliseconds on the host's clock. */
export interface CreateTimes {
  /** `podman-machine create` from its start to its end, in a store where nothing is. */
  createMs: number;
  /** The QEMU that it started, run by hand with the same words, until the guest says that it is ready. */
  bareMs: number;
}

/** Makes a machine by podman-machine, then boots one of the same kind without it. */
export async function measureCreate(): Promise<CreateTimes> {
  // Short, because a unix socket's path has at most 107 bytes.
  const store = await mkdtemp(path.join(tmpdir(), "b2p-"));
  const env = { ...process.env, MACHINE_STORAGE_PATH: store };
  const machine = (...words: string[]) =>
    runOk([program, ...words], { env, timeoutMs: readyTimeoutMs });
  try {
    const start = performance.now();
    await machine("create", "--no-connection", "--disk-size", String(diskSizeMib), "made");
    const createMs = Math.round(performance.now() - start);
    const argv = await commandLineOf(path.join(store, "machines/made"));
    // That it ended is no proof that podman can be used.
    await machine("ssh", "-l", "root", "made", "podman info >/dev/null");
    await machine("kill", "made");
    return { createMs, bareMs: await bootByHand(argv, store) };
  } finally {
    // It isn't there when create has failed, whose error counts.
    await run([program, "rm", "-f", "-y", "made"], { env });
    await rm(store, { recursive: true, force: true });
  }
}

async function commandLineOf(folder: string): Promise<string[]> {
  const pid = (await readFile(path.join(folder, "qemu.pid"), "utf8")).trim();
  return (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0").slice(0, -1);
}

/** The same words with files of their own, in the foreground, on a disk that is as new as the other was. */
async function bootByHand(argv: string[], store: string): Promise<number> {
  const folder = path.join(store, "by-hand");
  await mkdir(folder);
  const { publicKey, folder: keys } = await newIdentity();
  await rm(keys, { recursive: true });
  const disk = path.join(folder, "disk.qcow2");
  await makeDataDisk({ path: disk, folder, publicKey, sizeMib: diskSizeMib });
  const [qemu = "", ...words] = argv.map((word) =>
    word.replaceAll(path.join(store, "machines/made"), folder),
  );
  const log = path.join(folder, "boot.log");
  const logs = [openSync(path.join(folder, "console.log"), "a"), openSync(log, "a")];
  const start = performance.now();
  const machine = spawn(qemu, words, { stdio: ["ignore", "ignore", "inherit", ...logs] });
  const ended = once(machine, "exit");
  try {
    const look = async () => {
      if (machine.exitCode !== null) {
        throw new Error(`QEMU ended with ${machine.exitCode}`);
      }
      return (await readBootLog(log)).readyCount > 0 ? performance.now() : undefined;
    };
    const readyAt = await waitInFolder(folder, look, readyTimeoutMs);
    if (readyAt === undefined) {
      throw new Error(`not ready within ${readyTimeoutMs} ms`);
    }
    return Math.round(readyAt - start);
  } finally {
    machine.kill("SIGKILL");
    await ended;
    for (const descriptor of logs) {
      closeSync(descriptor);
    }
  }
}
