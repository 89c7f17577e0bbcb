import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../../../system-error.ts";
import { cachedIso } from "../../boot-image/cached-image.ts";
import type { BootImage } from "../../boot-image/image.ts";
import { kernelFiles } from "../../boot-image/kernel-files.ts";
import { MachineError } from "../../error/machine-error.ts";
import { lastLine, runProgram } from "../../program/run.ts";
import { isUserNetwork } from "../../store/driver-config.ts";
import type { Machine } from "../../store/machines.ts";
import { isPortFree, portTaken } from "../../store/port.ts";
import { writeFileAtomic } from "../../store/write-file.ts";
import type { Report } from "../contract/driver.ts";
import { type AcceleratorPlan, chooseAccelerator } from "./accelerator.ts";
import { architectureOf, cdDeviceOf } from "./architecture.ts";
import { type BootSource, qemuArguments } from "./arguments.ts";
import { kernelCommandLine } from "./command-line.ts";
import { imageOf, rememberImage } from "./image-choice.ts";
import { lookForKvm } from "./kvm.ts";
import { keepLogs } from "./log-keeper.ts";
import type { NetworkPlan } from "./network-device.ts";
import { ownerMapWords } from "./owner-map.ts";
import { switchOff } from "./power.ts";
import { machinePid, type ProcessRecord, readProcess } from "./process.ts";
import { canSandbox, sandboxArguments } from "./sandbox.ts";
import { endShares, serveShares } from "./share-daemons.ts";
import { shareWords } from "./share-devices.ts";
import { checkQemuVersion, emulationThreads, readQemuVersion } from "./version.ts";

/** QEMU goes to the background as soon as its devices are set up. */
const launchTimeoutMs = 30_000;

/** Starts the QEMU of a stopped machine. Resolves when it runs; throws with QEMU's own reason. */
export async function launch(
  store: string,
  machine: Machine<"qemu">,
  report: Report,
): Promise<void> {
  const { config, files } = machine;
  const image = await imageOf(store, machine);
  const architecture = architectureOf(image.architecture);
  const program = programOf(machine, image);
  const version = await readQemuVersion(program);
  checkQemuVersion(program, version);
  await checkPorts(machine);
  const { accelerator, note } = await planAccelerator(store, machine, image, program);
  if (note !== undefined) {
    report.warn(note);
  }
  const emulatedWords = accelerator === "tcg" ? architecture.emulatedWords : "";
  const boot = await bootSource(store, machine, image, emulatedWords, report);
  await removeTraces(machine);
  const shares = await serveShares(machine, report);
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
    sandbox: await sandboxOf(machine, program, report),
  });
  report.line(`Starting "${machine.name}" (${describe(machine, accelerator)})...`);
  const words = [...(await ownerMapWords(machine, shares.served, report)), program, ...args];
  const logs = await keepLogs(files);
  const pid = await runQemu(machine, words, [logs.console, logs.boot])
    .catch(async (error: unknown) => {
      shares.end();
      await endShares(files);
      throw error;
    })
    .finally(() => logs.close());
  const written: ProcessRecord = {
    pid,
    startTime: (await readProcess(pid))?.startTime ?? "",
    accelerator,
    imageId: image.id,
    imageVersion: image.version,
  };
  await writeFileAtomic(files.process, `${JSON.stringify(written)}\n`, 0o600);
  await rememberImage(machine, image);
}

async function sandboxOf(
  machine: Machine<"qemu">,
  program: string,
  report: Report,
): Promise<string[]> {
  const words = sandboxArguments({
    isSupported: await canSandbox(program),
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

/** The QEMU that runs a machine. */
export function programOf(machine: Machine<"qemu">, image: BootImage): string {
  const { Program } = machine.config.Driver;
  return Program === "" ? architectureOf(image.architecture).program : Program;
}

async function bootSource(
  store: string,
  machine: Machine<"qemu">,
  image: BootImage,
  emulatedWords: string,
  report: Report,
): Promise<BootSource> {
  const { Boot, KernelArguments, Shares } = machine.config.Driver;
  if (image.id === "") {
    return { kind: "iso", iso: image.iso, cdDevice: cdDeviceOf(image.architecture) };
  }
  await mkdir(join(store, "cache"), { recursive: true, mode: 0o700 });
  const files = await kernelFiles(store, image, (text) => report.warn(text));
  if (Boot === "iso") {
    return {
      kind: "iso",
      iso: await cachedIso(store, image),
      cdDevice: cdDeviceOf(image.architecture),
    };
  }
  const words = [emulatedWords, ...shareWords(Shares), KernelArguments].join(" ");
  return {
    kind: "kernel",
    ...files,
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

/**
 * What an earlier QEMU left, as after a crash of the host. The machine is known to be stopped. What
 * it printed last stays one start longer: a failed boot is often tried again before it is read.
 */
async function removeTraces({ files }: Machine<"qemu">): Promise<void> {
  for (const path of [files.pid, files.process, files.monitor, files.consoleSocket]) {
    await rm(path, { force: true });
  }
  await rm(files.agentSocket, { force: true });
  await endShares(files);
  await rm(files.consoleLogEarlier, { force: true });
  for (const log of [files.consoleLog, files.bootLog]) {
    await keepAsPrevious(log);
  }
}

async function keepAsPrevious(path: string): Promise<void> {
  try {
    await rename(path, `${path}.1`);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") {
      throw error;
    }
  }
}

async function runQemu(
  machine: Machine<"qemu">,
  words: readonly string[],
  descriptors: readonly number[],
): Promise<number> {
  const [program = "", ...args] = words;
  const result = await runProgram(program, args, { timeoutMs: launchTimeoutMs, descriptors });
  const pid = await machinePid(machine.files);
  if (result.exitCode === 0 && pid !== undefined) {
    return pid;
  }
  await switchOff(machine);
  throw launchFailure(machine, result.timedOut, result.stderr);
}

/** QEMU's reason in words that say what to do, where one is known. */
export function launchFailure(
  machine: Machine<"qemu">,
  timedOut: boolean,
  stderr: string,
): MachineError {
  const { name } = machine;
  const { SSHPort, Memory, NetworkBridge } = machine.config.Driver;
  if (timedOut) {
    return new MachineError(`QEMU did not start "${name}" within ${launchTimeoutMs / 1000} s.`);
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
  return new MachineError(`QEMU could not start "${name}": ${reason || "it gave no reason"}`, {
    cause,
  });
}

function describe(machine: Machine<"qemu">, accelerator: string): string {
  const { CPU, Memory } = machine.config.Driver;
  const processors = CPU === 1 ? "1 CPU" : `${CPU} CPUs`;
  return `QEMU, ${accelerator.toUpperCase()}, ${processors}, ${Memory} MiB`;
}
