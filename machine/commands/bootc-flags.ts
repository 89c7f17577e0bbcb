import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { InstallOptions } from "../bootc/install.ts";
import type { RunWish } from "../bootc/run.ts";
import { parseSize } from "../bootc/size.ts";
import { UsageError } from "../error/machine-error.ts";
import { memoryMinMib } from "../store/driver-config.ts";
import { collect, wholeNumber } from "./arguments.ts";
import { parsePublish, parseVolume } from "./volumes.ts";

/** Flags of whatever may install an image to a disk. */
export interface InstallFlags {
  filesystem?: string;
  rootSizeMax?: string;
  diskSize?: number;
  quiet: boolean;
}

/** Declares them. */
export function addInstallFlags(command: Command): Command {
  return command
    .option("--filesystem <type>", "filesystem of the root, for bootc install: ext4, xfs or btrfs")
    .option("--root-size-max <size>", "size of the root at most, for bootc install, such as 8G")
    .option("--disk-size <size>", "size of the disk at least, such as 20G", parseSize)
    .option("--quiet", "don't show what bootc install prints", false);
}

/** What they ask of bootc install. */
export function installOptionsOf(
  { filesystem, rootSizeMax, quiet }: InstallFlags,
  environment: Readonly<Record<string, string | undefined>>,
): InstallOptions {
  if (rootSizeMax !== undefined) {
    parseSize(rootSizeMax);
  }
  return {
    filesystem,
    rootSize: rootSizeMax,
    log: environment.BOOTC_INSTALL_LOG || undefined,
    isQuiet: quiet,
  };
}

/** Flags of whatever starts a machine. */
export interface MachineFlags extends InstallFlags {
  user: string;
  cloudinit?: string;
  ephemeral: boolean;
  firmware: "efi" | "direct";
  cpus: number;
  memory: number;
  publish: string[];
  volume: string[];
  rm: boolean;
  accelerator: "auto" | "kvm" | "tcg";
}

const usual = { cpus: 2, memoryMib: 2048 };

/** Declares those of a new machine. */
export function addMachineFlags(command: Command): Command {
  return addInstallFlags(command)
    .option("-u, --user <name>", "user of the image whose key is set up and who logs in", "root")
    .option(
      "--cloudinit <folder>",
      "folder with user-data and meta-data for the image's cloud-init",
    )
    .option(
      "--ephemeral",
      "don't install: boot the image's own kernel and files, keep nothing",
      false,
    )
    .addOption(
      new Option(
        "--firmware <how>",
        "efi: the disk's boot loader; direct: the disk's kernel without it, which is faster",
      )
        .choices(["efi", "direct"])
        .default("efi"),
    )
    .option("--cpus <count>", "processors", wholeNumber(1, 255), usual.cpus)
    .option("--memory <size>", "memory, in MiB or such as 4G", parseMemory, usual.memoryMib)
    .option("-p, --publish <port:port>", "forward a port of this host; repeatable", collect, [])
    .option(
      "-v, --volume <host:guest[:ro]>",
      "share a folder of this host; repeatable",
      collect,
      [],
    )
    .option("--rm", "switch the machine off when the session ends, and keep nothing of it", false)
    .addOption(
      new Option("--accelerator <how>", "the accelerator; auto: KVM if it works")
        .choices(["auto", "kvm", "tcg"])
        .default("auto"),
    );
}

/** A number alone is MiB. */
function parseMemory(text: string): number {
  const mib = /^\d+$/.test(text) ? Number(text) : Math.floor(parseSize(text) / 2 ** 20);
  if (mib < memoryMinMib) {
    throw new UsageError(`"${text}" is too little memory: a machine needs ${memoryMinMib} MiB.`);
  }
  return mib;
}

/** What they ask for. */
export function wishOf(
  image: string,
  flags: MachineFlags,
  environment: Readonly<Record<string, string | undefined>>,
): RunWish {
  if (flags.ephemeral && (flags.filesystem !== undefined || flags.rootSizeMax !== undefined)) {
    throw new UsageError(
      "--filesystem and --root-size-max are for an installation, which --ephemeral leaves out.",
    );
  }
  if (!/^[a-z_][a-z0-9_.-]*$/i.test(flags.user)) {
    throw new UsageError(`"${flags.user}" is not the name of a user.`);
  }
  return {
    image,
    mode: flags.ephemeral ? "ephemeral" : "disk",
    firmware: flags.firmware,
    user: flags.user,
    cpus: flags.cpus,
    memoryMib: flags.memory,
    publish: flags.publish.map(parsePublish),
    volumes: flags.volume.map(parseVolume),
    cloudInit: flags.cloudinit === undefined ? undefined : resolve(flags.cloudinit),
    isTransient: flags.rm,
    diskSize: flags.diskSize,
    install: installOptionsOf(flags, environment),
    accelerator: flags.accelerator,
  };
}
