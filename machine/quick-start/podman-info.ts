import * as z from "zod";
import { mebibyte } from "../disk/mebibyte.ts";
import { MachineError } from "../error/machine-error.ts";
import { lastLine } from "../program/run.ts";
import type { SshTarget } from "../ssh/client.ts";
import { captureSsh } from "../ssh/session.ts";

/** The first podman command after a boot reads 50 MB of programs, under software emulation. */
const infoTimeoutMs = 90_000;

const info = z.object({
  version: z.object({ Version: z.string() }),
  host: z.object({
    cgroupManager: z.string(),
    cgroupVersion: z.string(),
    cpus: z.number(),
    kernel: z.string(),
    memFree: z.number(),
    memTotal: z.number(),
    networkBackend: z.string(),
    ociRuntime: z.object({ name: z.string() }),
  }),
  store: z.object({
    graphDriverName: z.string(),
    graphRoot: z.string(),
    graphRootAllocated: z.number(),
    graphRootUsed: z.number(),
    containerStore: z.object({ number: z.number() }),
    imageStore: z.object({ number: z.number() }),
  }),
});

/** What `podman info` says, as far as it is shown. Sizes are bytes. */
export type PodmanInfo = z.infer<typeof info>;

/** Asks the machine's podman. Throws when it doesn't answer as podman does. */
export async function podmanInfo(target: SshTarget): Promise<PodmanInfo> {
  const result = await captureSsh(target, ["podman", "info", "--format", "json"], infoTimeoutMs);
  if (result.exitCode !== 0) {
    const found = result.timedOut
      ? `no answer within ${infoTimeoutMs / 1000} s`
      : lastLine(result.stderr) || `exit status ${result.exitCode}`;
    throw new MachineError(
      `"${target.name}" runs, but its podman doesn't answer: ${found}. Check it with "podman-machine ssh ${target.name} -- boot2podman status".`,
    );
  }
  try {
    return info.parse(JSON.parse(result.stdout));
  } catch (error) {
    throw new MachineError(`The podman of "${target.name}" gave an answer that can't be parsed.`, {
      cause: error,
    });
  }
}

/** The lines that show it. */
export function summary({ version, host, store }: PodmanInfo): string[] {
  const freeBytes = store.graphRootAllocated - store.graphRootUsed;
  return [
    `podman ${version.Version}`,
    `  storage   ${store.graphDriverName} in ${store.graphRoot}, ${gigabytes(freeBytes)} of ${gigabytes(store.graphRootAllocated)} GB free`,
    `  holds     ${count(store.containerStore.number, "container")}, ${count(store.imageStore.number, "image")}`,
    `  cgroups   ${host.cgroupVersion}, ${host.cgroupManager}`,
    `  network   ${host.networkBackend}`,
    `  runtime   ${host.ociRuntime.name}`,
    `  memory    ${inMebibytes(host.memFree)} of ${inMebibytes(host.memTotal)} MiB free, ${count(host.cpus, "CPU")}`,
    `  kernel    ${host.kernel}`,
  ];
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}

function inMebibytes(bytes: number): string {
  return (bytes / mebibyte).toFixed(0);
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}
