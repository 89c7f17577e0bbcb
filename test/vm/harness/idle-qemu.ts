import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { type LaunchPlan, qemuArguments } from "../../../machine/driver/qemu/arguments.ts";
import { type Outcome, runInBackground } from "../../../machine/driver/qemu/background.ts";
import { keepLogs } from "../../../machine/driver/qemu/log-keeper.ts";
import { findByPidFile } from "../../../machine/driver/qemu/process.ts";
import { runProgram } from "../../../machine/program/run.ts";
import { filesIn, type MachineFiles } from "../../../machine/store/machine-files.ts";

const timeoutMs = 60_000;

/** What differs from podman-machine's smallest machine. */
export interface IdleQemuOptions {
  readonly plan?: Partial<LaunchPlan>;
  /** Words before QEMU's own, and after. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
}

/** A QEMU that podman-machine's own code has started, whose guest is held: what QEMU does is seen without a boot. */
export interface IdleQemu {
  readonly files: MachineFiles;
  start(options?: IdleQemuOptions): Promise<Outcome>;
  /** Ends what still runs, and removes the folder. */
  dispose(): Promise<void>;
}

/** @param folder of the test's own; its path must be short, for sockets. */
export async function idleQemu(folder: string): Promise<IdleQemu> {
  const files = filesIn(path.join(folder, "box"));
  const iso = path.join(folder, "empty.iso");
  await mkdir(files.folder, { recursive: true });
  await runProgram("qemu-img", ["create", "-q", "-f", "qcow2", files.disk, "1M"], { timeoutMs });
  await writeFile(iso, Buffer.alloc(1 << 20));
  return {
    files,
    start: async ({ plan = {}, before = [], after = [] } = {}) => {
      const words = qemuArguments({ ...smallest(files, iso), ...plan });
      return runInBackground(
        files,
        [...before, "qemu-system-x86_64", ...words, "-S", ...after],
        await keepLogs(files),
        timeoutMs,
      );
    },
    dispose: async () => {
      const pid = await findByPidFile(files.pid);
      if (pid !== undefined) {
        process.kill(pid, "SIGKILL");
      }
      // What writes the logs ends shortly after it.
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

function smallest(files: MachineFiles, iso: string): LaunchPlan {
  return {
    name: "box",
    files,
    machineType: "q35",
    accelerator: "tcg",
    emulatedCpu: "max",
    threads: "single",
    memoryMib: 64,
    memory: { kind: "own" },
    hasAgent: true,
    cpus: 1,
    network: { kind: "user", isRestricted: true, sshPort: 0, publish: [] },
    disk: { path: files.disk, cacheMode: "default", ioMode: "threads" },
    shares: [],
    display: undefined,
    boot: { kind: "iso", iso, cdDevice: "ide-cd" },
    sandbox: [],
  };
}
