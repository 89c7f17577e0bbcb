import { closeSync } from "node:fs";
import { open } from "node:fs/promises";
import { emulatedKernel } from "../../boot-image/emulated-kernel.ts";
import type { BootImage } from "../../boot-image/image.ts";
import { MachineError } from "../../error/machine-error.ts";
import { lastLine } from "../../program/run.ts";
import { isUserNetwork } from "../../store/driver-config.ts";
import type { Machine } from "../../store/machines.ts";
import { isPortFree, portTaken } from "../../store/port.ts";
import type { Template } from "../../store/templates.ts";
import { writeFileAtomic } from "../../store/write-file.ts";
import type { Report } from "../contract/driver.ts";
import { type Accelerator, type AcceleratorPlan, chooseAccelerator } from "./accelerator.ts";
import { architectureOf, cdDeviceOf } from "./architecture.ts";
import { type BootSource, type MemoryPlan, qemuArguments } from "./arguments.ts";
import { type Outcome, runInBackground } from "./background.ts";
import { readBootLog } from "./boot-log.ts";
import { kernelCommandLine } from "./command-line.ts";
import { checkHardware, hardwareOf } from "./hardware.ts";
import {
  type CheckedImage,
  checkedImage,
  programOf,
  rememberImage,
  templateImage,
  withWayBack,
} from "./image-choice.ts";
import { lookForKvm } from "./kvm.ts";
import { loadState } from "./load-state.ts";
import { keepLogs, type LogPipes } from "./log-keeper.ts";
import { makeMemoryFile, needsMemoryFile } from "./memory-file.ts";
import type { NetworkPlan } from "./network-device.ts";
import { ownerMapWords } from "./owner-map.ts";
import { switchOff } from "./power.ts";
import { type ProcessRecord, readProcess } from "./process.ts";
import { checkRoom } from "./room.ts";
import { canSandbox, sandboxArguments } from "./sandbox.ts";
import { tidyDisk } from "./save-guest.ts";
import { endShares, servePluggedShares, serveShares } from "./share-daemons.ts";
import { shareWords } from "./share-devices.ts";
import { removeTraces } from "./traces.ts";
import { askQemuVersion, checkQemuVersion, emulationThreads, parseQemuVersion } from "./version.ts";

/** QEMU is up as soon as its devices are set up. */
const launchTimeoutMs = 30_000;
/** QEMU's first descriptor behind those of the logs. */
const firstMore = 5;
/** Only it has the files and devices by which a guest is saved. */
const isLinux = process.platform === "linux";

/** What a machine goes on from instead of being booted. */
export interface Source {
  readonly template: Template;
  /** Whether this host can talk to QEMU's agent in the guest. */
  readonly hasAgent: boolean;
  /** A descriptor that QEMU keeps open. */
  readonly remains: number | undefined;
  /** Called once it is known that this host can go on with it. */
  prepare(): Promise<void>;
}

/**
 * Starts the QEMU of a stopped machine. Resolves when it runs; throws with QEMU's own reason.
 *
 * @param source a template: the guest is held then, as it was saved. Throws before anything is done when this host
 * can't go on with it.
 */
export async function launch(
  store: string,
  machine: Machine<"qemu">,
  report: Report,
  source?: Source,
): Promise<void> {
  const { config, files } = machine;
  const checked =
    source === undefined
      ? await withWayBack(machine, () => checkedImage(store, machine, report))
      : await templateImage(store, source.template.imageId);
  const { image } = checked;
  const architecture = architectureOf(image.architecture);
  const program = programOf(machine, image);
  const [said, isSandboxed] = await Promise.all([askQemuVersion(program), canSandbox(program)]);
  const version = parseQemuVersion(said);
  checkQemuVersion(program, version);
  await checkPorts(machine);
  await checkRoom(files.folder);
  const { accelerator, note } = await planAccelerator(store, machine, image, program);
  if (note !== undefined) {
    report.warn(note);
  }
  const boot = await bootSource(store, machine, checked, accelerator, report);
  const wasReady = (await readBootLog(files.bootLog)).readyCount > 0;
  if (source === undefined) {
    await removeTraces(machine.files);
    await tidyDisk(files);
  }
  const shares =
    source === undefined
      ? await serveShares(machine, report)
      : { served: await servePluggedShares(machine, report), end: () => undefined };
  const canSave = boot.kind === "kernel" && image.architecture === "amd64" && isLinux;
  const usesMemfd = canSave && config.Driver.Shares.length === 0;
  const makesFile = source === undefined && usesMemfd && needsMemoryFile(version);
  const memoryFile = makesFile ? await makeMemoryFile() : undefined;
  const args = qemuArguments({
    name: machine.name,
    files,
    machineType: boot.kind === "iso" ? architecture.isoMachine : architecture.machine,
    emulatedCpu: architecture.emulatedCpu(version),
    accelerator,
    threads: emulationThreads(version),
    memoryMib: config.Driver.Memory,
    cpus: config.Driver.CPU,
    network: networkOf(machine),
    disk: {
      path: files.disk,
      cacheMode: config.Driver.CacheMode,
      ioMode: config.Driver.IOMode,
    },
    shares: shares.served,
    display: config.Driver.Display ? config.Driver.DisplayType || "gtk" : undefined,
    boot,
    sandbox: sandboxOf(machine, program, isSandboxed, report),
    memory:
      source === undefined
        ? bootedMemory(usesMemfd, memoryFile)
        : { kind: "template", path: source.template.files.memory },
    hasAgent: source?.hasAgent ?? true,
  });
  const hardware =
    usesMemfd || source !== undefined ? await hardwareOf(said, args, accelerator) : undefined;
  if (source !== undefined) {
    checkHardware(source.template.name, source.template.hardware, hardware ?? {});
    await source.prepare();
    await removeTraces(machine.files);
  }
  report.line(`Starting "${machine.name}" (${describe(machine, accelerator)})...`);
  const words = [...(await ownerMapWords(machine, shares.served, report)), program, ...args];
  const logs = await keepLogs(files);
  const state = source === undefined ? undefined : await open(source.template.files.state, "r");
  const more = [memoryFile, state?.fd, source?.remains].filter((fd) => fd !== undefined);
  const starting = runQemu(machine, words, logs, more)
    .catch(async (error: unknown) => {
      shares.end();
      await endShares(files);
      throw error;
    })
    .finally(async () => {
      await state?.close();
      if (memoryFile !== undefined) {
        closeSync(memoryFile);
      }
    });
  // QEMU makes its devices meanwhile.
  const checking = checked.checkWhole?.();
  checking?.catch(() => undefined);
  const pid = await starting;
  const written: ProcessRecord = {
    pid,
    startTime: (await readProcess(pid))?.startTime ?? "",
    accelerator,
    imageId: image.id,
    imageVersion: image.version,
    // A fork's own pages are in no file.
    ...(source === undefined && hardware !== undefined ? { hardware } : {}),
  };
  try {
    await writeFileAtomic(files.process, `${JSON.stringify(written)}\n`, 0o600);
    await rememberImage(machine, image, wasReady);
    if (source !== undefined) {
      await loadState(machine);
    }
    await checking;
  } catch (error) {
    // Nothing that runs is unknown: a start that can't be written down is none.
    await switchOff(machine);
    throw error;
  }
}

function bootedMemory(isSavable: boolean, file: number | undefined): MemoryPlan {
  return isSavable
    ? { kind: "savable", descriptor: file === undefined ? undefined : firstMore }
    : { kind: "own" };
}

function sandboxOf(
  machine: Machine<"qemu">,
  program: string,
  isSupported: boolean,
  report: Report,
): string[] {
  const words = sandboxArguments({
    isSupported,
    network: machine.config.Driver.Network,
    isRoot: process.getuid?.() === 0,
    hasDisplay: machine.config.Driver.Display,
  });
  // Only Linux has what it is made of.
  if (words.length === 0 && process.platform === "linux") {
    report.warn(
      `"${machine.name}" runs without QEMU's sandbox: ${program} was built without it, or its helper for bridges needs privileges.`,
    );
  }
  return words;
}

async function planAccelerator(
  store: string,
  machine: Machine<"qemu">,
  image: BootImage,
  program: string,
): Promise<AcceleratorPlan> {
  const asked = machine.config.Driver.Accelerator;
  if (asked === "tcg") {
    return { accelerator: "tcg" };
  }
  const tryAgain = asked === "kvm";
  const facts = await lookForKvm({
    store,
    architecture: architectureOf(image.architecture),
    program,
    kernel: image.id === "" ? undefined : image.kernel.path,
    tryAgain,
  });
  return chooseAccelerator(asked, facts);
}

async function bootSource(
  store: string,
  machine: Machine<"qemu">,
  { image, files }: CheckedImage,
  accelerator: Accelerator,
  report: Report,
): Promise<BootSource> {
  const { KernelArguments, Shares } = machine.config.Driver;
  if (files.kind === "iso") {
    return { ...files, cdDevice: cdDeviceOf(image.architecture) };
  }
  const architecture = architectureOf(image.architecture);
  const isEmulated = accelerator === "tcg";
  const emulated =
    isEmulated && architecture.isStartedByPvh
      ? await emulatedKernel(store, image, (text) => report.warn(text))
      : undefined;
  const emulatedWords = isEmulated ? architecture.emulatedWords : "";
  const words = [emulatedWords, ...shareWords(Shares), KernelArguments].join(" ");
  return {
    ...files,
    kernel: emulated ?? files.kernel,
    commandLine: kernelCommandLine(image.commandLine, machine.name, words),
  };
}

/** Only ports of this host can be taken by its other programs. */
async function checkPorts(machine: Machine<"qemu">): Promise<void> {
  const { SSHPort, Network, Publish } = machine.config.Driver;
  if (!isUserNetwork(Network)) {
    return;
  }
  if (!(await isPortFree(SSHPort))) {
    throw portTaken(machine.name, SSHPort);
  }
  for (const { HostPort, HostIP, Protocol } of Publish) {
    if (Protocol === "tcp" && !(await isPortFree(HostPort, HostIP))) {
      throw new MachineError(
        `Port ${HostPort} of ${HostIP}, which "${machine.name}" publishes, is taken by another program or may not be used: end that program, or "podman-machine set --publish" another.`,
      );
    }
  }
}

function networkOf(machine: Machine<"qemu">): NetworkPlan {
  const { Network, SSHPort, Publish, NetworkInterface, NetworkBridge } = machine.config.Driver;
  switch (Network) {
    case "user":
    case "restricted":
      return {
        kind: "user",
        isRestricted: Network === "restricted",
        sshPort: SSHPort,
        publish: Publish,
      };
    case "tap":
      return { kind: "tap", interface: NetworkInterface };
    case "bridge":
      return { kind: "bridge", bridge: NetworkBridge };
  }
}

async function runQemu(
  machine: Machine<"qemu">,
  words: readonly string[],
  logs: LogPipes,
  more: readonly number[],
): Promise<number> {
  const outcome = await runInBackground(machine.files, words, logs, launchTimeoutMs, more);
  if (outcome.kind === "up") {
    return outcome.pid;
  }
  await switchOff(machine);
  throw launchFailure(machine, outcome);
}

/** QEMU's reason in words that say what to do, where one is known. */
export function launchFailure(
  machine: Machine<"qemu">,
  outcome: Exclude<Outcome, { kind: "up" }>,
): MachineError {
  const { name } = machine;
  const { SSHPort, Memory, NetworkBridge } = machine.config.Driver;
  if (outcome.kind === "late") {
    return new MachineError(`QEMU did not start "${name}" within ${launchTimeoutMs / 1000} s.`);
  }
  const { said: stderr, signal } = outcome;
  if (signal === "SIGSYS") {
    return new MachineError(
      `QEMU could not start "${name}": its sandbox ended it, since it made a system call that is denied. The host's kernel log says which.`,
    );
  }
  const reason = lastLine(stderr).replace(/^[\w./-]+: (-\w+ [^:]*: )?/, "");
  const cause = new Error(stderr.trim());
  if (/host forwarding rule/.test(stderr)) {
    return portTaken(name, SSHPort, cause);
  }
  if (/Failed to get .*lock/.test(stderr)) {
    return new MachineError(
      `Another program uses the disk of "${name}", ${machine.files.disk}: end that program.`,
      { cause },
    );
  }
  if (/[Cc]annot (set up guest memory|allocate memory)/.test(stderr)) {
    return new MachineError(
      `The host has no ${Memory} MiB of memory for "${name}": end another program, or give it less.`,
      { cause },
    );
  }
  if (/bridge helper failed/.test(stderr)) {
    const reason = stderr.trim().split("\n").at(-2) ?? "it gave no reason";
    return new MachineError(
      `QEMU's helper didn't connect "${name}" to the bridge ${NetworkBridge} (${reason}): the bridge has to be there, and /etc/qemu/bridge.conf to say "allow ${NetworkBridge}".`,
      { cause },
    );
  }
  const silent = signal === undefined ? "it gave no reason" : `a signal ended it (${signal})`;
  return new MachineError(`QEMU could not start "${name}": ${reason || silent}`, { cause });
}

function describe(machine: Machine<"qemu">, accelerator: string): string {
  const { CPU, Memory } = machine.config.Driver;
  const processors = CPU === 1 ? "1 CPU" : `${CPU} CPUs`;
  return `QEMU, ${accelerator.toUpperCase()}, ${processors}, ${Memory} MiB`;
}
