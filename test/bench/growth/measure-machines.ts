import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { z } from "zod";
import { run, runOk } from "../../vm/harness/run.ts";
import { median } from "../measure-boot.ts";

const program = path.resolve(import.meta.dirname, "../../../machine/podman-machine");
const timeoutMs = 3_600_000;
const memoryMib = 512;
/** Without a limit QEMU's translated code may take a quarter of a GiB and more for each machine. */
const translatedMib = 64;

/** How long `podman-machine ls` takes with so many machines, none of which runs. */
export interface ListTimes {
  machines: number;
  lsMs: number;
}

/** What the host gives for so many machines that run, in MiB. */
export interface HostMemory {
  machines: number;
  /** Less memory available than without any. */
  takenMib: number;
  /** Of the QEMU processes alone, what several share divided between them (PSS). */
  qemuMib: number;
  /** Of /usr's disk in the page cache: the one copy that all of them read. */
  usrCachedMib: number;
}

/** A store of podman-machine for this measurement alone. */
class Store {
  private constructor(readonly folder: string) {}

  static async open(): Promise<Store> {
    // Short, because a unix socket's path has at most 107 bytes.
    return new Store(await mkdtemp(path.join(tmpdir(), "b2p-")));
  }

  run(...words: string[]): Promise<string> {
    const env = { ...process.env, MACHINE_STORAGE_PATH: this.folder };
    return runOk([program, ...words], { env, timeoutMs });
  }

  machine(name: string): string {
    return path.join(this.folder, "machines", name);
  }

  async remove(names: readonly string[]): Promise<void> {
    const env = { ...process.env, MACHINE_STORAGE_PATH: this.folder };
    for (const name of names) {
      await run([program, "rm", "-f", "-y", name], { env });
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Measures `ls`, five times each. The machines are copies of one that has run. */
export async function measureLists(counts: readonly number[]): Promise<ListTimes[]> {
  const store = await Store.open();
  const measured: ListTimes[] = [];
  try {
    await store.run("create", "--no-connection", "m1");
    await store.run("stop", "m1");
    let existing = 1;
    for (const machines of counts) {
      for (; existing < machines; existing++) {
        await copyMachine(store, "m1", `m${existing + 1}`);
      }
      const times: number[] = [];
      for (let index = 0; index < 5; index++) {
        const start = performance.now();
        const listed = await store.run("ls", "-q");
        times.push(performance.now() - start);
        if (listed.trim().split("\n").length !== machines) {
          throw new Error(`ls lists not ${machines} machines: ${listed}`);
        }
      }
      measured.push({ machines, lsMs: Math.round(median(times)) });
      console.log(`bench: ${JSON.stringify(measured.at(-1))}`);
    }
    return measured;
  } finally {
    await store.remove(["m1"]);
  }
}

async function copyMachine(store: Store, from: string, to: string): Promise<void> {
  await cp(store.machine(from), store.machine(to), {
    recursive: true,
    filter: (source) => !/\.(qcow2|pipe)$/.test(source),
  });
  const config = path.join(store.machine(to), "config.json");
  const text = await readFile(config, "utf8");
  await writeFile(
    config,
    text.replaceAll(`"${from}"`, `"${to}"`).replaceAll(`/${from}/`, `/${to}/`),
  );
}

/** Measures the host's memory with more and more machines that run and have run a container's engine once. */
export async function measureHostMemory(counts: readonly number[]): Promise<HostMemory[]> {
  const store = await Store.open();
  const names: string[] = [];
  const measured: HostMemory[] = [];
  try {
    const qemu = await boundedQemu(store.folder);
    const availableBefore = await available();
    for (const machines of counts) {
      while (names.length < machines) {
        const name = `m${names.length + 1}`;
        names.push(name);
        await store.run(
          ...["create", "--no-connection", "--accelerator", "tcg", "--program", qemu],
          ...["--cpus", "1", "--memory", String(memoryMib), name],
        );
        await store.run("ssh", "-l", "root", name, "podman info >/dev/null");
      }
      measured.push({
        machines,
        takenMib: Math.round((availableBefore - (await available())) / 1024),
        qemuMib: Math.round((await proportional(store, names)) / 1024),
        usrCachedMib: Math.round((await cachedBytes(store)) / 2 ** 20),
      });
      console.log(`bench: ${JSON.stringify(measured.at(-1))}`);
    }
    return measured;
  } finally {
    await store.remove(names);
  }
}

/** QEMU with a limit for translated code, as a program of its own. */
async function boundedQemu(folder: string): Promise<string> {
  const file = path.join(folder, "qemu-bounded");
  const script = [
    "#!/bin/sh",
    "for word; do",
    "  shift",
    `  case $word in tcg,*) word="tcg,tb-size=${translatedMib},\${word#tcg,}" ;; esac`,
    '  set -- "$@" "$word"',
    "done",
    'exec qemu-system-x86_64 "$@"',
  ];
  await writeFile(file, `${script.join("\n")}\n`, { mode: 0o755 });
  return file;
}

/** MemAvailable of the host, in KiB. */
async function available(): Promise<number> {
  const text = await readFile("/proc/meminfo", "utf8");
  return Number(/^MemAvailable: +(\d+)/m.exec(text)?.[1]);
}

/** PSS of the machines' QEMUs, in KiB. */
async function proportional(store: Store, names: readonly string[]): Promise<number> {
  let sum = 0;
  for (const name of names) {
    const pid = (await readFile(path.join(store.machine(name), "qemu.pid"), "utf8")).trim();
    const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
    sum += Number(/^Pss: +(\d+)/m.exec(text)?.[1]);
  }
  return sum;
}

const cached = z.object({ fincore: z.array(z.object({ res: z.coerce.number() })) });

/** What of the one disk with /usr is in the host's page cache. */
async function cachedBytes(store: Store): Promise<number> {
  const images = path.join(store.folder, "cache/images");
  const disks = (await runOk(["find", images, "-name", "usr.img"])).trim().split("\n");
  const text = await runOk(["fincore", "--json", "--bytes", ...disks]);
  return cached.parse(JSON.parse(text)).fincore.reduce((all, { res }) => all + res, 0);
}
