import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type BootImage, findImage, imageMissing } from "../../boot-image/image.ts";
import { kernelFiles } from "../../boot-image/kernel-files.ts";
import { Failure, systemErrorCode } from "../../failure.ts";
import { lastLine, runProgram } from "../../program/run.ts";
import type { Machine } from "../../store/machines.ts";
import { isPortFree, portTaken } from "../../store/port.ts";
import { writeFileAtomic } from "../../store/write-file.ts";
import type { Report } from "../driver.ts";
import { type AcceleratorPlan, chooseAccelerator } from "./accelerator.ts";
import { type Architecture, architectureOf, cdDeviceOf } from "./architecture.ts";
import { type BootSource, qemuArguments } from "./arguments.ts";
import { kernelCommandLine } from "./command-line.ts";
import { lookForKvm } from "./kvm.ts";
import { switchOff } from "./power.ts";
import { machinePid, type ProcessRecord, readProcess } from "./process.ts";
import { emulationThreads, readQemuVersion } from "./version.ts";

/** QEMU goes to the background as soon as its devices are set up. */
const LAUNCH_TIMEOUT_MS = 30_000;

/** Starts the QEMU of a stopped machine. Resolves when it runs; throws with QEMU's own reason. */
export async function launch(store: string, machine: Machine, report: Report): Promise<void> {
  const { config, files } = machine;
  const image = await imageOf(machine);
  const architecture = architectureOf(image.architecture);
  const program = programOf(machine, image);
  await checkPort(machine);
  const { accelerator, note } = await planAccelerator(store, machine, architecture, program);
  if (note !== undefined) {
    report.warn(note);
  }
  const args = qemuArguments({
    name: machine.name,
    files,
    machineType: architecture.machine,
    accelerator,
    threads: emulationThreads(await readQemuVersion(program)),
    memoryMib: config.Driver.Memory,
    cpus: config.Driver.CPU,
    sshPort: config.Driver.SSHPort,
    boot: await bootSource(store, machine, image),
  });
  await removeTraces(machine);
  report.line(`Starting "${machine.name}" (${describe(machine, accelerator)})...`);
  const pid = await runQemu(machine, program, args);
  const written: ProcessRecord = {
    pid,
    startTime: (await readProcess(pid))?.startTime ?? "",
    accelerator,
    imageId: image.id,
    imageVersion: image.version,
  };
  await writeFileAtomic(files.process, `${JSON.stringify(written)}\n`, 0o600);
}

async function planAccelerator(
  store: string,
  machine: Machine,
  architecture: Architecture,
  program: string,
): Promise<AcceleratorPlan> {
  const asked = machine.config.Driver.Accelerator;
  if (asked === "tcg") {
    return { accelerator: "tcg" };
  }
  const tryAgain = asked === "kvm";
  return chooseAccelerator(asked, await lookForKvm({ store, architecture, program, tryAgain }));
}

/** The image that a machine boots at its next start. Throws when it is missing. */
export async function imageOf(machine: Machine): Promise<BootImage> {
  const { Image, Boot } = machine.config.Driver;
  const image = await findImage(Image === "" ? machine.files.folder : Image);
  if (Boot === "iso") {
    await checkIso(image);
  }
  return image;
}

/** The QEMU that runs a machine. */
export function programOf(machine: Machine, image: BootImage): string {
  const { Program } = machine.config.Driver;
  return Program === "" ? architectureOf(image.architecture).program : Program;
}

async function checkIso(image: BootImage): Promise<void> {
  try {
    await stat(image.iso);
  } catch (error) {
    throw imageMissing(image.folder, "no boot2podman.iso", error);
  }
}

async function bootSource(store: string, machine: Machine, image: BootImage): Promise<BootSource> {
  if (machine.config.Driver.Boot === "iso") {
    return { kind: "iso", iso: image.iso, cdDevice: cdDeviceOf(image.architecture) };
  }
  const { KernelArguments } = machine.config.Driver;
  await mkdir(join(store, "cache"), { recursive: true, mode: 0o700 });
  return {
    kind: "kernel",
    ...(await kernelFiles(store, image)),
    commandLine: kernelCommandLine(image.commandLine, machine.name, KernelArguments),
  };
}

async function checkPort(machine: Machine): Promise<void> {
  const { SSHPort } = machine.config.Driver;
  if (!(await isPortFree(SSHPort))) {
    throw portTaken(machine.name, SSHPort);
  }
}

/**
 * What an earlier QEMU left, as after a crash of the host. The machine is known to be stopped. What
 * it printed last stays one start longer: a failed boot is often tried again before it is read.
 */
async function removeTraces({ files }: Machine): Promise<void> {
  for (const path of [files.pid, files.process, files.monitor, files.consoleSocket]) {
    await rm(path, { force: true });
  }
  await rm(files.agentSocket, { force: true });
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
  machine: Machine,
  program: string,
  args: readonly string[],
): Promise<number> {
  const result = await runProgram(program, args, { timeoutMs: LAUNCH_TIMEOUT_MS });
  const pid = await machinePid(machine.files);
  if (result.exitCode === 0 && pid !== undefined) {
    return pid;
  }
  await switchOff(machine);
  throw launchFailure(machine, result.timedOut, result.stderr);
}

/** QEMU's complaint in words that say what to do, where one is known. */
export function launchFailure(machine: Machine, timedOut: boolean, stderr: string): Failure {
  const { name } = machine;
  const { SSHPort, Memory } = machine.config.Driver;
  if (timedOut) {
    return new Failure(`QEMU did not start "${name}" within ${LAUNCH_TIMEOUT_MS / 1000} s.`);
  }
  const complaint = lastLine(stderr).replace(/^[\w./-]+: (-\w+ [^:]*: )?/, "");
  const cause = new Error(stderr.trim());
  if (/host forwarding rule/.test(stderr)) {
    return portTaken(name, SSHPort, cause);
  }
  if (/Failed to get .*lock/.test(stderr)) {
    return new Failure(
      `Another program uses the disk of "${name}", ${machine.files.disk}: end that program.`,
      { cause },
    );
  }
  if (/[Cc]annot (set up guest memory|allocate memory)/.test(stderr)) {
    return new Failure(
      `The host has no ${Memory} MiB of memory for "${name}": end something, or give it less.`,
      { cause },
    );
  }
  return new Failure(`QEMU could not start "${name}": ${complaint || "it gave no reason"}`, {
    cause,
  });
}

function describe(machine: Machine, accelerator: string): string {
  const { CPU, Memory } = machine.config.Driver;
  const processors = CPU === 1 ? "1 CPU" : `${CPU} CPUs`;
  return `QEMU, ${accelerator.toUpperCase()}, ${processors}, ${Memory} MiB`;
}
