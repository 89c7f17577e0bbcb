import { readFile, rm } from "node:fs/promises";
import { type Accelerator, chooseAccelerator } from "../driver/qemu/accelerator.ts";
import { architectureOf } from "../driver/qemu/architecture.ts";
import { runInBackground } from "../driver/qemu/background.ts";
import { lookForKvm } from "../driver/qemu/kvm.ts";
import { keepLogs } from "../driver/qemu/log-keeper.ts";
import { switchOff } from "../driver/qemu/power.ts";
import { machinePid, type ProcessRecord, readProcess } from "../driver/qemu/process.ts";
import { canSandbox, sandboxArguments } from "../driver/qemu/sandbox.ts";
import { endShares, serveShares } from "../driver/qemu/share-daemons.ts";
import { removeTraces } from "../driver/qemu/traces.ts";
import { checkQemuVersion, emulationThreads, readQemuVersion } from "../driver/qemu/version.ts";
import { MachineError } from "../error/machine-error.ts";
import type { Host } from "../life/host.ts";
import { portLock } from "../life/host.ts";
import { findProgram } from "../program/find.ts";
import { lastLine } from "../program/run.ts";
import { makeKey } from "../ssh/key.ts";
import { withLock } from "../store/lock.ts";
import { chooseFreePort } from "../store/port.ts";
import { writeFileAtomic } from "../store/write-file.ts";
import type { StartPlan } from "./config-file.ts";
import { keyLines, shareLines } from "./credential.ts";
import { findFirmware, giveVariables } from "./firmware.ts";
import { ownArchitecture } from "./own-architecture.ts";
import type { BootcPlace } from "./place.ts";
import { type BootcBoot, bootcArguments } from "./qemu-arguments.ts";

const launchTimeoutMs = 30_000;

/** A kernel that QEMU loads itself. */
export interface DirectKernel {
  readonly kernel: string;
  readonly initrd: string;
  readonly commandLine: string;
}

/** What a machine is started with. */
export interface BootcLaunch {
  readonly place: BootcPlace;
  readonly start: StartPlan;
  readonly disk: string;
  /** Undefined: the disk's own boot loader starts one, by UEFI. */
  readonly kernel: DirectKernel | undefined;
  readonly accelerator: "auto" | "kvm" | "tcg";
  /** Writes down where its SSH will be, before QEMU starts: nothing that runs is unknown, whenever this is killed. */
  note(sshPort: number): Promise<void>;
}

/** A machine that was started. */
export interface Launched {
  readonly sshPort: number;
  readonly accelerator: Accelerator;
}

/** Whether its QEMU runs. */
export async function isRunning(place: BootcPlace): Promise<boolean> {
  return (await machinePid(place.files)) !== undefined;
}

/** Starts a machine that is stopped; resolves when QEMU runs, which is before its system is up. */
export async function launchBootc(host: Host, launch: BootcLaunch): Promise<Launched> {
  const { place, start } = launch;
  const { files } = place;
  const architecture = architectureOf(ownArchitecture());
  const program = await findProgram(architecture.program);
  const version = await readQemuVersion(program);
  checkQemuVersion(program, version);
  const boot = await bootOf(launch);
  const accelerator = await acceleratorFor(host, launch, program);
  await removeTraces(place.files);
  // Each start makes new host keys where nothing is kept.
  await rm(place.files.knownHosts, { force: true });
  const publicKey = await newKey(place);
  const machine = {
    ...place,
    name: `bootc ${place.name}`,
    config: { Driver: { Shares: start.volumes } },
  };
  const shares = await serveShares(machine, host.report);
  try {
    // Held until QEMU listens there, so that no other command takes the same.
    return await withLock(portLock(host, "bootc run"), async () => {
      const sshPort = await chooseFreePort(host.store, undefined);
      const args = bootcArguments({
        place,
        machineType: architecture.machine,
        accelerator,
        emulatedCpu: architecture.emulatedCpu(version),
        threads: emulationThreads(version),
        cpus: start.cpus,
        memoryMib: start.memoryMib,
        disk: launch.disk,
        isTransient: start.isTransient,
        boot,
        cloudInit: start.hasCloudInit ? place.cloudInit : undefined,
        sshPort,
        publish: start.publish,
        shares: shares.served,
        credentials: {
          "tmpfiles.extra": keyLines(start.user, publicKey),
          "fstab.extra": shareLines(shares.served),
        },
        sandbox: await sandboxFor(program),
      });
      await launch.note(sshPort);
      const pid = await runQemu(place, [program, ...args]);
      await writeRecord(place, pid, accelerator);
      return { sshPort, accelerator };
    });
  } catch (error) {
    shares.end();
    await switchOff(place);
    await endShares(files);
    throw error;
  }
}

async function bootOf({ start, kernel, place }: BootcLaunch): Promise<BootcBoot> {
  if (kernel !== undefined) {
    const words = accelerationWords(kernel.commandLine);
    return { kind: "kernel", ...kernel, commandLine: words };
  }
  if (start.firmware === "direct") {
    throw new MachineError(`"${place.name}" has no kernel to boot directly: use --firmware efi.`);
  }
  const firmware = findFirmware(ownArchitecture());
  await giveVariables(firmware, place.variables);
  return { kind: "efi", firmware };
}

/** What an emulation needs does no harm with KVM. */
function accelerationWords(commandLine: string): string {
  return [commandLine, architectureOf(ownArchitecture()).emulatedWords].filter(Boolean).join(" ");
}

async function acceleratorFor(
  host: Host,
  { accelerator: asked, kernel }: BootcLaunch,
  program: string,
): Promise<Accelerator> {
  if (asked === "tcg") {
    return "tcg";
  }
  const facts = await lookForKvm({
    store: host.store,
    architecture: architectureOf(ownArchitecture()),
    program,
    kernel: kernel?.kernel,
    tryAgain: asked === "kvm",
  });
  const { accelerator, note } = chooseAccelerator(asked, facts);
  if (note !== undefined) {
    host.report.warn(note);
  }
  return accelerator;
}

async function sandboxFor(program: string): Promise<string[]> {
  return sandboxArguments({
    isSupported: await canSandbox(program),
    network: "user",
    isRoot: process.getuid?.() === 0,
    hasDisplay: false,
  });
}

/** A new key for each start: nobody who had an earlier one logs in. */
async function newKey({ files }: BootcPlace): Promise<string> {
  await rm(files.key, { force: true });
  await rm(files.publicKey, { force: true });
  return makeKey(files.key);
}

async function runQemu(place: BootcPlace, words: readonly string[]): Promise<number> {
  const { files } = place;
  const outcome = await runInBackground(files, words, await keepLogs(files), launchTimeoutMs);
  if (outcome.kind === "up") {
    return outcome.pid;
  }
  if (outcome.kind === "late") {
    throw new MachineError(
      `QEMU did not start "${place.name}" within ${launchTimeoutMs / 1000} s.`,
    );
  }
  const said = lastLine(await readFile(files.messagesLog, "utf8"));
  const signal = outcome.signal === undefined ? "" : ` (${outcome.signal})`;
  throw new MachineError(
    `QEMU could not start "${place.name}"${signal}: ${said || "it gave no reason"}`,
  );
}

async function writeRecord(
  place: BootcPlace,
  pid: number,
  accelerator: Accelerator,
): Promise<void> {
  const written: ProcessRecord = {
    pid,
    startTime: (await readProcess(pid))?.startTime ?? "",
    accelerator,
    imageId: place.id,
    imageVersion: "",
  };
  await writeFileAtomic(place.files.process, `${JSON.stringify(written)}\n`, 0o600);
}
