import { resolve } from "node:path";
import type { Command } from "commander";
import type { NewMachine } from "../driver/contract/new-machine.ts";
import { UsageError } from "../error/machine-error.ts";

import { mebibytes, wholeNumber } from "./arguments.ts";
import type { CommonFlags } from "./create-common.ts";
import { builtImage, type QemuFlags } from "./create-qemu.ts";
import { parsePublish } from "./volumes.ts";

/** The flags of machines that QEMU doesn't run. */
export interface OtherFlags {
  genericIpAddress: string;
  genericSshUser: string;
  genericSshKey: string;
  genericSshPort: number;
  url: string;
  virtualboxMemory?: number;
  virtualboxCpuCount?: number;
  virtualboxDiskSize?: number;
  virtualboxBoot2podmanUrl: string;
  virtualboxHostonlyCidr?: string;
  virtualboxShareFolder: string;
  virtualboxNoShare: boolean;
}

/** Declares them. */
export function addOtherFlags(command: Command): void {
  command
    .option("--generic-ip-address <address>", "driver generic: address of the machine", "")
    .option("--generic-ssh-user <user>", "driver generic: user to log in as", "root")
    .option("--generic-ssh-key <path>", "driver generic: the private key, which is copied", "")
    .option(
      "--generic-ssh-port <port>",
      "driver generic: port of its sshd",
      wholeNumber(1, 65_535),
      22,
    )
    .option("--url <url>", "driver none: the URL of the machine", "")
    .option("--virtualbox-memory <MiB>", "driver virtualbox: memory", mebibytes(256))
    .option("--virtualbox-cpu-count <count>", "driver virtualbox: processors", wholeNumber(1, 255))
    .option("--virtualbox-disk-size <MiB>", "driver virtualbox: size of the disk", mebibytes(256))
    .option("--virtualbox-boot2podman-url <folder>", "driver virtualbox: folder of the image", "")
    .option(
      "--virtualbox-hostonly-cidr <cidr>",
      "driver virtualbox: without effect, SSH is forwarded",
    )
    .option("--virtualbox-share-folder <dir:name>", "driver virtualbox: a folder to share", "")
    .option(
      "--virtualbox-no-share",
      "driver virtualbox: share no folder, which is the default",
      false,
    );
}

type Flags = OtherFlags & QemuFlags & CommonFlags;

/** A machine that exists. */
export function genericMachineOf(flags: Flags): NewMachine<"generic"> {
  if (flags.genericIpAddress === "") {
    throw new UsageError(
      "The driver generic needs --generic-ip-address: the address of the machine.",
    );
  }
  const source = flags.genericSshKey === "" ? "" : resolve(flags.genericSshKey);
  return {
    driver: "generic",
    ...common(flags),
    settings: {
      IPAddress: flags.genericIpAddress,
      SSHUser: flags.genericSshUser,
      SSHPort: flags.genericSshPort,
      SSHKeySource: source,
      SSHKeyPath: source === "" ? "" : "id_imported",
    },
  };
}

/** A machine that is a URL. */
export function noneMachineOf(flags: Flags): NewMachine<"none"> {
  if (!URL.canParse(flags.url)) {
    throw new UsageError("The driver none needs --url, such as tcp://192.168.1.5:2376.");
  }
  return {
    driver: "none",
    ...common(flags),
    connection: false,
    settings: { URL: flags.url, IPAddress: new URL(flags.url).hostname, SSHKeyPath: "" },
  };
}

/** A machine of VirtualBox. */
export function virtualboxMachineOf(flags: Flags): NewMachine<"virtualbox"> {
  const image = flags.virtualboxBoot2podmanUrl || flags.image || builtImage;
  return {
    driver: "virtualbox",
    ...common(flags),
    settings: {
      SSHPort: flags.sshPort,
      LocalPorts: flags.localports,
      SSHUser: flags.sshUser,
      Memory: flags.virtualboxMemory ?? flags.memory,
      CPU: flags.virtualboxCpuCount ?? flags.cpus,
      DiskSize: flags.virtualboxDiskSize ?? flags.diskSize,
      Image: resolve(image),
      ShareFolder: flags.virtualboxNoShare ? "" : shareFolder(flags.virtualboxShareFolder),
      Publish: flags.publish.map(parsePublish),
    },
  };
}

function shareFolder(text: string): string {
  if (text === "") {
    return "";
  }
  const separator = text.lastIndexOf(":");
  if (separator < 1 || separator === text.length - 1) {
    throw new UsageError(`"${text}" is not a folder to share: expected DIR:NAME.`);
  }
  return `${resolve(text.slice(0, separator))}${text.slice(separator)}`;
}

function common({ label: labels, rootful, connection }: CommonFlags) {
  return { labels, rootful, connection };
}
