import { rm } from "node:fs/promises";
import type { Accelerator } from "../driver/qemu/accelerator.ts";
import { readRecord } from "../driver/qemu/process.ts";
import { MachineError } from "../error/machine-error.ts";
import type { Host } from "../life/host.ts";
import type { SshTarget } from "../ssh/client.ts";
import type { PublishedPort } from "../store/driver-config.ts";
import type { FolderShare } from "../store/share.ts";
import { type BootcLaunch, type DirectKernel, isRunning, launchBootc } from "./boot.ts";
import type { LazyBuilder } from "./builder.ts";
import { makeCloudInitDisk } from "./cloud-init.ts";
import {
  configGone,
  readConfigFile,
  readStart,
  type StartPlan,
  writeConfigFile,
  writeStart,
} from "./config-file.ts";
import { directKernel } from "./direct-kernel.ts";
import {
  type EphemeralBoot,
  ephemeralCommandLine,
  knownEphemeral,
  makeEphemeral,
} from "./ephemeral.ts";
import { growDisk } from "./grow.ts";
import { type GuestImage, imageInGuest } from "./guest-image.ts";
import { type InstallOptions, knownDisk, makeDisk } from "./install.ts";
import { type BootcPlace, findPlace, makePlace, placeOf, withPlace } from "./place.ts";
import { bootcTarget } from "./reach.ts";
import { diskBytes } from "./size.ts";

/** What all bootc commands work with. */
export interface BootcHost {
  readonly host: Host;
  /** Where disks are kept. */
  readonly cache: string;
  readonly builder: LazyBuilder;
}

/** What a person wants to run. */
export interface RunWish {
  /** Name or ID of an image. */
  readonly image: string;
  readonly mode: StartPlan["mode"];
  readonly firmware: StartPlan["firmware"];
  readonly user: string;
  readonly cpus: number;
  readonly memoryMib: number;
  readonly publish: readonly PublishedPort[];
  readonly volumes: readonly FolderShare[];
  /** A folder for cloud-init; undefined: none. */
  readonly cloudInit: string | undefined;
  readonly isTransient: boolean;
  /** Bytes. */
  readonly diskSize: number | undefined;
  readonly install: InstallOptions;
  readonly accelerator: "auto" | "kvm" | "tcg";
}

/** A machine that runs. */
export interface RunningBootc {
  readonly place: BootcPlace;
  readonly target: SshTarget;
  readonly accelerator: Accelerator;
  /** False when it ran already. */
  readonly isLaunched: boolean;
}

/** What a machine boots. */
interface MadeDisk {
  readonly disk: string;
  readonly sizeBytes: number;
  readonly kernel: DirectKernel | undefined;
}

/** Makes what an image boots from, unless it is there, and starts its machine, unless it runs. */
export async function runBootc(bootc: BootcHost, wish: RunWish): Promise<RunningBootc> {
  const { cache, host } = bootc;
  const { place, image } = await find(bootc, wish.image);
  await makePlace(place);
  return withPlace(cache, place, { command: "run", report: host.report }, async () => {
    if (await isRunning(place)) {
      return alreadyRunning(place, wish);
    }
    const made = await makeWhatIsBooted(bootc, place, image, wish);
    // Its processors and memory are free for the machine that is started now.
    await bootc.builder.release();
    const start: StartPlan = {
      mode: wish.mode,
      firmware: wish.firmware,
      user: wish.user,
      cpus: wish.cpus,
      memoryMib: wish.memoryMib,
      publish: [...wish.publish],
      volumes: [...wish.volumes],
      hasCloudInit: wish.cloudInit !== undefined,
      isTransient: wish.mode === "ephemeral" || wish.isTransient,
    };
    if (wish.cloudInit !== undefined) {
      await makeCloudInitDisk(wish.cloudInit, place.cloudInit);
    }
    const before = await readConfigFile(place);
    const isFirst = before === undefined && (await readStart(place)) === undefined;
    await writeStart(place, start);
    const repoTag = image?.repoTag ?? before?.Repository ?? place.id;
    const plan = { place, start, ...made, accelerator: wish.accelerator };
    try {
      return await launch(bootc.host, plan, repoTag, made);
    } catch (error) {
      if (isFirst) {
        // One that never ran isn't listed.
        await rm(place.config, { force: true });
        await rm(place.start, { force: true });
      }
      throw error;
    }
  });
}

/** Starts a machine as it was started before. */
export async function startBootc(
  bootc: BootcHost,
  place: BootcPlace,
  accelerator: "auto" | "kvm" | "tcg",
): Promise<RunningBootc> {
  const { cache, host } = bootc;
  return withPlace(cache, place, { command: "start", report: host.report }, async () => {
    const start = await readStart(place);
    const config = await readConfigFile(place);
    if (start === undefined) {
      throw new MachineError(
        `The machine ${place.name} was never started: use "podman-bootc run ${place.name}".`,
      );
    }
    if (await isRunning(place)) {
      if (config === undefined) {
        throw configGone(place);
      }
      return running(place, start.user, config.SshPort, false);
    }
    const made = await knownBoot(bootc, place, start);
    if (made === undefined) {
      throw new MachineError(
        `The disk of the machine ${place.name} is gone: "podman-bootc run ${config?.Repository ?? place.name}" makes it again.`,
      );
    }
    return launch(
      host,
      { place, start, ...made, accelerator },
      config?.Repository ?? place.id,
      made,
    );
  });
}

/** By the start of the ID of a machine that there is, which needs no podman; else by what podman says of the image. */
async function find(
  { cache, builder }: BootcHost,
  name: string,
): Promise<{ place: BootcPlace; image?: GuestImage }> {
  const known = await findPlace(cache, name);
  if (known !== undefined) {
    return { place: known };
  }
  const { target } = await builder.get();
  const image = await imageInGuest(target, name);
  return { place: placeOf(cache, image.id), image };
}

async function alreadyRunning(place: BootcPlace, wish: RunWish): Promise<RunningBootc> {
  const start = await readStart(place);
  const config = await readConfigFile(place);
  if (start === undefined || config === undefined) {
    throw configGone(place);
  }
  if (start.mode !== wish.mode || start.user !== wish.user) {
    throw new MachineError(
      `A machine of ${wish.image} runs already, ${start.mode === "disk" ? "from its disk" : "ephemerally"} and with the key of ${start.user}: stop it first with "podman-bootc stop ${place.name}".`,
    );
  }
  return running(place, start.user, config.SshPort, false);
}

async function running(
  place: BootcPlace,
  user: string,
  sshPort: number,
  isLaunched: boolean,
): Promise<RunningBootc> {
  const accelerator = (await readRecord(place.files))?.accelerator ?? "tcg";
  return { place, target: bootcTarget(place, sshPort, user), accelerator, isLaunched };
}

async function launch(
  host: Host,
  plan: Omit<BootcLaunch, "note">,
  repoTag: string,
  { sizeBytes }: MadeDisk,
): Promise<RunningBootc> {
  const { place, start } = plan;
  const note = (sshPort: number) =>
    writeConfigFile(place, {
      Id: place.name,
      SshPort: sshPort,
      SshPriKey: place.files.key,
      Repository: repoTag,
      Created: new Date().toISOString(),
      DiskSize: String(sizeBytes),
      Running: true,
    });
  const { sshPort } = await launchBootc(host, { ...plan, note });
  return running(place, start.user, sshPort, true);
}

/** What is there already, for a start like the one before. */
async function knownBoot(
  bootc: BootcHost,
  place: BootcPlace,
  start: Pick<StartPlan, "mode" | "firmware">,
): Promise<MadeDisk | undefined> {
  if (start.mode === "ephemeral") {
    const known = await knownEphemeral(place);
    return known && fromEphemeral(known);
  }
  const sizeBytes = await knownDisk(place);
  return sizeBytes === undefined ? undefined : fromDisk(bootc, place, start.firmware, sizeBytes);
}

function fromEphemeral(boot: EphemeralBoot): MadeDisk {
  const { disk, kernel, initrd, kernelArguments, sizeBytes } = boot;
  const commandLine = ephemeralCommandLine(kernelArguments);
  return { disk, sizeBytes, kernel: { kernel, initrd, commandLine } };
}

async function fromDisk(
  bootc: BootcHost,
  place: BootcPlace,
  firmware: StartPlan["firmware"],
  sizeBytes: number,
): Promise<MadeDisk> {
  const kernel = firmware === "direct" ? await directKernel(bootc.builder, place) : undefined;
  return { disk: place.disk, sizeBytes, kernel };
}

async function makeWhatIsBooted(
  bootc: BootcHost,
  place: BootcPlace,
  found: GuestImage | undefined,
  wish: RunWish,
): Promise<MadeDisk> {
  const { builder, host } = bootc;
  const image = async () => found ?? (await imageInGuest((await builder.get()).target, place.id));
  if (wish.mode === "ephemeral") {
    const known = await knownEphemeral(place);
    if (known !== undefined && known.sizeBytes >= (wish.diskSize ?? 0)) {
      return fromEphemeral(known);
    }
    const made = await image();
    host.report.line(`Making a disk of the files of ${made.repoTag}...`);
    const sizeBytes = diskBytes(made.sizeBytes, wish.diskSize);
    return fromEphemeral(await makeEphemeral(await builder.get(), made, place, sizeBytes));
  }
  let sizeBytes = await knownDisk(place);
  if (sizeBytes === undefined) {
    const made = await image();
    host.report.line("Creating bootc disk image...");
    sizeBytes = diskBytes(made.sizeBytes, wish.diskSize);
    await makeDisk(await builder.get(), made, place, sizeBytes, wish.install);
  } else if (sizeBytes < (wish.diskSize ?? 0)) {
    sizeBytes = diskBytes(0, wish.diskSize);
    host.report.line(`Growing the disk of ${place.name}...`);
    await growDisk(await builder.get(), await image(), place, sizeBytes);
  }
  return fromDisk(bootc, place, wish.firmware, sizeBytes);
}
