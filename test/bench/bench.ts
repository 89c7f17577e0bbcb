import { rename, rm, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import path from "node:path";
import * as z from "zod";
import { diskImageName, diskLevels } from "../../image/publish/artifacts.ts";
import type { Manifest } from "../../image/publish/manifest.ts";
import { chooseMirrors } from "../../image/resolve/mirrors.ts";
import { type ClientFigures, keptFigures } from "../client/figures.ts";
import { manifest } from "../vm/harness/artifacts.ts";
import { busyboxImage, importBusybox } from "../vm/harness/container-image.ts";
import { newDataDisk, newIdentity } from "../vm/harness/data-disk.ts";
import { run, runOk } from "../vm/harness/run.ts";
import { type MachineOptions, TestMachine } from "../vm/harness/test-machine.ts";
import { benchGrowth } from "./growth/growth.ts";
import { type BootTimes, measureBoot, median, medianTimes } from "./measure-boot.ts";
import { type CreateTimes, measureCreate } from "./measure-create.ts";
import { benchForks, forksResult, printForks } from "./measure-forks.ts";
import { plainDebian } from "./plain-debian.ts";
import { smallestMemory } from "./smallest-memory.ts";

const root = path.resolve(import.meta.dirname, "../..");
const usage = `usage: npm run bench [-- [--runs N]]                    N boots of each system, 3 unless told
       npm run bench -- forks [--runs N]                forks and containers in machines of their own, alone
       npm run bench -- growth [--runs N] [--small]     how costs grow with containers, images and machines; half an hour, or minutes with --small`;

interface Asked {
  what: "all" | "forks" | "growth";
  isSmall: boolean;
  runs: number;
}

function asked(words: readonly string[]): Asked {
  const result: Asked = { what: "all", isSmall: false, runs: 3 };
  const left = [...words];
  if (left[0] === "growth" || left[0] === "forks") {
    result.what = left[0];
    left.shift();
  }
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const count = word === "--runs" ? Number(left.shift()) : 0;
    if (Number.isInteger(count) && count > 0) {
      result.runs = count;
    } else if (result.what === "growth" && word === "--small") {
      result.isSmall = true;
    } else {
      console.error(usage);
      process.exit(2);
    }
  }
  return result;
}

const status = z.looseObject({
  stages: z.array(
    z.looseObject({ stage: z.string(), durationMs: z.number(), observed: z.unknown() }),
  ),
});
const sshdObserved = z.object({ agentsCpuMs: z.number() });

/** Milliseconds of a boot with one processor: until sshd's greeting, and of the agents until sshd listened. */
interface AgentsTimes {
  sshMs: number;
  cpuMs: number;
}

/** What one boot of ours showed beside its times. */
interface Inside {
  stages: Record<string, number>;
  agentsCpuMs: number;
}

async function lookInside(machine: TestMachine): Promise<Inside> {
  const record = status.parse(JSON.parse(await machine.root("boot2podman status --json")));
  const stages = Object.fromEntries(record.stages.map((one) => [one.stage, one.durationMs]));
  const sshd = record.stages.find(({ stage }) => stage === "sshd");
  const { agentsCpuMs } = sshdObserved.parse(sshd?.observed);
  return { stages, agentsCpuMs };
}

async function memAvailable(machine: TestMachine): Promise<number> {
  return Number(await machine.root("awk '/^MemAvailable/ { print $2 }' /proc/meminfo"));
}

/** With /usr on a disk, as podman-machine has it; with /usr in RAM, as the ISO has it; and the other system. */
const systems = ["ours", "oursInRam", "debian"] as const;
type System = (typeof systems)[number];

/** Boots each machine in turn, so that a busy host slows all alike. */
async function measureSystems(options: Record<System, MachineOptions>, runs: number) {
  const times: Record<System, BootTimes[]> = { ours: [], oursInRam: [], debian: [] };
  const memory: Record<System, number[]> = { ours: [], oursInRam: [], debian: [] };
  const inside: Inside[] = [];
  for (let index = 1; index <= runs; index++) {
    for (const name of systems) {
      const machine = await TestMachine.create(options[name]);
      try {
        const measured = await measureBoot(machine);
        times[name].push(measured);
        memory[name].push(await memAvailable(machine));
        if (name === "ours") {
          inside.push(await lookInside(machine));
        }
        console.log(`bench: run ${index}, ${name}: ${JSON.stringify(measured)}`);
        await machine.powerDown();
      } finally {
        await machine.remove();
      }
    }
  }
  return { times, memory, inside };
}

/**
 * The agents' processor time, with a single processor: several are one thread of the host's by turns, and the guest
 * takes the turns of the others for its own.
 */
async function measureAgents(ours: MachineOptions, runs: number): Promise<AgentsTimes[]> {
  const times: AgentsTimes[] = [];
  for (let index = 1; index <= runs; index++) {
    const machine = await TestMachine.start({ ...ours, cpus: 1 });
    try {
      const { agentsCpuMs } = await lookInside(machine);
      times.push({ sshMs: machine.bootMs, cpuMs: agentsCpuMs });
      console.log(`bench: run ${index}, agents: ${JSON.stringify(times.at(-1))}`);
      await machine.powerDown();
    } finally {
      await machine.remove();
    }
  }
  return times;
}

/** The agents beside the boot that they are a part of. */
function agentsResult(runs: AgentsTimes[]) {
  const cpuMs = Math.round(median(runs.map((run) => run.cpuMs)));
  const sshMs = Math.round(median(runs.map((run) => run.sshMs)));
  return { cpuMs, sshMs, shareOfBoot: Number((cpuMs / sshMs).toFixed(3)), runs };
}

/** Creates machines and boots what they are made of by hand, in turn. */
async function measureCreates(runs: number): Promise<CreateTimes[]> {
  const times: CreateTimes[] = [];
  for (let index = 1; index <= runs; index++) {
    const measured = await measureCreate();
    console.log(`bench: run ${index}, podman-machine create: ${JSON.stringify(measured)}`);
    times.push(measured);
  }
  return times;
}

/** podman-machine beside the boot that it waits for. */
function createResult(runs: CreateTimes[]) {
  const createMs = Math.round(median(runs.map((run) => run.createMs)));
  const bareMs = Math.round(median(runs.map((run) => run.bareMs)));
  return { createMs, bareMs, ratio: Number((createMs / bareMs).toFixed(3)), runs };
}

/** First boots: the container image goes into both stores, and waits there for the measured boots. */
async function prepare(
  ours: MachineOptions,
  debian: MachineOptions,
  folder: string,
): Promise<void> {
  const archive = path.join(folder, "busybox.tar");
  const first = await TestMachine.start(ours);
  try {
    await importBusybox(first);
    await first.root(`podman save -q -o /tmp/busybox.tar ${busyboxImage}`);
    const words = first.sshArguments().map((word) => (word === "-p" ? "-P" : word));
    await runOk(["scp", "-q", ...words, "root@127.0.0.1:/tmp/busybox.tar", archive]);
    await first.powerDown();
  } finally {
    await first.remove();
  }
  const second = await TestMachine.start(debian);
  try {
    const words = second.sshArguments().map((word) => (word === "-p" ? "-P" : word));
    await runOk(["scp", "-q", ...words, archive, "root@127.0.0.1:/tmp/busybox.tar"]);
    await second.root("podman load -q -i /tmp/busybox.tar");
    await second.powerDown();
  } finally {
    await second.remove();
  }
}

/** What a disk costs to download, packed as ours is; its free blocks are zeros. */
async function packedBytes(disk: string): Promise<number> {
  const script = `zstd -q -${diskLevels.usual} --long=26 -T0 -c "$1" | wc -c`;
  return Number(await runOk(["sh", "-c", script, "sh", disk], { timeoutMs: 3_600_000 }));
}

function ratios(ours: BootTimes, debian: BootTimes) {
  const of = (key: keyof BootTimes) => Number((ours[key] / debian[key]).toFixed(3));
  return { ssh: of("sshMs"), podman: of("podmanMs"), container: of("containerMs") };
}

function stageMedians(inside: Inside[]): Record<string, number> {
  const names = Object.keys(inside[0]?.stages ?? {});
  return Object.fromEntries(
    names.map((name) => [
      name,
      Math.round(median(inside.map((one) => one.stages[name] ?? Number.NaN))),
    ]),
  );
}

async function bench(runs: number): Promise<void> {
  const identity = await newIdentity();
  const mirrors = await chooseMirrors(process.env.BOOT2PODMAN_MIRROR);
  const system = await plainDebian(mirrors, identity);
  const debianDisk = path.join(identity.folder, "debian.raw");
  await run(["cp", "--sparse=always", system.disk, debianDisk]);
  // What the figures of SPECIFICATION.md were measured with.
  const flags = { key: identity.key, cpu: "max,erms=off", cpus: 2 };
  const ours: MachineOptions = { ...flags, disks: [await newDataDisk(identity)] };
  const debian: MachineOptions = {
    ...flags,
    kernel: system.kernel,
    initrd: system.initrd,
    commandLine: system.append,
    disks: [{ file: debianDisk, format: "raw", bus: "virtio" }],
  };
  try {
    await prepare(ours, debian, identity.folder);
    const oursInRam: MachineOptions = { ...ours, usr: "ram" };
    const { times, memory, inside } = await measureSystems({ ours, oursInRam, debian }, runs);
    const create = createResult(await measureCreates(runs));
    const forks = await forksResult(runs);
    const medians = {
      ours: medianTimes(times.ours),
      oursInRam: medianTimes(times.oursInRam),
      debian: medianTimes(times.debian),
    };
    const mebibytes = (kibibytes: number[]) => Math.round(median(kibibytes) / 1024);
    const agents = agentsResult(await measureAgents(ours, runs));
    const result = {
      version: manifest().version,
      host: {
        cpus: cpus().length,
        cpu: cpus()[0]?.model,
        accelerator: "tcg",
        memoryMiB: 1024,
        runs,
      },
      sizes: { artifacts: manifest().artifacts, groups: manifest().groups },
      bootMs: { ...medians, runs: times },
      ratios: ratios(medians.ours, medians.debian),
      ratiosInRam: ratios(medians.oursInRam, medians.debian),
      create,
      forks,
      stagesMs: stageMedians(inside),
      agents,
      memAvailableMiB: {
        ours: mebibytes(memory.ours),
        oursInRam: mebibytes(memory.oursInRam),
        debian: mebibytes(memory.debian),
      },
      smallestMemoryMiB: {
        ours: await smallestMemory(256, ours),
        oursInRam: await smallestMemory(256, oursInRam),
      },
      diskImageBytes: {
        ours: manifest().artifacts.find(({ name }) => name === diskImageName)?.sizeBytes,
        debian: await packedBytes(debianDisk),
      },
      podmanMachine: await keptFigures(manifest().version),
      debianVersions: Object.fromEntries(
        ["linux-image-amd64", "podman", "systemd", "openssh-server", "crun", "netavark"].map(
          (name) => [name, system.versions[name]],
        ),
      ),
    };
    const file = path.join(root, "bench.json");
    await writeFile(`${file}.part`, `${JSON.stringify(result, null, 2)}\n`);
    await rename(`${file}.part`, file);
    print(result);
  } finally {
    await rm(identity.folder, { recursive: true, force: true });
  }
}

function print(result: {
  sizes: Pick<Manifest, "artifacts" | "groups">;
  bootMs: Record<System, BootTimes>;
  ratios: Record<string, number>;
  ratiosInRam: Record<string, number>;
  create: { createMs: number; bareMs: number; ratio: number };
  forks: Awaited<ReturnType<typeof forksResult>>;
  stagesMs: Record<string, number>;
  agents: { cpuMs: number; shareOfBoot: number };
  memAvailableMiB: Record<System, number>;
  smallestMemoryMiB: { ours: number; oursInRam: number };
  diskImageBytes: { ours: number | undefined; debian: number };
  podmanMachine: ClientFigures | undefined;
}): void {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const row = (...cells: Array<string | number>) =>
    console.log(cells.map((cell, index) => String(cell).padEnd(index === 0 ? 34 : 12)).join(""));
  row("artifact", "size");
  for (const { name, sizeBytes } of result.sizes.artifacts) {
    row(name, megabytes(sizeBytes));
  }
  const total = result.sizes.groups.reduce((sum, group) => sum + group.compressedBytes, 0);
  row("\ngroup", "compressed", "share");
  for (const { name, compressedBytes } of result.sizes.groups) {
    row(name, megabytes(compressedBytes), `${((100 * compressedBytes) / total).toFixed(1)} %`);
  }
  const { ours, oursInRam, debian } = result.bootMs;
  row("\npower-on →", "/usr on disk", "in RAM", "Debian", "ratio", "ratio in RAM");
  for (const [title, name, key] of [
    ["SSH greeting, ms", "ssh", "sshMs"],
    ["podman ready, ms", "podman", "podmanMs"],
    ["first container done, ms", "container", "containerMs"],
  ] as const) {
    const both = [result.ratios[name] ?? "", result.ratiosInRam[name] ?? ""];
    row(title, ours[key], oursInRam[key], debian[key], ...both);
  }
  const available = result.memAvailableMiB;
  row("memory available, MiB", available.ours, available.oursInRam, available.debian);
  const { create } = result;
  row("\npodman-machine →", "create", "bare boot", "ratio");
  row("podman ready, ms", create.createMs, create.bareMs, create.ratio);
  printForks(result.forks);
  row("\nstage", "ms");
  for (const [name, ms] of Object.entries(result.stagesMs)) {
    row(name, ms);
  }
  row(
    "\nagents' CPU time until sshd, ms",
    result.agents.cpuMs,
    `${(100 * result.agents.shareOfBoot).toFixed(1)} % of the boot with one processor`,
  );
  const { smallestMemoryMiB: smallest } = result;
  const least = (mib: number) => (Number.isFinite(mib) ? `${mib} MiB` : "none did");
  row("smallest memory for a container", least(smallest.ours), least(smallest.oursInRam));
  const { ours: image = Number.NaN, debian: debianImage } = result.diskImageBytes;
  row("\ndisk image, packed", megabytes(image), `Debian's ${megabytes(debianImage)}`);
  printClient(result.podmanMachine, row);
}

/** What Podman's own client needs, as `npm run client` has measured it on this host. */
function printClient(
  figures: ClientFigures | undefined,
  row: (...cells: Array<string | number>) => void,
): void {
  if (figures === undefined) {
    row("podman machine →", "not measured with this version: npm run client");
    return;
  }
  const { initMs, startMs, containerMs, memoryMiB } = figures.firstUse;
  row("podman machine →", "init, ms", "start, ms", "container, ms", "together, ms");
  row(
    figures.versions.split(", ").find((one) => one.startsWith("podman ")) ?? "",
    initMs,
    startMs,
    containerMs,
    initMs + startMs + containerMs,
  );
  row("memory available, MiB", memoryMiB.available, `of ${memoryMiB.total}`);
}

const words = asked(process.argv.slice(2));
switch (words.what) {
  case "all":
    await bench(words.runs);
    break;
  case "forks":
    await benchForks(words.runs);
    break;
  case "growth":
    await benchGrowth(words.runs, words.isSmall);
    break;
}
