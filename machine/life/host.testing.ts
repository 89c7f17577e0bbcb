import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Report } from "../driver/contract/driver.ts";
import type { NewMachine } from "../driver/contract/new-machine.ts";
import type { NewSettings } from "../store/driver-config.ts";
import {
  filesIn,
  type MachineFiles,
  machineFolder,
  machinesFolder,
} from "../store/machine-files.ts";
import type { Machine } from "../store/machines.ts";
import { createMachine } from "./create.ts";
import type { Host } from "./host.ts";
import { listMachines } from "./list.ts";
import { waitUntilReady } from "./start.ts";
import { killMachine } from "./stop.ts";

type TestSettings = NewSettings<"qemu"> & { readonly Image: string; readonly Program: string };

/** A store in a folder of its own, an image of a few bytes, and what was reported. */
export interface TestHost extends Host {
  readonly lines: string[];
  readonly warnings: string[];
  readonly settings: TestSettings;
  /** A machine to be made, with settings that differ from those. */
  wanted(change?: Partial<NewSettings<"qemu">>): NewMachine<"qemu">;
  files(name: string): MachineFiles;
  /** The pid of the stand-in that runs a machine. */
  pidOf(name: string): Promise<number>;
  /** The folders of machines, unfinished ones too. */
  folders(): Promise<string[]>;
  /** The state of every machine by its name. */
  states(): Promise<Record<string, string>>;
  /** Makes a machine; waits until it is ready when nothing was said of its kernel arguments. */
  create(name: string, kernelArguments?: string): Promise<Machine>;
  /** Ends what still runs, and removes the folder. */
  dispose(): Promise<void>;
}

/**
 * Makes a host on which machines are run by a stand-in for QEMU.
 *
 * @param inStore a folder for the store; undefined: one in a temporary folder.
 */
export async function makeTestHost(inStore?: string): Promise<TestHost> {
  const folder = await mkdtemp(join(tmpdir(), "b2p-life-"));
  const store = inStore ?? join(folder, "store");
  const image = join(folder, "image");
  await writeImage(image);
  const lines: string[] = [];
  const warnings: string[] = [];
  const report: Report = {
    line: (text) => lines.push(text),
    warn: (text) => warnings.push(text),
    progress: () => undefined,
    stage: ({ name, result }) => lines.push(`stage ${name} ${result}`),
  };
  const host: Host = { store, report };
  const settings = settingsFor(image);
  const wanted: TestHost["wanted"] = (change) => ({
    driver: "qemu",
    labels: [],
    rootful: true,
    connection: false,
    settings: { ...settings, ...change },
  });
  const files = (name: string) => filesIn(machineFolder(store, name));
  return {
    ...host,
    lines,
    warnings,
    settings,
    wanted,
    files,
    pidOf: async (name) => Number(await readFile(files(name).pid, "utf8")),
    folders: () => readdir(machinesFolder(store)).catch(() => []),
    async states() {
      const all = await listMachines(store, undefined, 60_000);
      return Object.fromEntries(all.map((machine) => [machine.name, machine.state]));
    },
    async create(name, KernelArguments = "") {
      const machine = await createMachine(host, name, wanted({ KernelArguments }));
      if (KernelArguments === "") {
        await waitUntilReady(host, machine);
      }
      return machine;
    },
    async dispose() {
      for (const name of await namesWithConfig(store)) {
        await killMachine(host, name);
      }
      // What writes a machine's logs ends shortly after it.
      await rm(folder, { recursive: true, maxRetries: 10 });
    },
  };
}

function settingsFor(image: string): TestSettings {
  return {
    Memory: 256,
    CPU: 1,
    DiskSize: 256,
    Image: image,
    Boot: "kernel",
    Accelerator: "tcg",
    Program: join(import.meta.dirname, "fake-qemu.testing.ts"),
  };
}

async function writeImage(folder: string): Promise<void> {
  await mkdir(folder);
  const artifacts: { name: string; sha256: string }[] = [];
  for (const name of ["vmlinuz64", "corepure64.gz", "boot2podman.gz"]) {
    await writeFile(join(folder, name), name);
    artifacts.push({ name, sha256: createHash("sha256").update(name).digest("hex") });
  }
  const manifest = { version: "1", arch: "amd64", kernel: { commandLine: "quiet" }, artifacts };
  await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
}

async function namesWithConfig(store: string): Promise<string[]> {
  const names = await readdir(machinesFolder(store)).catch(() => []);
  const sound: string[] = [];
  // Another process may be deleting one, or making it.
  for (const name of names.filter((name) => !name.startsWith("."))) {
    const path = join(machinesFolder(store), name, "config.json");
    const text = await readFile(path, "utf8").catch(() => "");
    if (text.startsWith("{\n")) {
      sound.push(name);
    }
  }
  return sound;
}
